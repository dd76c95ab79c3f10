"""Google Landmarks v2, clean. Weyand et al., CVPR 2020; cleaned by Yokoo et al., CVPR workshops 2020.

`train_clean.csv` has the columns landmark_id and images, ids between spaces; a photo is
`train/0/a/b/0ab....jpg`, the folders being the first three letters of its id.
"""

from __future__ import annotations

from pathlib import Path

from resight.dataset import Dataset
from resight.datasets._landmarks import Named, Published, landmarks
from resight.datasets._rows import rows
from resight.errors import BadData
from resight.fetching.sources import Source

HOST = "https://s3.amazonaws.com/google-landmark"
NEEDED = (
    Source("train_clean.csv", f"{HOST}/metadata/train_clean.csv", "landmark_id, images"),
    *(
        Source(
            f"train/images_{number:03d}.tar", f"{HOST}/train/images_{number:03d}.tar",
            f"about 1 GB; its md5 is at {HOST}/md5sum/train/md5.images_{number:03d}.txt",
        )
        for number in range(500)
    ),
)  # fmt: skip
ABOUT = (
    "1,580,470 photos of 81,313 landmarks, in 500 archives of 1 GB that hold 4,132,914; the list is CC BY "
    "4.0, the photos are CC BY, see train_attribution.csv of its makers."
)
PUBLISHED = Published("google-landmarks-v2-clean", 1_580_470, 81_313)


def google_landmarks_v2_clean(root: Path, *, limit: int = 0) -> Dataset:
    """Each photo asks for the others of its landmark; `limit`: the first so many landmarks, 0 for all."""
    named = Named(root / "train_clean.csv")
    for line, (landmark, images) in rows(named.table, ("landmark_id", "images")):
        if not landmark:
            raise BadData(f"{named.table}, line {line}: the landmark_id is empty.")
        for name in images.split():
            named.add(line, name, landmark)
    return landmarks(PUBLISHED, named, limit)
