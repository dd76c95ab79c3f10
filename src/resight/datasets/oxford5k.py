"""Oxford buildings, 5 thousand photos. Philbin, Chum, Isard, Sivic and Zisserman, CVPR 2007."""

from __future__ import annotations

from pathlib import Path

from resight.dataset import Dataset
from resight.datasets._buildings import Edition, buildings
from resight.fetching.sources import Source

HOME = "https://www.robots.ox.ac.uk/~vgg/data/oxbuildings"
NEEDED = (
    Source(
        "oxbuild_images/oxbuild_images-v1.tgz", f"{HOME}/oxbuild_images-v1.tgz",
        "the photos, 1,938,238,004 bytes",
    ),
    Source(
        "gt_files_170407/gt_files_170407.tgz", f"{HOME}/gt_files_170407.tgz",
        "the truth of 55 queries",
    ),
)  # fmt: skip
ABOUT = (
    "5,062 photos of buildings in Oxford, 5,063 with the one that the archive has besides; they are Flickr's "
    "users', who keep their rights."
)
EDITION = Edition(
    "oxford5k",
    photos=(("jpg",), ("oxbuild_images",), ("oxbuild_images-v1",), ("images",), ("",)),
    truths=("gt_files_170407", "gt_files", "gt", "lab", "groundtruth", ""),
    counts=(5062, 5063),
    remark="AP by the trapezoid (Philbin et al. 2007)",
    prefix="oxc1_",
)


def oxford5k(root: Path, *, queries: str = "crop") -> Dataset:
    """`queries`: "crop" to the box, as the protocol has it, or "full"."""
    return buildings(EDITION, root, queries)
