"""Revisited Oxford. Radenovic, Iscen, Tolias, Avrithis and Chum, CVPR 2018."""

from __future__ import annotations

from pathlib import Path

from resight.dataset import Dataset
from resight.datasets._revisited import revisited
from resight.fetching.sources import Source

NEEDED = (
    Source(
        "jpg/oxbuild_images-v1.tgz",
        "https://www.robots.ox.ac.uk/~vgg/data/oxbuildings/oxbuild_images-v1.tgz",
        "the photos of Oxford5k, 1,938,238,004 bytes",
    ),
    Source(
        "gnd_roxford5k.pkl",
        "http://cmp.felk.cvut.cz/revisitop/data/datasets/roxford5k/gnd_roxford5k.pkl",
        "the truth; also at http://cmp.felk.cvut.cz/cnnimageretrieval/data/test/roxford5k/gnd_roxford5k.pkl",
    ),
)
ABOUT = (
    "4,993 photos that are searched and 70 queries, all from Oxford5k; they are Flickr's users', who keep "
    "their rights."
)
PHOTOS = (("jpg",), ("oxbuild_images",), ("oxbuild_images-v1",), ("images",), ("",))


def roxford5k(root: Path, *, queries: str = "crop") -> Dataset:
    """`queries`: "crop" to the box, as the protocol has it, or "full"."""
    return revisited("roxford5k", root, PHOTOS, queries, 4993)
