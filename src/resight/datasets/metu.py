"""METU trademarks, version 2. Tursun, Aker and Kalkan, arXiv:1701.05766.

The layout is that of the evaluation code of its authors (github.com/neouyghur/METU-TRADEMARK-DATASET): a
folder `queries` of 417 logos, in which the number before `.jpg`, as the 12 of `name-12.jpg`, is the group,
1 to 35; and a folder `pool` of the 922,926 other trademarks, whose names say nothing. How an archive that is
sent by mail is laid out is not documented in public: move its folders to these names, or give theirs.
A query looks for the others of its group among all trademarks. It is left out of its own ranking, which the
authors' code does not do.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from resight.dataset import Dataset
from resight.datasets._leave_one_out import leave_one_out
from resight.datasets._listing import photos_under
from resight.errors import BadData, BadSetting, DataMissing
from resight.fetching.sources import Source

ASK = (
    "asked for by mail from Sinan Kalkan (skalkan at ceng.metu.edu.tr), for researchers at universities, "
    "through the adviser's address"
)
NEEDED = (
    Source("queries", "", f"417 .jpg logos whose names end in the number of their group; {ASK}"),
    Source("pool", "", f"the other 922,926 trademarks; {ASK}"),
)
ABOUT = (
    "923,343 trademarks with 417 queries in 35 groups, for research at universities only, asked for by mail."
)
PUBLISHED = (417, 35, 923_343)


def metu(root: Path, *, queries: str = "queries", pool: str = "pool") -> Dataset:
    """All trademarks, the queries first; `queries` and `pool` name the two folders in `root`."""
    for name in (queries, pool):
        if not (root / name).is_dir():
            raise DataMissing(
                f"There is no folder {root / name}: METU is read from a folder of queries, whose names end "
                "in the number of their group, and a folder of all other trademarks."
            )
    _check_apart(root / queries, root / pool)
    asked = [f"{queries}/{path}" for path in photos_under(root / queries)]
    photos = (*asked, *(f"{pool}/{path}" for path in photos_under(root / pool)))
    groups = [_group(path) for path in asked]
    labels = (*groups, *[""] * (len(photos) - len(asked)))
    questions = leave_one_out(labels, photos)
    if not questions:
        raise BadData(f"No two queries in {root / queries} are of one group.")
    counts = (len(asked), len(set(groups)), len(photos))
    return Dataset(
        "metu", root, photos, np.arange(len(photos)), questions, ("map@100", "nar"),
        "queries by group among all trademarks, the query left out",
        caveats=() if counts == PUBLISHED else (_told(counts),), labels=labels,
    )  # fmt: skip


def _check_apart(queries: Path, pool: Path) -> None:
    """Refuse folders of which one holds the other: a photo would be ranked twice, and find itself."""
    one, other = queries.resolve(), pool.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise BadSetting(
            f"'metu' takes two folders that lie apart for queries and pool, not {one} and {other}."
        )


def _group(path: str) -> str:
    found = re.search(r"(\d+)\.[A-Za-z]+$", path)
    if not found:
        raise BadData(
            f"'{path}' names no group: a query of METU ends in its group's number, as 'name-12.jpg'."
        )
    return str(int(found[1]))


def _told(counts: tuple[int, int, int]) -> str:
    told = "{:,} queries in {} groups and {:,} trademarks"
    return f"METU has {told.format(*PUBLISHED)}; here are {told.format(*counts)}"
