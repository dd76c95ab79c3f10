"""Any 8-bit colours become sRGB: by their ICC profile, and on white where they are transparent."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING

import numpy as np

from resight.images.photo import Pixels

if TYPE_CHECKING:
    from PIL import Image, ImageCms

    Conversion = tuple[str, ImageCms.ImageCmsTransform]

GREY = {"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}


def srgb(strip: Image.Image, convert: Conversion | None) -> Pixels:
    """Bring 8 bits of any mode to sRGB by the profile, then onto white where it is transparent."""
    from PIL import Image

    alpha = None
    if strip.has_transparency_data:
        strip = (strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA")
        alpha = strip.getchannel("A")
    strip = convert[1].apply(strip.convert(convert[0])) if convert else strip.convert("RGB")
    if alpha is not None:
        white = Image.new("RGB", strip.size, "white")
        white.paste(strip, mask=alpha)
        strip = white
    return np.asarray(strip)


def conversion(image: Image.Image) -> Conversion | None:
    """Look up the mode to hand to the image's profile and the transform to sRGB; None if there is none."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile or image.mode == "LAB":
        return None
    return _transform(profile, "CMYK" if image.mode == "CMYK" else "L" if image.mode in GREY else "RGB")


@functools.lru_cache(maxsize=16)
def _transform(profile: bytes, kind: str) -> Conversion | None:
    """Build a transform; a broken profile, or one of other colours than the pixels have, is ignored."""
    from PIL import Image, ImageCms

    try:
        fine = ImageCms.Flags.HIGHRESPRECALC
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}[source.profile.xcolor_space.strip()]
        if mode != kind and (kind, mode) != ("L", "RGB"):
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", flags=fine)
        # Tried and not believed by its name: a profile that moves no colour by more than a level is sRGB.
        steps = np.arange(0, 256, 15, dtype=np.uint8)
        cube = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
        probe = Image.fromarray(cube).convert(mode)
        moved = np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe.convert("RGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError):
        return None
    return None if mode != "CMYK" and np.abs(moved).max() <= 1 else (mode, transform)
