"""INSTRE. Wang and Jiang, ACM TOMM 2015; as searched by Iscen, Tolias, Avrithis, Furon and Chum, CVPR 2017.

`gnd_instre.mat` is a file of MATLAB with three lists: `imlist`, the photos that are searched, `qimlist`, five
queries for each of 250 objects, and `gnd`, which has for each query `ok`, the places in `imlist` (from 1) of
what it should find, and `bbx`, its box. A photo is named by its path, as INSTRE-S1/01a_canada_book/001.jpg.
INSTRE-S1 and -S2 show one object each, INSTRE-M two.

`bbx` is read as two corners, x1 y1 x2 y2, as most public code has it; some reads x, y, width and height, as
the text files beside the photos do have it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from resight.dataset import BenchmarkQuery, Dataset, Numbers, Truth
from resight.datasets import _corners
from resight.datasets._named_photos import first_file, place_photos
from resight.datasets._photos_by_name import partial
from resight.errors import BadData, DataMissing
from resight.fetching.sources import Source
from resight.types import Box

HOME = "ftp://ftp.irisa.fr/local/texmex/corpus/instre"
NEEDED = (
    Source(
        "instre.tar.gz", f"{HOME}/instre.tar.gz",
        "the photos, about 2.3 GB; fetch it by hand, it has no address of http",
    ),
    Source(
        "gnd_instre.mat", f"{HOME}/gnd_instre.mat",
        "the truth; by hand, too; it is also in https://cmp.felk.cvut.cz/~iscenahm/files/test_script.zip",
    ),
)  # fmt: skip
ABOUT = (
    "28,543 photos of 250 things in cluttered places, in three parts, S1, S2 and M; for research, see "
    "http://isia.ict.ac.cn/dataset/instre.html."
)
FOLDERS = ("", "instre", "INSTRE", "INSTRE_release")
KEYS = ("imlist", "qimlist", "gnd")
PHOTOS, QUERIES = 27_293, 1_250


def instre(root: Path, *, queries: str = "crop") -> Dataset:
    """`queries`: "crop" to the box, as Iscen et al. have it, or "full"."""
    crop = _corners.crops("instre", queries)
    table = first_file(root, [f"{folder}/gnd_instre.mat".lstrip("/") for folder in FOLDERS])
    searched, asked, truths = _read(table)
    photos = place_photos(root, FOLDERS, (*searched, *asked), table)
    return Dataset(
        "instre", root, photos, np.arange(len(searched)),
        tuple(
            BenchmarkQuery(number, {"": Truth(right)}, box if crop else None, photos[number])
            for number, (right, box) in enumerate(truths, len(searched))
        ),
        ("map-trapezoid",),
        f"{len(asked)} queries {_corners.how(crop)}, which are not among the photos searched; AP by the "
        "trapezoid",
        caveats=(
            *partial("photos", len(searched), PHOTOS), *partial("queries", len(asked), QUERIES),
            *_corners.list_caveats(crop),
        ),
    )  # fmt: skip


def _read(table: Path) -> tuple[list[str], list[str], list[tuple[Numbers, Box]]]:
    """The photos that are searched, the queries, and what each of these should find, with its box."""
    content = _load(table)
    lists: list[Any] = [content.get(key) for key in KEYS]
    if not all(isinstance(each, np.ndarray | list) and len(each) for each in lists):
        raise BadData(f"{table} should hold the lists imlist, qimlist and gnd.")
    searched, asked = ([str(name).strip() for name in np.atleast_1d(each)] for each in lists[:2])
    if len(asked) != len(lists[2]):
        raise BadData(f"{table} has {len(asked)} queries, but the truth of {len(lists[2])}.")
    both = set(searched) & set(asked)
    if both:
        raise BadData(f"{table} searches the query '{min(both)}', which is not the split of 2017.")
    return searched, asked, [
        _truth(entry, len(searched), f"{table}, query {name}")
        for name, entry in zip(asked, lists[2], strict=True)
    ]  # fmt: skip


def _load(table: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    try:
        content: dict[str, Any] = loadmat(str(table), simplify_cells=True)
    except FileNotFoundError:
        raise DataMissing(f"There is no file {table}: `resight data instre` tells where to get it.") from None
    except OSError as error:
        raise BadData(f"{table} cannot be read: {error.strerror or error}.") from None
    except Exception as error:  # what it raises for a damaged file has no one type
        raise BadData(f"{table} is no file of MATLAB that can be read ({error}); get it again.") from None
    return content


def _truth(entry: Any, count: int, where: str) -> tuple[Numbers, Box]:
    if not isinstance(entry, dict) or not {"ok", "bbx"} <= entry.keys():
        raise BadData(f"{where}: the truth should say ok and bbx.")
    places = np.unique(np.atleast_1d(entry["ok"]).ravel())
    if not len(places) or places.dtype.kind not in "iuf" or not (places == places.astype(np.int64)).all():
        raise BadData(f"{where}: ok should be whole numbers of photos, at least one.")
    if places[0] < 1 or places[-1] > count:
        raise BadData(f"{where}: the {count} photos have numbers from 1, and here are others.")
    return places.astype(np.int64) - 1, _corners.corners(np.ravel(entry["bbx"]).tolist(), where)
