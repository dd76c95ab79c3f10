"""Follows what a PNG says of its colours without a profile: cICP, gAMA and cHRM (W3C PNG, third edition).

cICP comes before iCCP, iCCP before sRGB, and gAMA with cHRM counts where none of these is there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from resight.images.light import CURVES, PRIMARIES, SRGB_PRIMARIES, Light, Primaries, power

BEGINNING = b"\x89PNG\r\n\x1a\n"
SRGB_GAMMA = 45455  # what a writer of sRGB is told to put into gAMA, in 100000ths
NEAR = 0.05  # of a gamma; closer ones are meant to be the same, by libpng's own threshold


def coded_light(data: bytes) -> Light | None:
    """Find how the chunks say that colours are coded; None where they leave it to a profile, or to sRGB."""
    chunks = dict(_chunks(data))
    if len(coded := chunks.get(b"cICP", b"")) == 4:
        primaries, curve = PRIMARIES.get(coded[0]), CURVES.get(coded[1])
        # A matrix would mean Y'CbCr, which a PNG cannot hold; a narrow range is for video alone.
        if primaries and curve and coded[2:] == b"\0\1":
            return Light(primaries, curve)
    if not chunks.keys() & {b"gAMA", b"cHRM"} or chunks.keys() & {b"iCCP", b"sRGB"}:
        return None
    return _by_numbers(chunks)


def _by_numbers(chunks: dict[bytes, bytes]) -> Light | None:
    gamma, places = chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b"")
    curve, primaries = CURVES[13], SRGB_PRIMARIES
    value = int.from_bytes(gamma, "big") if len(gamma) == 4 else 0
    if value and abs(value / SRGB_GAMMA - 1) > NEAR:
        curve = power(100_000 / value)
    if len(places) == 32:
        x = [value / 100_000 for value in struct.unpack(">8I", places)]
        primaries = Primaries((x[0], x[1]), (x[2], x[3]), (x[4], x[5]), (x[6], x[7]))
    return Light(primaries, curve) if primaries.are_possible() else None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the chunks before the pixels; contents that are long are left out."""
    at = len(BEGINNING)
    while at + 12 <= len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if name in (b"IDAT", b"IEND"):
            return
        yield name, data[at + 8 : at + 8 + length] if length <= 32 else b""
        at += 12 + length
