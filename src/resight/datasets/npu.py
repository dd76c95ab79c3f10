"""NPU trademarks: groups of similar trademarks, for training. Lan, Feng, Xia, Pan and Peng, ICIG 2017.

The layout of its distribution is not documented in public; what is read is a folder for each group, named
as you like, directly in the folder of the set.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight.dataset import Dataset
from resight.datasets import _leave_one_out
from resight.datasets._listing import photos_under
from resight.datasets._photos_by_name import partial
from resight.errors import BadData, DataMissing
from resight.fetching.sources import Source

NEEDED = (Source(".", "", "317 folders, one a group of similar trademarks; asked for from its authors"),)
ABOUT = "317 groups of similar trademarks, with 3,237 pairs within groups; asked for from its authors."
GROUPS, PAIRS = 317, 3_237


def npu(root: Path) -> Dataset:
    """Every trademark asks for the others of its group; a trademark outside of the folders asks nothing."""
    if not root.is_dir():
        raise DataMissing(
            f"There is no folder {root}: NPU is read from a folder that holds one for each group."
        )
    photos = tuple(photos_under(root))
    labels = tuple(path.rpartition("/")[0].partition("/")[0] for path in photos)
    questions = _leave_one_out.leave_one_out(labels, photos)
    if not questions:
        raise BadData(f"No folder in {root} has two trademarks: NPU is a folder for each of its 317 groups.")
    return Dataset(
        "npu", root, photos, np.arange(len(photos)), questions, ("map", "r@1", "nar"),
        "leave-one-out by group",
        caveats=_told(labels), labels=labels,
    )  # fmt: skip


def _told(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Marks of what is not as published: of photos, only the number of pairs that they make is known."""
    groups, loose = len(set(labels) - {""}), labels.count("")
    pairs = sum(len(each) * (len(each) - 1) // 2 for each in _leave_one_out.members(labels).values())
    return (
        *(() if groups == GROUPS else (f"NPU has {GROUPS} groups; here are {groups}",)),
        *partial("pairs within groups", pairs, PAIRS),
        *((f"{loose} trademarks lie in no folder of a group, and are ranked",) if loose else ()),
    )


def pairs(dataset: Dataset) -> NDArray[np.int64]:
    """(P, 2) numbers of photos: every two of one group, each pair once."""
    return _leave_one_out.pairs(dataset.labels or ())
