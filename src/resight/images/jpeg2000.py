"""Reads the header of a JPEG 2000: the size and depth of its channels, and its colours."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from resight.errors import BadImage
from resight.images.kinds import Traits

BOX, STREAM = b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"
COLOURS = {12: "CMYK", 16: "RGB", 17: "grey"}
BY_COUNT = {1: ("grey", "no"), 2: ("grey", "straight"), 3: ("RGB", "no"), 4: ("RGB", "straight")}


@dataclass(frozen=True)
class Header:
    """What the channels are, and the ICC profile where there is one."""

    traits: Traits
    profile: bytes | None


def accepts(data: bytes) -> bool:
    """Whether it begins like one, as a file or as a bare stream."""
    return data.startswith((BOX, STREAM))


def read_header(data: bytes) -> Header:
    """Find the size marker of the stream, and before it the box that says which colours these are."""
    start = data.find(STREAM)
    try:
        (count,) = struct.unpack_from(">H", data, start + 40) if start >= 0 else (0,)
        channels = [struct.unpack_from(">BBB", data, start + 42 + 3 * i) for i in range(min(count, 5))]
    except struct.error:
        channels = []
    if not channels:
        raise BadImage("truncated or corrupt header: no size of its channels")
    colours, alpha = BY_COUNT.get(count, (f"{count} channels", "no"))
    profile, named = _colours(data[: max(start, 0)])
    if named is not None and COLOURS.get(named) != colours:
        colours = COLOURS.get(named, f"colour space {named}")
    if b"pclr" in data[: max(start, 0)]:
        colours = "palette"
    if any(channel[1:] != (1, 1) for channel in channels):
        colours += ", subsampled,"
    depths = {channel[0] for channel in channels}
    depth = depths.pop() if len(depths) == 1 else 254
    numbers = "signed" if depth & 0x80 and depth != 254 else "unsigned"
    bits = -1 if depth == 254 else (depth & 0x7F) + 1
    return Header(Traits("JPEG 2000", colours, bits, numbers, alpha), profile)


def _colours(head: bytes) -> tuple[bytes | None, int | None]:
    """The ICC profile of the first colour box, or the number of its colour space."""
    at = head.find(b"colr")
    if at < 4 or len(head) < at + 11:
        return None, None
    if head[at + 4] == 1:
        return None, int.from_bytes(head[at + 7 : at + 11], "big")
    (length,) = struct.unpack_from(">I", head, at - 4)
    return head[at + 7 : at - 4 + length], None
