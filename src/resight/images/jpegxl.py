"""Reads the size of a JPEG XL from its first bits, before a decoder sees it."""

from __future__ import annotations

from resight.errors import BadImage
from resight.images.photo import Size

BOX, STREAM = b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"
DISTRIBUTION = (9, 13, 18, 30)  # bits of a size, by the two bits before it
MODES = {"L", "LA", "RGB", "RGBA", "I;16"}  # of Pillow, those that were checked
GREY_ALPHA = 2  # bytes a pixel
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # width to height


def accepts(data: bytes) -> bool:
    """Whether it begins like one, as a file or as a bare stream."""
    return data.startswith((BOX, STREAM))


def read_size(data: bytes) -> Size:
    """Width and height as stored."""
    bits = _Bits(_stream(data)[2:32])
    small = bits.take(1)
    height = _side(bits, small)
    ratio = bits.take(3)
    if ratio == 0:
        return _side(bits, small), height
    across, down = RATIOS[ratio - 1]
    return height * across // down, height


def _side(bits: _Bits, small: int) -> int:
    return 8 * (bits.take(5) + 1) if small else bits.take(DISTRIBUTION[bits.take(2)]) + 1


def _stream(data: bytes) -> bytes:
    """The first part of the stream, which may stand in a box of a file."""
    if data.startswith(STREAM):
        return data[:64]
    at = 0
    while at + 16 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if kind in (b"jxlc", b"jxlp"):
            start = at + head + (4 if kind == b"jxlp" else 0)
            if data[start : start + 2] == STREAM:
                return data[start : start + 64]
        if length < head:
            break
        at += length
    raise BadImage("truncated or corrupt header: no stream of a JPEG XL")


class _Bits:
    """Takes bits from bytes, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._left, self._count = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        """The next number of so many bits."""
        if count > self._count:
            raise BadImage("truncated or corrupt header: it ends too early")
        value = self._left & ((1 << count) - 1)
        self._left, self._count = self._left >> count, self._count - count
        return value
