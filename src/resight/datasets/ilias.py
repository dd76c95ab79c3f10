"""ILIAS, instance-level image retrieval at scale. Kordopatis-Zilos et al., CVPR 2025.

`image_ids/image_query_ids.txt` and `image_ids/positive_ids.txt` name a photo a line, up to a comma; photos
lie below `ilias_core`, as bold_bimp_000/query/Q000_00.jpg and bold_bimp_000/pos/P000_00.jpg. A query looks
for the positives of its object, the first folder of its path. Its box, one or several lines of x y width
height, is in Q000_00_bbox.txt beside it. Distractors are shards of 100,000 photos: the archive
yfcc100m-000000.tar and so on, each unpacked into a folder of its own, yfcc100m/yfcc100m-000000. mini-ILIAS
has those five million whose names `mini_ilias_yfcc100m_ids.txt` gives, one a line and without .jpg.

mAP@1k is the finite sum over the first 1,000 ranks, divided by the smaller of 1,000 and the number of
positives: what the code of its makers gets as AP among the hits, times hits / min(k, positives). The mean is
over the image queries, not over objects. Queries in words are not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from resight.dataset import BenchmarkQuery, Dataset, Truth
from resight.datasets import _corners
from resight.datasets._leave_one_out import members
from resight.datasets._listing import photos_under
from resight.datasets._named_photos import place_photos
from resight.datasets._photos_by_name import SUFFIXES, partial
from resight.datasets._text import lines
from resight.errors import BadData, BadSetting, DataMissing
from resight.fetching.sources import Source
from resight.types import Box

HOME = "https://vrg.fel.cvut.cz/ilias_data"
SHARDS = 1_000
TABLES = ("image_ids/image_query_ids.txt", "image_ids/positive_ids.txt")
MINI = "image_ids/mini_ilias_yfcc100m_ids.txt"
FOLDERS = ("ilias_core", "")
Distractors = tuple[list[str], str, tuple[str, ...]]  # their paths, which they are, and the caveats
COUNTS = {"queries": 1_232, "positives": 4_715, "objects": 1_000}


def _shard(number: int) -> str:
    """The archive of a shard in a folder of its own; names as public code has them, such as ELViS."""
    name = f"yfcc100m-{number:06d}"
    return f"yfcc100m/{name}/{name}.tar"


NEEDED = (
    *(Source(table, f"{HOME}/{table}", "a photo a line") for table in TABLES),
    Source(MINI, f"{HOME}/{MINI}", "the distractors of ilias:mini=true"),
    Source("ilias_core.tar", f"{HOME}/ilias_core.tar", "queries, positives and their boxes"),
    *(
        Source(_shard(number), f"{HOME}/yfcc100m/{Path(_shard(number)).name}", "100,000 distractors, 6 GB")
        for number in range(SHARDS)
    ),
)
ABOUT = (
    "1,232 queries and 4,715 photos of 1,000 objects, some CC BY 4.0 and some as their pages say, and 100 "
    "million distractors from YFCC100M, 6.3 TB."
)
DIFFERS = (
    "photos of equal score are ranked one after another; the code of ILIAS gives all of them the precision "
    "at the last",
    "a query that cannot be described counts 0; the code of ILIAS leaves it out",
)


def ilias(root: Path, *, shards: int = 0, mini: bool = False, queries: str = "full") -> Dataset:
    """`shards`: rank so many shards of distractors, too, from the first; the protocol has all 1,000.

    `mini`: rank the distractors of mini-ILIAS instead, from any shards that are there. `queries`: "full", as
    global descriptors are compared in the paper, or "crop" to the union of the boxes.
    """
    crop = _corners.crops("ilias", queries)
    asked, positives = (_named(root / table) for table in TABLES)
    photos = place_photos(root, FOLDERS, (*positives, *asked), root / TABLES[1])
    distractors, ranked, partly = _mini(root, shards) if mini else _first(root, shards)
    first = len(positives) + len(distractors)
    searched, own = photos[: len(positives)], photos[len(positives) :]
    found = zip(own, _truths(root, asked, positives), strict=True)
    return Dataset(
        "ilias", root, (*searched, *distractors, *own), np.arange(first),
        tuple(
            BenchmarkQuery(number, {"": truth}, _box(root, path) if crop else None, path)
            for number, (path, truth) in enumerate(found, first)
        ),
        ("map@1000",),
        f"image queries {_corners.how(crop)}, which are not among the photos searched; {ranked}",
        caveats=(
            *(("queries are cropped; global descriptors are compared on whole ones",) if crop else ()),
            *partly,
            *partial("queries", len(asked), COUNTS["queries"]),
            *partial("positives", len(positives), COUNTS["positives"]),
            *partial("objects", len(set(map(_object, positives))), COUNTS["objects"]),
            *DIFFERS,
        ),
    )  # fmt: skip


def _object(name: str) -> str:
    return name.partition("/")[0]


def _truths(root: Path, asked: Sequence[str], positives: Sequence[str]) -> list[Truth]:
    """What each query should find, as places in `positives`."""
    groups = members([_object(name) for name in positives])
    for name in asked:
        if _object(name) not in groups:
            raise BadData(f"{root / TABLES[1]} has no photo for the query '{name}'; get it again.")
    return [Truth(groups[_object(name)]) for name in asked]


def _named(table: Path) -> list[str]:
    """The first column of a list; what the others say of scale and clutter is not used."""
    found = [
        text.partition(",")[0].strip()
        for _, text in lines(table, "`resight data ilias` tells where to get it.")
    ]
    if not found:
        raise BadData(f"{table} names no photo; get it again.")
    return found


def _first(root: Path, shards: int) -> Distractors:
    """Those of the first `shards`; each of these must be there."""
    if not 0 <= shards <= SHARDS:
        raise BadSetting(f"'ilias' takes a number of shards from 0 to {SHARDS}, not {shards}.")
    found: list[str] = []
    for number in range(shards):
        photos = _inside(root, number)
        if not photos:
            raise DataMissing(
                f"There are no photos (.jpg) in {(root / _shard(number)).parent}: `resight data ilias` tells "
                "where to get the shard that belongs there, or ask for fewer with ilias:shards=N."
            )
        found += photos
    ranked = f"{shards} of {SHARDS} shards of distractors"
    return found, ranked, (f"{ranked} are ranked",) if shards < SHARDS else ()


def _mini(root: Path, shards: int) -> Distractors:
    """Those of mini-ILIAS that lie in any shard."""
    if shards:
        raise BadSetting("'ilias' takes 'shards' or 'mini', not both.")
    chosen = set(_named(root / MINI))
    inside = (path for number in range(SHARDS) for path in _inside(root, number))
    found = [path for path in inside if PurePosixPath(path).stem in chosen]
    few = (f"{len(found)} of {len(chosen)} distractors of mini-ILIAS are here",)
    return found, "the distractors of mini-ILIAS", few if len(found) < len(chosen) else ()


def _inside(root: Path, number: int) -> list[str]:
    """The photos of a shard; none where it is not there."""
    folder = PurePosixPath(_shard(number)).parent
    inside = photos_under(root / folder) if (root / folder).is_dir() else []
    return [f"{folder}/{path}" for path in inside if path.lower().endswith(SUFFIXES)]


def _box(root: Path, photo: str) -> Box:
    """The union of the boxes of a query."""
    table = root / f"{photo.rpartition('.')[0]}_bbox.txt"
    sides = []
    for line, text in lines(table, "`resight data ilias` tells where to get it."):
        where = f"{table}, line {line}"
        try:
            x, y, width, height = map(float, text.split())
        except ValueError:
            raise BadData(f"{where}: a box is four numbers x y width height, not '{text}'.") from None
        box = _corners.corners((x, y, x + width, y + height), where)
        sides.append((box.x, box.y, box.x + box.width, box.y + box.height))
    if not sides:
        raise BadData(f"{table} holds no box; get it again.")
    left, top, right, bottom = (list(side) for side in zip(*sides, strict=True))
    return _corners.corners((min(left), min(top), max(right), max(bottom)), str(table))
