"""The R-MAC grid, worked out by hand."""

import numpy as np
import pytest

from resight import areas
from resight.regions.rmac_grid import cells
from resight.regions.rmac_grid import rmac_grid as polygons
from resight.regions.whole import whole


def rmac_grid(height: int, width: int, levels: int = 3, whole: bool = True) -> np.ndarray:
    """The grid in cells, which its polygons cover and nothing else."""
    grid = cells(height, width, levels, whole)
    photo, alpha = np.zeros((8, 8, 3), np.uint8), np.zeros((height, width), np.float32)
    found = areas.masks(polygons(photo, alpha, levels=levels, whole=whole), height, width)
    expected = np.zeros_like(found)
    for mask, (top, left, bottom, right) in zip(expected, grid, strict=True):
        mask[top:bottom, left:right] = True
    np.testing.assert_array_equal(found, expected)
    return grid


def test_whole_is_the_whole_map():
    found = whole(np.zeros((8, 8, 3), np.uint8), np.zeros((15, 20), np.float32))
    assert areas.masks(found, 15, 20).tolist() == np.ones((1, 15, 20), bool).tolist()


def test_a_square_that_comes_twice_counts_once():
    assert rmac_grid(1, 1).tolist() == [[0, 0, 1, 1], [0, 0, 1, 1]]
    assert rmac_grid(2, 2, whole=False).tolist() == [
        [0, 0, 2, 2], [0, 0, 1, 1], [0, 1, 1, 2], [1, 0, 2, 1], [1, 1, 2, 2],
    ]  # fmt: skip


def test_a_square_map():
    # sides 7, floor(14/3) = 4 and floor(14/4) = 3: 1 + 4 + 9 regions
    squares = [[0, 0, 7, 7]]
    squares += [[top, left, top + 4, left + 4] for top in (0, 3) for left in (0, 3)]
    squares += [[top, left, top + 3, left + 3] for top in (0, 2, 4) for left in (0, 2, 4)]
    assert rmac_grid(7, 7, whole=False).tolist() == squares
    assert rmac_grid(7, 7).tolist() == [[0, 0, 7, 7], *squares]


def test_an_oblong_map():
    # two squares of 15 along 20 overlap by 2/3, the nearest to 40 % of two or more: 2 + 6 + 12 regions
    squares = [[0, left, 15, left + 15] for left in (0, 5)]
    squares += [[top, left, top + 10, left + 10] for top in (0, 5) for left in (0, 5, 10)]
    squares += [[top, left, top + 7, left + 7] for top in (0, 4, 8) for left in (0, 4, 8, 13)]
    assert rmac_grid(15, 20, whole=False).tolist() == squares
    upright = [[left, top, right, bottom] for top, left, bottom, right in squares]
    assert sorted(rmac_grid(20, 15, whole=False).tolist()) == sorted(upright)


@pytest.mark.parametrize(
    ("height", "width", "levels", "count"),
    [(7, 7, 3, 14), (23, 31, 3, 20), (31, 23, 3, 20), (15, 20, 3, 20), (15, 20, 2, 8), (7, 7, 1, 1)],
)
def test_counts(height, width, levels, count):
    assert len(rmac_grid(height, width, levels=levels, whole=False)) == count
    with_whole = rmac_grid(height, width, levels=levels)
    assert len(with_whole) == count + 1
    assert with_whole[0].tolist() == [0, 0, height, width]


def test_six_squares_along_a_long_map_overlap_by_forty_per_cent():
    lefts = rmac_grid(10, 40, levels=1, whole=False)[:, 1]
    assert lefts.tolist() == [0, 6, 12, 18, 24, 30]


def test_neighbours_overlap_as_near_to_forty_per_cent_as_can_be():
    for short in range(3, 24):
        for long in range(short + 1, 90, 3):
            count = len(rmac_grid(short, long, levels=1, whole=False))
            away = {n: abs(1 - (long - short) / (n - 1) / short - 0.4) for n in range(2, 200)}
            assert away[count] <= min(away.values()) + 1e-12, (short, long)


def test_each_level_reaches_every_border_in_even_steps():
    for height, width in ((15, 20), (9, 40), (33, 8)):
        for level in (1, 2, 3):
            before = len(rmac_grid(height, width, levels=level - 1, whole=False)) if level > 1 else 0
            cells = rmac_grid(height, width, levels=level, whole=False)[before:]
            side = 2 * min(height, width) // (level + 1)
            assert (cells[:, 2:] - cells[:, :2] == side).all()
            for start, length in ((0, height), (1, width)):
                places = np.unique(cells[:, start])
                assert places[0] == 0
                assert places[-1] == length - side
                assert len(places) == 1 or np.ptp(np.diff(places)) <= 1
