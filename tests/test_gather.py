"""Ways to gather regions: their formulas, and where the weights of REMAP come from."""

import math

import numpy as np
import pytest

from resight.divergence import divergence, smoothed_histogram
from resight.errors import BadRecipe
from resight.gather.concat import concat
from resight.gather.keep import keep
from resight.gather.sum import sum as added
from resight.gather.weighted_sum import fit, weighted_sum

ROWS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def test_sum_keep_and_concat():
    np.testing.assert_allclose(added(ROWS), [[sum(float(v) for v in column) for column in ROWS.T]], rtol=1e-6)
    np.testing.assert_array_equal(keep(ROWS), ROWS)
    np.testing.assert_array_equal(concat(ROWS), [[float(v) for row in ROWS for v in row]])


def test_weighted_sum_is_its_formula():
    weights = np.float32([0.5, 2, 0, 1])
    expected = [[sum(float(w) * float(v) for w, v in zip(weights, c, strict=True)) for c in ROWS.T]]
    np.testing.assert_allclose(weighted_sum(ROWS, {"weights": weights}), expected, rtol=1e-6)
    with pytest.raises(BadRecipe, match="4 weights for 3 regions"):
        weighted_sum(ROWS[:3], {"weights": weights})


def test_divergence_is_its_formula():
    ones, others = [0.91, 0.73, 0.85, -2.0], [0.11, 0.05, -0.33, 0.91, 0.25]
    bins = 10

    def histogram(values):
        counts = [1] * bins
        for value in values:
            counts[min(bins - 1, int((min(1, max(-1, value)) + 1) / 2 * bins))] += 1
        return [count / sum(counts) for count in counts]

    p, q = histogram(ones), histogram(others)
    expected = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    found = (smoothed_histogram(np.array(values), bins, (-1, 1)) for values in (ones, others))
    assert divergence(*found) == pytest.approx(expected, rel=1e-12)


def pairs(count: int, seed: int = 0) -> list[np.ndarray]:
    """Photos two by two alike in their first region, and like nothing in the second."""
    chance = np.random.default_rng(seed)
    photos = []
    for _ in range(count):
        shared = chance.normal(size=64)
        for _ in range(2):
            rows = np.stack([3 * shared + 0.1 * chance.normal(size=64), chance.normal(size=64)])
            photos.append((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
    return photos


def test_a_region_that_tells_photos_apart_weighs_more():
    weights = fit(iter(pairs(100)))["weights"]
    assert weights.dtype == np.float32
    assert weights.mean() == pytest.approx(1, rel=1e-6)
    assert weights[0] > 5 * weights[1]
    np.testing.assert_array_equal(weights, fit(iter(pairs(100)))["weights"])


def test_without_a_pair_all_weigh_one():
    np.testing.assert_array_equal(fit(iter([ROWS]))["weights"], np.ones(4))
