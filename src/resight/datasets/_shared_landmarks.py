"""Landmarks of Google Landmarks v2 clean that Oxford and Paris test. Song et al., CVPR 2024 (2404.01524).

The authors found such landmarks for 36 of the 70 queries of ROxford5k and for 38 of the 70 of RParis6k, and
took 17 landmarks with 1,565 photos out of Google Landmarks v2 clean (github.com/dealicious-inc/RGLDv2-clean).
They publish what is left, as a table of photos; which 17 they took out is printed nowhere that we could read.
So no list is shipped. It is read from `shared_landmarks.csv` in the folder of google-landmarks-v2-clean: the
column `landmark_id`, and, if it is known, `dataset`: roxford5k or rparis6k; empty stands for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from resight.datasets._opening import home
from resight.errors import BadData, BadPlan, DataMissing

TESTED = {"oxford5k": "roxford5k", "roxford5k": "roxford5k", "paris6k": "rparis6k", "rparis6k": "rparis6k"}
TRAINED = "google-landmarks-v2-clean"
LIST = "shared_landmarks.csv"
SHOWN = 5  # ids in an error


def shared_landmarks(data_set_name: str, table: Path | None = None) -> frozenset[int]:
    """The landmark ids of Google Landmarks v2 clean that a data set tests; none but for Oxford and Paris.

    `data_set_name`: with settings or not, as "roxford5k:queries=full". `table`: the list; left out, it is
    `shared_landmarks.csv` in the folder of google-landmarks-v2-clean below $RESIGHT_DATA. Raises DataMissing
    where the list is needed and not there, BadData where it cannot be read.
    """
    tested = TESTED.get(_plain(data_set_name))
    if tested is None:
        return frozenset()
    return frozenset(landmark for landmark, each in _read(table or _find()) if each in ("", tested))


def refuse_shared(classes: Sequence[str | int], tested: str, table: Path | None = None) -> None:
    """Raise BadPlan if any of the `classes` to train on is a landmark that the data set `tested` tests.

    `classes`: landmark ids of Google Landmarks v2, as numbers or as its labels; what is no number is no
    landmark. Classes of another data set must not be given: their numbers mean something else, those of
    Google Landmarks v1, too. Where none is a number, or `tested` is neither Oxford nor Paris, no list is
    read. `table`, and what else is raised, as in `shared_landmarks`.
    """
    landmarks = _numbers(classes)
    shared = sorted(landmarks & shared_landmarks(tested, table)) if landmarks else []
    if shared:
        shown = ", ".join(map(str, shared[:SHOWN])) + (" ..." if len(shared) > SHOWN else "")
        raise BadPlan(
            f"{len(shared)} of the classes to train on are landmarks that {_plain(tested)} tests ({shown}): "
            "leave them out, or validate on another data set."
        )


def _plain(name: str) -> str:
    return name.partition(":")[0].replace("_", "-")


def _numbers(classes: Iterable[str | int]) -> frozenset[int]:
    return frozenset(int(each) for each in {str(each) for each in classes} if each.isdecimal())


def _find() -> Path:
    try:
        return home(TRAINED) / LIST
    except DataMissing:
        raise DataMissing(
            f"Which landmarks of {TRAINED} are tested is read from {LIST} in the folder {TRAINED} below the "
            "one that RESIGHT_DATA names: set it, or name the list."
        ) from None


def _read(table: Path) -> list[tuple[int, str]]:
    from resight.datasets._rows import rows

    if not table.is_file():
        raise DataMissing(
            f"There is no list {table} of the landmarks that Oxford and Paris test: write it, with the "
            f"column landmark_id, from the landmarks of {TRAINED} that RGLDv2-clean leaves out."
        )
    found = []
    for line, (landmark, tested) in rows(table, ("landmark_id",), ("dataset",)):
        if not landmark.isdecimal():
            raise BadData(f"{table}, line {line}: a landmark_id is a whole number, not '{landmark}'.")
        name = TESTED.get(_plain(tested), tested)
        if name not in ("", *TESTED.values()):
            raise BadData(f"{table}, line {line}: a dataset is roxford5k, rparis6k or empty, not '{tested}'.")
        found.append((int(landmark), name))
    if not found:
        raise BadData(f"{table} names no landmark: write one a line below landmark_id.")
    return found
