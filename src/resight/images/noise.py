"""Pictures that show nothing: coloured noise whose amplitudes fall with the frequency, as those of photos do.

Field, JOSA A 1987: of natural pictures, the amplitude at a frequency f is about 1 / f.
"""

from __future__ import annotations

import numpy as np

from resight.images.photo import Pixels

MIDDLE, SPREAD = 128.0, 48.0  # of its values


def draw_noise(seed: int, side: int) -> Pixels:
    """(side, side, 3) uint8, always the same of one seed; three planes are mixed at random into colours."""
    rng = np.random.default_rng(seed)
    frequencies = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequencies[0, 0] = np.inf
    planes = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((3, side, side))) / frequencies, (side, side))
    planes /= planes.std(axis=(1, 2), keepdims=True)
    mixing = rng.standard_normal((3, 3))
    mixing /= np.linalg.norm(mixing, axis=1, keepdims=True)
    values = MIDDLE + SPREAD * np.einsum("cp,pyx->yxc", mixing, planes)
    return np.ascontiguousarray(values.clip(0, 255).round().astype(np.uint8))
