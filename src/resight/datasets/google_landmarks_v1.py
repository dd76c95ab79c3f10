"""Google Landmarks v1. Noh, Araujo, Sim, Weyand and Han, ICCV 2017.

`train.csv` has the columns id, url and landmark_id; a photo is `id.jpg`, in one folder or in folders of the
first three letters of its id, below `train` or not. `test.csv` names no landmarks and is not read.
"""

from __future__ import annotations

from pathlib import Path

from resight.dataset import Dataset
from resight.datasets._landmarks import Named, Published, landmarks
from resight.datasets._rows import rows
from resight.fetching.sources import Source

NEEDED = (
    Source(
        "train.csv", "",
        "id, url, landmark_id; was published at kaggle.com/google/google-landmarks-dataset and is withdrawn",
    ),
    Source("train", "", "the photos, id.jpg, that the addresses in train.csv gave; many are gone"),
)  # fmt: skip
ABOUT = (
    "About 1.2 million photos of 15,000 landmarks, published as a list of addresses and since withdrawn; "
    "licences are those of each photo."
)
PUBLISHED = Published("google-landmarks-v1", 1_200_000, 15_000, rounded=True)


def google_landmarks_v1(root: Path, *, limit: int = 0) -> Dataset:
    """Each photo asks for the others of its landmark; `limit`: the first so many landmarks, 0 for all.

    A photo whose landmark_id is empty or `None` shows none.
    """
    named = Named(root / "train.csv")
    names: dict[str, str] = {}  # one string a landmark, not one a photo
    for line, (name, landmark) in rows(named.table, ("id", "landmark_id")):
        named.add(line, name, "" if landmark == "None" else names.setdefault(landmark, landmark))
    return landmarks(PUBLISHED, named, limit)
