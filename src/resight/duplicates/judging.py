"""Whether two photos are one picture, or show one thing: very small pictures first, then geometry.

A copy is the same picture in another encoding, size, framing, turn or colour: an affine map takes its points
to the other's to a fraction of a pixel, and the pixels agree all over the overlap. Another view of a thing
agrees in points alone. Flat drawings have too few points: they are aligned without any, and must agree nearly
everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resight.duplicates.aligning import align
from resight.duplicates.looking import Seen
from resight.duplicates.overlap import Overlap, between, overlap
from resight.images.likeness import COPY, difference
from resight.rerankers._verifying import Agreement, Rule, agreements

RULE = Rule()
TIGHT, RESIDUAL = 0.3, 0.5  # pixels of the view that points are found in: their median distance from the map
SAME = 16  # that agree, for photos of one thing
STRETCH = 1.3  # of a circle's image, long axis to short
OVERLAP = 0.5  # of the smaller picture
TIGHT_MEDIAN = 0.85  # the least correlation of half of the cells, where the points are tight
MEDIAN, LOW = 0.93, 0.45  # the same where they are not, and of four in five
WHOLE_MEDIAN, WHOLE_LOW = 0.85, 0.6  # the same, where whole pictures lie over each other by a guess
FEW = 100  # points of either: pictures with fewer are aligned by their pixels, too
ALIGNED_STRETCH, ALIGNED_OVERLAP = 1.1, 0.9  # the same limits for those
ALIGNED_MEDIAN, ALIGNED_LOW = 0.985, 0.97
SHAPE = 0.05  # by how much width to height may differ where whole pictures are compared
ALIKE = 0.97  # correlation of the grey values of very small pictures whose colours differ

Level = Literal["copies", "same", "none"]


@dataclass(frozen=True)
class Verdict:
    """`reason` says in words why."""

    level: Level
    reason: str = ""
    inliers: int = 0


def judge(one: Seen, other: Seen) -> Verdict:
    """What two photos are to each other."""
    whole = _whole(one, other)
    if whole:
        return Verdict("copies", whole)
    judged = _by_points(one, other)
    if judged.level != "copies" and min(len(seen.features.points) for seen in (one, other)) < FEW:
        return _by_pixels(one, other) or judged
    return judged


def _by_points(one: Seen, other: Seen) -> Verdict:
    (found,) = agreements(one.features, [other.features], RULE)
    if found is None:
        return Verdict("none")
    affine, residual = _fit(found)
    residual /= other.features.scale
    if residual <= RESIDUAL:
        seen = _covered(one, other, _in_grey(one, other, affine))
        if _is_copy(affine, residual, seen):
            return Verdict("copies", _describe(affine), len(found))
    if len(found) >= SAME:
        return Verdict("same", f"{len(found)} points agree", len(found))
    return Verdict("none", inliers=len(found))


def _by_pixels(one: Seen, other: Seen) -> Verdict | None:
    """For a copy; None for others."""
    affine = align(one.grey, other.grey)
    if affine is None:
        return None
    seen = _covered(one, other, affine)
    if seen.share < ALIGNED_OVERLAP or _stretch(affine) > ALIGNED_STRETCH:
        return None
    agree = seen.cells and seen.median >= ALIGNED_MEDIAN and seen.low >= ALIGNED_LOW
    return Verdict("copies", _describe(affine)) if agree else None


def _whole(one: Seen, other: Seen) -> str:
    """The words for two whole pictures that agree, turned by quarters or mirrored; "" for others."""
    shape = np.log(one.width / one.height)
    for mirrored in (False, True):
        for quarters in range(4):
            theirs = np.log(other.width / other.height) * (-1) ** quarters
            if abs(shape - theirs) > SHAPE:
                continue
            moved = np.rot90(other.small[:, ::-1] if mirrored else other.small, quarters)
            if float(difference(one.small, moved[None])[0]) <= COPY:
                return _words(mirrored, quarters, "in another encoding or size")
            if _correlated(one.small, moved) >= ALIKE and _agree(one, other, mirrored, quarters):
                return _words(mirrored, quarters, "in other colours")
    return ""


def _words(mirrored: bool, quarters: int, otherwise: str) -> str:
    told = [*["mirrored"] * mirrored, *[f"turned by {90 * quarters} degrees"] * (quarters > 0)]
    return f"one picture, {' and '.join(told) or otherwise}"


def _correlated(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    values = [each.astype(np.float64).mean(axis=2).ravel() for each in (one, other)]
    if min(value.std() for value in values) < 1:
        return 0.0
    return float(np.corrcoef(*values)[0, 1])


def _agree(one: Seen, other: Seen, mirrored: bool, quarters: int) -> bool:
    """Whether the grey pictures agree cell by cell, one laid whole over the other."""
    moved = np.ascontiguousarray(np.rot90(other.grey[:, ::-1] if mirrored else other.grey, quarters))
    seen = overlap(one.grey, moved, between(one.grey.shape, moved.shape)[:2])
    return seen.cells > 0 and seen.median >= WHOLE_MEDIAN and seen.low >= WHOLE_LOW


def _fit(found: Agreement) -> tuple[NDArray[np.float64], float]:
    """The affine map (2, 3) of the points of the first photo to the other's, and the median residual.

    It is fitted twice, the second time without the tenth of the points that fits worst.
    """
    points = np.column_stack([found.points.astype(np.float64), np.ones(len(found))])
    keep = np.ones(len(found), np.bool_)
    for _ in range(2):
        solved = np.linalg.lstsq(points[keep], found.others[keep].astype(np.float64), rcond=None)[0]
        apart = np.linalg.norm(points @ solved - found.others, axis=1)
        keep = apart <= np.quantile(apart, 0.9)
    return solved.T, float(np.median(apart))


def _covered(one: Seen, other: Seen, there: NDArray[np.float64]) -> Overlap:
    """One grey picture over the other, whichever is covered the more."""
    back = np.linalg.inv(np.vstack([there, [0, 0, 1]]))[:2]
    return max(
        overlap(one.grey, other.grey, there), overlap(other.grey, one.grey, back), key=lambda s: s.share
    )


def _in_grey(one: Seen, other: Seen, affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """The map between originals as one between their grey pictures, whose pixels stand for their middles."""
    mine, theirs = (between((seen.height, seen.width), seen.grey.shape) for seen in (one, other))
    return np.asarray((theirs @ np.vstack([affine, [0, 0, 1]]) @ np.linalg.inv(mine))[:2], np.float64)


def _is_copy(affine: NDArray[np.float64], residual: float, seen: Overlap) -> bool:
    """Points that fit tightly leave room for changed colours; those of a burst of photos do not."""
    if seen.share < OVERLAP or _stretch(affine) > STRETCH or not seen.cells:
        return False
    if residual <= TIGHT and seen.median >= TIGHT_MEDIAN:
        return True
    return seen.median >= MEDIAN and seen.low >= LOW


def _stretch(affine: NDArray[np.float64]) -> float:
    long, short = np.linalg.svd(affine[:, :2], compute_uv=False)
    return float(long / max(short, 1e-9))


def _describe(affine: NDArray[np.float64]) -> str:
    """In words: how much is cut off, and by how much it is turned."""
    angle = float(np.degrees(np.arctan2(affine[1, 0], affine[0, 0])))
    told = [f"turned by {abs(angle):.0f} degrees"] * (abs(angle) >= 1)
    return f"one picture, {' and '.join(told) or 'cut or changed in its colours'}"
