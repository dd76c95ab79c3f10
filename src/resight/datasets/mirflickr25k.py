"""MIRFLICKR-25000. Huiskes and Lew, MIR 2008.

The archive holds a folder `mirflickr` with im1.jpg to im25000.jpg; they may also lie in the folder itself.
No instances are known: nothing is asked, the photos serve to fit on and as distractors.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from resight.dataset import Dataset
from resight.datasets._listing import present
from resight.errors import DataMissing
from resight.fetching.sources import Source

NEEDED = (
    Source(
        "mirflickr25k.zip", "https://press.liacs.nl/mirflickr/mirflickr25k.v3b/mirflickr25k.zip",
        "3,069,184,257 bytes; the folder mirflickr with im1.jpg to im25000.jpg",
        md5="a23d0a8564ee84cda5622a6c2f947785",
    ),
)  # fmt: skip
ABOUT = "25,000 photos from Flickr under Creative Commons licences, each its own, without instances."
COUNT = 25_000


def mirflickr25k(root: Path) -> Dataset:
    """The photos in the order of their numbers; those that are not there are counted in a caveat."""
    for folder in ("mirflickr/", ""):
        paths = [f"{folder}im{number}.jpg" for number in range(1, COUNT + 1)]
        here = present(root, paths)
        if here.any():
            photos = tuple(paths[place] for place in np.flatnonzero(here))
            few = len(photos) < COUNT
            return Dataset(
                "mirflickr25k", root, photos, np.arange(len(photos)), (), (), "no questions",
                caveats=(f"{len(photos)} of {COUNT} photos of MIRFLICKR are here",) if few else (),
            )  # fmt: skip
    raise DataMissing(f"There is neither mirflickr/im1.jpg nor im1.jpg, nor any of the others, in {root}.")
