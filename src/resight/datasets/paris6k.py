"""Paris buildings, 6 thousand photos. Philbin, Chum, Isard, Sivic and Zisserman, CVPR 2008.

The archives hold 6,412 files, of which 20 are damaged: its makers list them (corrupt.txt), everybody leaves
them out, and so do we, whether they are on the disk or not.
"""

from __future__ import annotations

from pathlib import Path

from resight.dataset import Dataset
from resight.datasets._buildings import Edition, buildings
from resight.fetching.sources import Source

HOME = "https://www.robots.ox.ac.uk/~vgg/data/parisbuildings"
NEEDED = (
    Source(
        "paris/paris_1-v1.tgz", f"{HOME}/paris_1-v1.tgz",
        "photos, about 1.3 GB, a folder each landmark",
    ),
    Source("paris/paris_2-v1.tgz", f"{HOME}/paris_2-v1.tgz", "the others, about 1.2 GB"),
    Source(
        "paris_120310/paris_120310.tgz", f"{HOME}/paris_120310.tgz",
        "the truth of 55 queries",
    ),
)  # fmt: skip
ABOUT = (
    "6,392 photos of landmarks in Paris and 20 damaged ones; they are Flickr's users', who keep their rights."
)
DAMAGED = frozenset(
    f"paris_{name}"
    for name in (
        "louvre_000136", "louvre_000146", "moulinrouge_000422", "museedorsay_001059", "notredame_000188",
        "pantheon_000284", "pantheon_000960", "pantheon_000974", "pompidou_000195", "pompidou_000196",
        "pompidou_000201", "pompidou_000467", "pompidou_000640", "sacrecoeur_000299", "sacrecoeur_000330",
        "sacrecoeur_000353", "triomphe_000662", "triomphe_000833", "triomphe_000863", "triomphe_000867",
    )
)  # fmt: skip
EDITION = Edition(
    "paris6k",
    photos=(("jpg",), ("paris",), ("images",), ("",)),
    truths=("paris_120310", "gt_files_120310", "gt_files", "gt", "lab", "groundtruth", ""),
    counts=(6392,),
    remark="without the 20 damaged photos; AP by the trapezoid (Philbin et al. 2008)",
    left_out=DAMAGED,
)


def paris6k(root: Path, *, queries: str = "crop") -> Dataset:
    """`queries`: "crop" to the box, as the protocol has it, or "full"."""
    return buildings(EDITION, root, queries)
