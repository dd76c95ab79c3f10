"""Colours coded by a curve and by primaries become sRGB: through light, as ITU-T H.273 lists the codes.

PQ and HLG are brought to the white of ordinary pictures, 203 candela per square metre (ITU-R BT.2408); what
is brighter is cut off there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resight.images.colours import Conversion, farthest_moved

if TYPE_CHECKING:
    from PIL import Image

Values = NDArray[np.float64]
Curve = Callable[[Values], Values]  # what is stored, 0 to 1 -> light, 1 the white of ordinary pictures

WHITE = 203.0  # candela per square metre
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2  # of the display that BT.2100 takes for granted
STEPS = 1 << 14
D65 = (0.3127, 0.3290)
BRIGHTNESS = np.array([0.2627, 0.6780, 0.0593], np.float32)  # of the primaries of BT.2020


@dataclass(frozen=True)
class Primaries:
    """The places (x, y) of red, green, blue and white in the chart of CIE 1931."""

    white: tuple[float, float]
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]

    def are_possible(self) -> bool:
        """Whether they span colours at all."""
        if min(self.white[1], self.red[1], self.green[1], self.blue[1]) <= 0:
            return False
        return abs(float(np.linalg.det(_places(self)))) > 1e-4

    def to_xyz(self) -> Values:
        """(3, 3): linear red, green and blue -> XYZ, with white at Y = 1."""
        corners = _places(self)
        return corners * np.linalg.solve(corners, _xyz(self.white))


SRGB_PRIMARIES = Primaries(D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
PRIMARIES = {
    1: SRGB_PRIMARIES,
    4: Primaries((0.310, 0.316), (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)),
    5: Primaries(D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: Primaries(D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: Primaries(D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    9: Primaries(D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: Primaries((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: Primaries(D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}


@dataclass(frozen=True)
class Light:
    """Takes 8-bit colours of these primaries and this curve to sRGB."""

    primaries: Primaries
    curve: Curve

    def conversion(self) -> Conversion | None:
        """The conversion to sRGB; None where no colour moves by more than a level."""
        return Conversion("RGB", self) if farthest_moved(self, "RGB") > 1 else None

    def apply(self, im: Image.Image) -> Image.Image:
        """The same image in sRGB."""
        from PIL import Image

        light = self.curve(np.arange(256) / 255)
        # HLG makes light brighter as a whole, and so needs all three channels at once.
        values = light.astype(np.float32)[np.asarray(im)]
        if self.curve is _hlg:
            values *= _shown(values @ BRIGHTNESS)[..., None]
        values = values @ to_srgb(self.primaries).T.astype(np.float32)
        coded = _srgb_codes()[(values.clip(0, 1) * (STEPS - 1) + 0.5).astype(np.int32)]
        return Image.fromarray(coded)


def to_srgb(primaries: Primaries) -> Values:
    """(3, 3): linear colours of these primaries -> linear sRGB, white staying white (Bradford)."""
    cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    change = (cones @ _xyz(D65)) / (cones @ _xyz(primaries.white))
    adapted = np.linalg.inv(cones) @ np.diag(change) @ cones
    result: Values = np.linalg.inv(SRGB_PRIMARIES.to_xyz()) @ adapted @ primaries.to_xyz()
    return result


@functools.cache
def power(exponent: float) -> Curve:
    """A plain power of what is stored."""
    return lambda stored: stored**exponent


def _srgb(stored: Values) -> Values:
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


def _pq(stored: Values) -> Values:
    """SMPTE ST 2084."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = stored ** (1 / m2)
    return 10_000 / WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def _hlg(stored: Values) -> Values:
    """ARIB STD-B67: the light of the scene, 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(stored <= 0.5, stored**2 / 3, (np.exp((stored - c) / a) + b) / 12)


def _shown(brightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """By how much a display makes light of the scene brighter that is so bright as a whole."""
    return np.float32(HLG_PEAK / WHITE) * brightness ** np.float32(HLG_GAMMA - 1)


# The curve of each code. 1, 6, 14 and 15 are the camera's curve of BT.709: what it codes is made for the same
# displays as sRGB, so sRGB's curve brings it back.
CURVES: dict[int, Curve] = {code: _srgb for code in (1, 6, 13, 14, 15)}
CURVES |= {4: power(2.2), 5: power(2.8), 8: power(1.0), 16: _pq, 18: _hlg}


@functools.cache
def _srgb_codes() -> NDArray[np.uint8]:
    """Light from 0 to 1 in even steps -> sRGB."""
    light = np.arange(STEPS) / (STEPS - 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (255 * coded + 0.5).astype(np.uint8)


def _xyz(place: tuple[float, float]) -> Values:
    x, y = place
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _places(primaries: Primaries) -> Values:
    return np.stack([_xyz(primaries.red), _xyz(primaries.green), _xyz(primaries.blue)], 1)
