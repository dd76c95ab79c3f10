"""The kinds of files that a decoder was checked on; a file of any other kind is refused by its name.

A decoder may take a file and give wrong pixels without a word. So each row of `KINDS` names a decoder for
files that `tests/test_kinds.py` makes and reads: every trait that a row allows is in one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

ANY = ("no", "straight", "ignored", "premultiplied")
EXTRA = "pip install 'resight[odd]'"


@dataclass(frozen=True)
class Traits:
    """What decides whether a decoder gets the pixels right, as the header says it.

    `numbers`: unsigned, signed or floats. `alpha`: one of `ANY`. `planes`: each channel is stored alone.
    `packing`: how the pixels are compressed. `inverted`: 0 is white. `spare`: the bits that hold no value,
    as in 12 bits stored in 16.
    """

    format: str
    colours: str = "RGB"
    bits: int = 8
    numbers: str = "unsigned"
    alpha: str = "no"
    planes: bool = False
    packing: str = "none"
    inverted: bool = False
    spare: bool = False

    def __str__(self) -> str:
        told = [f"{self.colours} of {self.bits} bits" if self.bits != 1 else f"{self.colours} of 1 bit"]
        told += [self.numbers] if self.numbers != "unsigned" else []
        told += [f"with {self.alpha} alpha"] if self.alpha not in ("no", "ignored") else []
        told += ["in planes"] if self.planes else []
        told += ["WhiteIsZero"] if self.inverted else []
        told += [f"packed as {self.packing}"] if self.packing != "none" else []
        return f"{self.format}, {', '.join(told)}"


@dataclass(frozen=True)
class Kind:
    """Files of one format that one decoder reads: those whose traits are all among the row's."""

    format: str
    decoder: str
    colours: tuple[str, ...] = ("RGB",)
    bits: tuple[int, ...] = (8,)
    numbers: tuple[str, ...] = ("unsigned",)
    alpha: tuple[str, ...] = ("no",)
    planes: tuple[bool, ...] = (False,)
    packing: tuple[str, ...] = ("none",)
    inverted: tuple[bool, ...] = (False,)
    spare: tuple[bool, ...] = (False,)

    def holds(self, traits: Traits) -> bool:
        """Whether a file with these traits is of this kind."""
        wanted = (field.name for field in fields(Traits) if field.name != "format")
        return self.format == traits.format and all(
            getattr(traits, name) in getattr(self, name) for name in wanted
        )


PLAIN = ("none", "LZW", "deflate", "PackBits", "LZMA", "Zstandard")
BOTH = (False, True)
WHOLE = (8, 16, 32)

# The first row that holds a file is its kind: first what Pillow was seen to read right.
KINDS = (
    Kind("TIFF", "pillow", ("grey",), (1,), packing=(*PLAIN, "CCITT"), inverted=BOTH),
    Kind("TIFF", "pillow", ("grey",), (2, 4, 8), packing=PLAIN, inverted=BOTH),
    Kind("TIFF", "pillow", ("grey",), (8,), alpha=ANY, packing=PLAIN),
    Kind("TIFF", "pillow", ("grey",), (16,), packing=PLAIN),
    Kind("TIFF", "pillow", ("palette",), (1, 2, 4, 8), packing=PLAIN),
    Kind("TIFF", "pillow", ("RGB",), (8, 16), alpha=ANY, packing=PLAIN),
    Kind("TIFF", "pillow", ("RGB",), planes=(True,), packing=PLAIN),
    Kind("TIFF", "pillow", ("CMYK",), packing=PLAIN),
    Kind("TIFF", "pillow", ("grey", "RGB", "YCbCr"), packing=("JPEG",)),
    Kind("TIFF", "tifffile", ("grey",), WHOLE, alpha=ANY, planes=BOTH, packing=PLAIN, spare=BOTH),
    Kind("TIFF", "tifffile", ("grey",), WHOLE, alpha=ANY[:3], packing=PLAIN, inverted=(True,), spare=BOTH),
    Kind("TIFF", "tifffile", ("grey",), (12,), inverted=BOTH),
    Kind("TIFF", "tifffile", ("RGB",), WHOLE, alpha=ANY, planes=BOTH, packing=PLAIN, spare=BOTH),
    Kind("TIFF", "tifffile", ("CMYK",), WHOLE, alpha=("no", "ignored"), planes=BOTH, packing=PLAIN),
    Kind("TIFF", "tifffile", ("grey", "RGB"), WHOLE, ("signed",), planes=BOTH, packing=PLAIN),
    Kind("TIFF", "tifffile", ("grey", "RGB"), (16, 32, 64), ("floats",), ANY, BOTH, PLAIN),
    Kind("TIFF", "tifffile", ("grey",), (16, 32, 64), ("floats",), packing=PLAIN, inverted=(True,)),
    Kind(
        "TIFF",
        "tifffile",
        ("grey", "RGB"),
        (8, 16),
        alpha=("no", "straight"),
        packing=("JPEG 2000", "JPEG XL"),
    ),
    Kind("TIFF", "tifffile", ("RGB",), alpha=("no", "straight"), packing=("WebP",)),
    Kind("JPEG", "simplejpeg", ("grey", "RGB")),
    Kind("JPEG", "pillow", ("CMYK",)),
    Kind("JPEG", "imagecodecs", ("grey", "RGB"), (12,)),
    Kind("JPEG 2000", "pillow", ("grey", "RGB"), alpha=("no", "straight")),
    Kind("JPEG 2000", "pillow", ("grey",), (10, 12, 16)),
    Kind("JPEG 2000", "imagecodecs", ("grey", "RGB"), (10, 12, 16), alpha=("no", "straight")),
    Kind("PNG", "pillow", ("grey",), (1, 8), alpha=("no", "straight")),
    Kind("PNG", "pillow", ("grey",), (16,)),
    Kind("PNG", "pillow", alpha=("no", "straight")),
    Kind("PNG", "pillow", ("palette",)),
    Kind("WEBP", "pillow", alpha=("no", "straight")),
    Kind("GIF", "pillow", ("palette", "grey")),
    Kind("BMP", "pillow", ("grey", "palette"), (1, 8)),
    Kind("BMP", "pillow", alpha=("no", "straight")),
    Kind("PPM", "pillow", ("grey",), (1, 8, 16)),
    Kind("PPM", "pillow", ("RGB",), (8, 16)),
    Kind("PPM", "pillow", ("grey",), (32,), ("floats",)),
    Kind("AVIF", "pillow", alpha=("no", "straight")),
    Kind("HEIF", "pillow-heif", ("grey", "RGB"), alpha=("no", "straight")),
    Kind("JPEG XL", "pillow-jxl", ("RGB",), (8, 16), alpha=("no", "straight")),
    Kind("JPEG XL", "pillow-jxl", ("grey",), (8, 16)),
    Kind("JPEG XL", "pillow-jxl", ("grey",), alpha=("straight",)),
)


# What the modes of Pillow hold: colours, bits, numbers, alpha.
MODES = {
    "1": ("grey", 1, "unsigned", "no"),
    "L": ("grey", 8, "unsigned", "no"),
    "LA": ("grey", 8, "unsigned", "straight"),
    "P": ("palette", 8, "unsigned", "no"),
    "PA": ("palette", 8, "unsigned", "straight"),
    "RGB": ("RGB", 8, "unsigned", "no"),
    "RGBA": ("RGB", 8, "unsigned", "straight"),
    "I": ("grey", 16, "unsigned", "no"),
    "I;16": ("grey", 16, "unsigned", "no"),
    "I;16B": ("grey", 16, "unsigned", "no"),
    "F": ("grey", 32, "floats", "no"),
}


def traits_of_mode(file_format: str, mode: str) -> Traits:
    """What Pillow says of a file of a format that it reads alone."""
    colours, bits, numbers, alpha = MODES.get(mode, (mode, 8, "unsigned", "no"))
    return Traits(file_format, colours, bits, numbers, alpha)


def find_kind(traits: Traits) -> Kind | None:
    """Find the first row that holds a file with these traits; None where the file is to be refused."""
    return next((kind for kind in KINDS if kind.holds(traits)), None)
