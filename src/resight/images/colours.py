"""Any 8-bit colours become sRGB: by their profile, and on a plain ground where they are transparent."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from resight.images.photo import Pixels
from resight.images.strips import strips

if TYPE_CHECKING:
    from PIL import Image

GREY = {"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
WHITE, MIDDLE = 255, 128
SEEN = 32  # levels by which a pixel must differ from the ground to be seen
FEW = 0.01  # of what is visible


class Transform(Protocol):
    """Takes an image to sRGB."""

    def apply(self, im: Image.Image) -> Image.Image:
        """The same image in sRGB, mode RGB."""
        ...


class Conversion(NamedTuple):
    """The mode to hand to a transform, and the transform."""

    mode: str
    transform: Transform


def srgb(strip: Image.Image, convert: Conversion | None) -> Pixels:
    """Bring 8 bits of any mode to sRGB by the profile, then onto white where it is transparent."""
    colours, alpha = without_alpha(strip, convert)
    if alpha is not None:
        colours = colours.copy()
        _lay(colours, alpha, WHITE)
    return colours


def without_alpha(strip: Image.Image, convert: Conversion | None) -> tuple[Pixels, Pixels | None]:
    """8 bits of any mode -> sRGB (H, W, 3), and how opaque each pixel is (H, W); None where all are."""
    alpha = None
    if strip.has_transparency_data:
        strip = (strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA")
        alpha = np.asarray(strip.getchannel("A"))
    strip = convert.transform.apply(strip.convert(convert.mode)) if convert else strip.convert("RGB")
    return np.asarray(strip), alpha


def lay_on_ground(pixels: Pixels, alpha: Pixels) -> None:
    """Lay pixels (H, W, 3) with alpha (H, W) on white, in place; on mid-grey where white would hide them.

    White hides a drawing of which less than a hundredth, weighed by alpha, differs from it by 32 levels;
    mid-grey is taken if more differs from that.
    """
    height, width = alpha.shape
    visible, on_white, on_grey = 0, 0, 0
    for rows in strips(width, height):
        visible += int(alpha[rows].sum(dtype=np.int64))
        on_white += _seen(pixels[rows], alpha[rows], WHITE)
        on_grey += _seen(pixels[rows], alpha[rows], MIDDLE)
    ground = MIDDLE if on_white < FEW * visible and on_grey > on_white else WHITE
    for rows in strips(width, height):
        _lay(pixels[rows], alpha[rows], ground)


def _seen(pixels: Pixels, alpha: Pixels, ground: int) -> int:
    """The sum of alpha over the pixels that can be told from the ground when they lie on it."""
    contrast = np.abs(pixels.astype(np.int16) - ground).max(-1).astype(np.int32) * alpha
    return int(alpha[contrast >= SEEN * 255].sum(dtype=np.int64))


def _lay(pixels: Pixels, alpha: Pixels, ground: int) -> None:
    from PIL import Image

    below = Image.new("RGB", (pixels.shape[1], pixels.shape[0]), (ground,) * 3)
    below.paste(Image.fromarray(pixels), mask=Image.fromarray(alpha))
    pixels[:] = np.asarray(below)


def conversion(image: Image.Image) -> Conversion | None:
    """Look up the mode to hand to the image's profile and the transform to sRGB; None if there is none."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or image.mode == "LAB":
        return None
    return by_profile(profile, "CMYK" if image.mode == "CMYK" else "L" if image.mode in GREY else "RGB")


def by_profile(profile: bytes | None, kind: str) -> Conversion | None:
    """The conversion of an ICC profile for pixels that are CMYK, L or RGB; None where nothing moves."""
    return _transform(profile, kind) if profile else None


@functools.lru_cache(maxsize=16)
def _transform(profile: bytes, kind: str) -> Conversion | None:
    """Build a transform; a broken profile, or one of other colours than the pixels have, is ignored."""
    from PIL import ImageCms

    try:
        fine = ImageCms.Flags.HIGHRESPRECALC
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}[source.profile.xcolor_space.strip()]
        if mode != kind and (kind, mode) != ("L", "RGB"):
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", flags=fine)
        # Tried and not believed by its name: a profile that moves no colour by more than a level is sRGB.
        moved = farthest_moved(transform, mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError):
        return None
    return None if mode != "CMYK" and moved <= 1 else Conversion(mode, transform)


def farthest_moved(transform: Transform, mode: str) -> int:
    """By how many levels a transform moves any colour at most, tried on a lattice of them."""
    from PIL import Image

    steps = np.arange(0, 256, 15, dtype=np.uint8)
    cube: NDArray[np.uint8] = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    probe = Image.fromarray(cube).convert(mode)
    return int(
        np.abs(np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe.convert("RGB"))).max()
    )
