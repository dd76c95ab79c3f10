"""Revisited Paris. Radenovic, Iscen, Tolias, Avrithis and Chum, CVPR 2018."""

from __future__ import annotations

from pathlib import Path

from resight.dataset import Dataset
from resight.datasets._revisited import revisited
from resight.fetching.sources import Source

HOME = "https://www.robots.ox.ac.uk/~vgg/data/parisbuildings"
NEEDED = (
    Source("jpg/paris_1-v1.tgz", f"{HOME}/paris_1-v1.tgz", "photos of Paris6k, about 1.3 GB"),
    Source("jpg/paris_2-v1.tgz", f"{HOME}/paris_2-v1.tgz", "the others, about 1.2 GB"),
    Source(
        "gnd_rparis6k.pkl",
        "http://cmp.felk.cvut.cz/revisitop/data/datasets/rparis6k/gnd_rparis6k.pkl",
        "the truth; also at http://cmp.felk.cvut.cz/cnnimageretrieval/data/test/rparis6k/gnd_rparis6k.pkl",
    ),
)
ABOUT = (
    "6,322 photos that are searched and 70 queries, all from Paris6k; they are Flickr's users', who keep "
    "their rights."
)
PHOTOS = (("jpg",), ("paris",), ("images",), ("",))


def rparis6k(root: Path, *, queries: str = "crop") -> Dataset:
    """`queries`: "crop" to the box, as the protocol has it, or "full"."""
    return revisited("rparis6k", root, PHOTOS, queries, 6322)
