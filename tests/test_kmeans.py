"""K-means against Lloyd's loops in float64, on blobs, and the sample of columns it is given."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from resight.errors import BadRecipe, BadSetting
from resight.poolings import _kmeans, _unit_columns
from resight.poolings._kmeans import SPARE, kmeans, lloyd, start
from resight.poolings._unit_columns import sampled


def unit_rows(count: int, channels: int, seed: int = 0) -> np.ndarray:
    rows = np.maximum(np.random.default_rng(seed).normal(size=(count, channels)), 0)
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def slow_lloyd(rows: np.ndarray, centres: np.ndarray, iterations: int) -> np.ndarray:
    rows, centres = rows.astype(np.float64), centres.astype(np.float64)
    for _ in range(iterations):
        members = [[] for _ in centres]
        for row in rows:
            members[min(range(len(centres)), key=lambda i: ((row - centres[i]) ** 2).sum())].append(row)
        assert all(members)
        centres = np.array([sum(group) / len(group) for group in members])
    return centres


def spares(centres: np.ndarray) -> int:
    return int((np.linalg.norm(centres, axis=1) > SPARE / 2).sum())


@pytest.mark.parametrize("block", [7, 8192])
@pytest.mark.parametrize("iterations", [1, 2, 5])
def test_iterations_are_those_of_the_loops(iterations, block, monkeypatch):
    monkeypatch.setattr(_kmeans, "BLOCK", block)
    rows = unit_rows(200, 10)
    first = start(rows, 8, np.random.default_rng(0))
    found = lloyd(rows, first, iterations, tolerance=0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, slow_lloyd(rows, first, iterations), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_blobs_are_found(seed):
    chance = np.random.default_rng(seed)
    middles = unit_rows(12, 32, seed)
    rows = np.repeat(middles, chance.integers(5, 200, 12), axis=0)
    rows = (rows + chance.normal(size=rows.shape) * 0.01).astype(np.float32)
    found = kmeans(chance.permutation(rows), 12, seed)
    away = np.linalg.norm(found[:, None] - middles, axis=2)
    assert sorted(away.argmin(axis=1)) == list(range(12))
    assert away.min(axis=1).max() < 0.05


def test_first_centres_are_the_better_of_two_columns_drawn_by_squared_distance():
    rows = np.array([[0, 0]] * 98 + [[0.6, 0], [0, 0.2]], np.float32)
    seen = []
    for seed in range(2000):
        first = start(rows, 2, np.random.default_rng(seed))
        if not first[0].any():
            seen.append(first[1].tolist() == rows[98].tolist())
    # the worse one is taken only where it is drawn twice
    assert np.mean(seen) == pytest.approx(1 - (0.04 / 0.40) ** 2, abs=0.007)


def test_equal_seeds_agree_and_others_do_not():
    rows = unit_rows(3000, 6)
    np.testing.assert_array_equal(kmeans(rows, 20, 1), kmeans(rows, 20, 1))
    assert (kmeans(rows, 20, 1) != kmeans(rows, 20, 2)).any()


def test_more_iterations_are_never_worse():
    rows = unit_rows(2000, 8)
    first = start(rows, 16, np.random.default_rng(0))
    errors = []
    for iterations in range(6):
        centres = lloyd(rows, first, iterations, tolerance=0)
        errors.append(((rows[:, None] - centres) ** 2).sum(axis=2).min(axis=1).sum())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] * 0.95


def test_a_centre_without_columns_goes_where_columns_are_far():
    rows = np.repeat(np.eye(4, dtype=np.float32), 10, axis=0)
    centres = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [-9, 0, 0, 0], [0, -9, 0, 0]], np.float32)
    found = lloyd(rows, centres)
    np.testing.assert_array_equal(found[np.lexsort(found.T)], np.eye(4))


@pytest.mark.parametrize("distinct", [1, 2, 5, 7])
def test_fewer_distinct_columns_than_centres_leave_spare_ones(distinct):
    few = unit_rows(distinct, 6, seed=3)
    rows = np.repeat(few, 30, axis=0)
    assert spares(start(rows, 8, np.random.default_rng(0))) == 8 - distinct
    found = kmeans(rows, 8, 0)
    assert found.shape == (8, 6)
    assert spares(found) == 8 - distinct
    real = found[np.linalg.norm(found, axis=1) < SPARE / 2]
    away = np.linalg.norm(few[:, None] - real, axis=2)
    assert away.min(axis=1).max() < 1e-5


def test_columns_that_differ_by_rounding_are_one():
    rows = np.repeat(unit_rows(3, 512), 40, axis=0)
    rows *= (1 + np.random.default_rng(0).normal(size=rows.shape) * 1e-5).astype(np.float32)
    assert spares(start(rows, 8, np.random.default_rng(0))) == 5
    assert spares(kmeans(rows, 8, 0)) == 5


def test_columns_missed_by_the_start_are_found_after_it(monkeypatch):
    monkeypatch.setattr(_kmeans, "START", 10)
    rows = np.concatenate([np.zeros((2000, 3), np.float32), np.eye(3, dtype=np.float32)])
    assert spares(kmeans(rows, 4, 0)) == 0


@pytest.mark.parametrize("rows", [np.zeros((1, 4)), np.zeros((50, 4)), np.eye(4)[:1]], ids=["0", "0s", "1"])
def test_hardly_any_columns(rows):
    found = kmeans(rows.astype(np.float32), 5, 0)
    assert np.isfinite(found).all()
    assert spares(found) == 4
    np.testing.assert_array_equal(found[0], rows[0])


def test_no_words_is_refused():
    with pytest.raises(BadSetting, match="not k=0"):
        kmeans(np.eye(3, dtype=np.float32), 0, 0)


# The sample


def photos(count: int, each: int) -> list[np.ndarray]:
    return [np.arange(i * each, (i + 1) * each, dtype=np.float32)[:, None] for i in range(count)]


def test_a_small_sample_is_all_there_is():
    np.testing.assert_array_equal(sampled(iter(photos(5, 7)), 0)[:, 0], np.arange(35))


def test_any_column_is_as_likely_as_any_other(monkeypatch):
    monkeypatch.setattr(_unit_columns, "MOST_COLUMNS", 10)
    times = np.zeros(42)
    for seed in range(3000):
        found = sampled(iter(photos(6, 7)), seed)[:, 0].astype(int)
        assert len(set(found)) == 10
        times[found] += 1
    # 6 deviations of a count that is binomial
    np.testing.assert_allclose(times, 3000 * 10 / 42, atol=6 * (3000 * 10 / 42 * 32 / 42) ** 0.5)


def test_a_sample_is_bounded_and_repeats(monkeypatch):
    monkeypatch.setattr(_unit_columns, "MOST_NUMBERS", 60)
    rows = [unit_rows(13, 6, seed) for seed in range(20)]
    one, other = (sampled(iter(rows), 4) for _ in range(2))
    assert one.shape == (10, 6)
    np.testing.assert_array_equal(one, other)
    assert (one != sampled(iter(rows), 5)).any()


def test_photos_without_columns_are_nothing_and_no_photo_is_refused():
    none = np.empty((0, 1), np.float32)
    np.testing.assert_array_equal(sampled(iter([none, *photos(1, 3), none]), 0)[:, 0], [0, 1, 2])
    with pytest.raises(BadRecipe, match="at least one photo"):
        sampled(iter([]), 0)


MANY = """
import re
from pathlib import Path
import numpy as np
from resight.poolings._kmeans import kmeans
from resight.poolings._unit_columns import sampled

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

chance, first = np.random.default_rng(0), peak()
photos = (chance.random((5000, 64), dtype=np.float32) / 8 for _ in range(100))
rows = sampled(photos, 0)
before = peak()
kmeans(rows, 100, 0)
print(len(rows), before - first - rows.nbytes / 1024, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say")
def test_memory_is_bounded():
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    count, sampling, clustering = map(float, done.stdout.split())
    assert count == 100_000
    assert sampling < 20_000  # kilobytes beside the sample; all 500,000 columns are 125,000
    assert clustering < 30_000  # the scores of all columns are 40,000
