"""The photos of a set whose truth names them without folder and suffix, wherever they were unpacked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from resight.datasets._listing import photos_under
from resight.errors import BadData, DataMissing

SUFFIXES = (".jpg", ".jpeg")
NAME = re.compile(r"[A-Za-z0-9_-]+")


def photos_by_name(name: str, root: Path, choices: Sequence[tuple[str, ...]]) -> dict[str, str]:
    """The name of each photo, without its suffix, and its path relative to `root`; sorted by name.

    `choices` are folders of `root` that together hold the photos, in sub-folders or not, "" being `root`
    itself: the first choice with any photo is taken. `DataMissing` if there is none, `BadData` if two
    photos have one name.
    """
    for folders in choices:
        paths = [path for folder in folders for path in _jpegs(root, folder)]
        if paths:
            return _named(root, paths)
    looked = ", ".join(str(root / folder) for folders in choices for folder in folders)
    raise DataMissing(f"No photos (.jpg) are in {looked}: `resight data {name}` tells where to get them.")


def check_name(text: object, where: str) -> str:
    """A name that a file of truth may give to a photo: no path, so that nothing outside can be named."""
    if not isinstance(text, str) or not NAME.fullmatch(text):
        raise BadData(f"{where}: '{text}' is no name of a photo, as 'radcliffe_camera_000519' is.")
    return text


def must_be_here(name: str, needed: Iterable[str], here: Iterable[str], root: Path) -> None:
    """`DataMissing` with the first of the photos that the truth names, but that are not there."""
    gone = sorted(set(needed).difference(here))
    if gone:
        raise DataMissing(
            f"{len(gone)} photos that the truth of {name} names are not in {root}: {', '.join(gone[:3])}"
            f"{' ...' if len(gone) > 3 else ''}. `resight data {name}` tells where to get them."
        )


def partial(what: str, found: int, *published: int, rounded: bool = False) -> tuple[str, ...]:
    """A caveat that says how many are here of those that were published; none if it is one of these numbers.

    `rounded`: the number that was published is a round one, so a tenth less or more gives no caveat.
    """
    if rounded:
        near = abs(found - published[-1]) <= published[-1] / 10
        return () if near else (f"{found} of about {published[-1]} {what} are here",)
    return () if found in published else (f"{found} of {published[-1]} {what} are here",)


def _jpegs(root: Path, folder: str) -> list[str]:
    if not (root / folder).is_dir():
        return []
    inside = photos_under(root / folder)
    return [f"{folder}/{path}".lstrip("/") for path in inside if path.lower().endswith(SUFFIXES)]


def _named(root: Path, paths: list[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for path in paths:
        stem = path.rpartition("/")[2].rpartition(".")[0]
        if stem in named:
            raise BadData(f"Two photos in {root} are called {stem}: '{named[stem]}' and '{path}'. Keep one.")
        named[stem] = path
    return dict(sorted(named.items()))
