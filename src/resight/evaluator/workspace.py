"""The gallery in which a data set is described, once for each recipe and fit, in the user's cache folder.

Safe to delete: the next evaluation describes anew. It is an ordinary gallery over a folder of links, so that
an evaluation that was killed goes on where it was.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resight import files, indexer
from resight.backbones._weights import locate
from resight.dataset import Dataset
from resight.describing.describer import Describer
from resight.errors import BadQuery, GalleryError, GalleryLocked, StorageFailed
from resight.gallery import Snapshot, snapshot_of
from resight.gallery.vectors import CutShort
from resight.images import PIXEL_PATH, SUFFIXES
from resight.images.folder import Walk
from resight.indexer import Report
from resight.indexer.walk import file_states
from resight.progress import Progress, Silent, Stopped
from resight.ranking import Numbers
from resight.recipe import Recipe
from resight.stores import EVERY_ROW

PATIENCE = 0.5  # seconds between two tries


@dataclass(frozen=True)
class Source:
    """Photos below a folder; `turns` are degrees clockwise that some must be turned by."""

    root: Path
    photos: tuple[str, ...]
    turns: tuple[tuple[str, int], ...] = ()

    def files(self) -> Iterator[str]:
        """The photos, each by its full path."""
        root = str(self.root.resolve())
        return (f"{root}/{photo}" for photo in self.photos)

    @classmethod
    def of(cls, data: Dataset) -> Source:
        """All photos of a data set, in its order."""
        return cls(data.root, data.photos, tuple(sorted(data.turns.items())))

    @classmethod
    def below(cls, folder: Path) -> Source:
        """Every photo in a folder."""
        found = tuple(sorted(path for path, _, _ in file_states(Walk(folder))))
        if not found:
            raise BadQuery(f"There is no photo in {folder}: files with {', '.join(sorted(SUFFIXES)[:4])} ...")
        return cls(folder, found)


@dataclass(frozen=True)
class Workspace:
    """A gallery of some sources; a photo's number is its place in the first, then in the next, and so on."""

    gallery: Path
    names: tuple[str, ...]

    def images(self, opened: Snapshot) -> Numbers:
        """(photos,): the image of each, -1 for one that could not be described."""
        found = {relative: image for relative, image, _ in opened.catalogue.files() if image is not None}
        return np.array([found.get(name, -1) for name in self.names], np.int64)


def describe(
    sources: Sequence[Source],
    recipe: Recipe,
    *,
    fit_from: Path | None = None,
    local_features: bool = False,
    engine: str = "auto",
    workers: int | None = None,
    batch: int | None = None,
    progress: Progress | None = None,
) -> Workspace:
    """Describe all photos that are not described yet; raises Stopped where the progress asks for an end."""
    for source in sources:
        if not source.root.is_dir():
            raise BadQuery(f"There is no folder {source.root}.")
    folder = cache() / _key(sources, recipe, fit_from)
    links = folder / "photos"
    names: list[str] = []
    turns: dict[str, int] = {}
    try:
        links.mkdir(parents=True, exist_ok=True)
        for number, source in enumerate(sources):
            _link(links / str(number), source.root)
            names += [f"{number}/{photo}" for photo in source.photos]
            turns |= {f"{number}/{photo}": degrees for photo, degrees in source.turns}
    except OSError as error:
        raise unwritable_cache(folder, error) from None
    index = functools.partial(
        indexer.index, links, folder / "gallery", recipe, fit_from=fit_from, only=names, turns=turns,
        local_features=local_features or None, engine=engine, workers=workers, batch=batch, progress=progress,
        prune=True, store=EVERY_ROW, noise=False,
    )  # fmt: skip
    try:
        report = _wait_turn(progress or Silent(), index)
    except CutShort:
        raise damaged_cache(folder, "a file is cut short") from None
    except StorageFailed as error:
        raise unwritable_cache(folder, error.__context__ or error) from None
    if report.interrupted:
        raise Stopped
    return Workspace(folder / "gallery", tuple(names))


def _wait_turn(progress: Progress, work: Callable[[], Report]) -> Report:
    """Work that only one process may do at a time: the others wait for their turn."""
    waited = False
    while True:
        try:
            return work()
        except GalleryLocked:
            if not waited:
                progress.say("Another evaluation describes the same photos: waiting for it.")
            waited = True
        if progress.stopping():
            raise Stopped
        time.sleep(PATIENCE)


def damaged_cache(folder: Path, what: str) -> GalleryError:
    """The error that says so."""
    return GalleryError(
        f"What earlier evaluations kept is damaged ({what}): delete {folder}, and evaluate again."
    )


def unwritable_cache(path: Path, error: BaseException) -> StorageFailed:
    """The error that says so, and what names another place."""
    why = getattr(error, "strerror", None) or error
    return StorageFailed(
        f"The cache {path} cannot be written ({why}): make room there, or name another folder in "
        f"{files.CACHE}."
    )


def cache() -> Path:
    """Where such galleries are kept; raises StorageFailed without a home folder."""
    return files.cache_folder() / "evaluations"


def _key(sources: Sequence[Source], recipe: Recipe, fit_from: Path | None) -> str:
    """Another key where anything differs that the descriptors depend on.

    The contents of photos are the gallery's own business, unless it fits the recipe on them: a fit must not
    outlive its photos unseen.
    """
    parts = [
        recipe.sentence(),
        [locate(backbone).key for backbone in recipe.backbones],
        PIXEL_PATH,
        recipe.precision,
        _fit(fit_from),
        *recipe.packages,
    ]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    fits = fit_from is None and bool(Describer(recipe).fitted_steps)
    for source in sources:
        digest.update(f"\n{source.root.resolve()}\n{source.turns}\n".encode("utf8", "surrogateescape"))
        for photo in source.photos:
            digest.update(f"{photo}\0".encode("utf8", "surrogateescape"))
            digest.update(_state(source.root / photo) if fits else b"")
    return digest.hexdigest()[:24]


def _state(photo: Path) -> bytes:
    """Another one where a file was changed, as far as its directory entry says."""
    try:
        status = photo.stat()
    except OSError:
        return b"none"
    return f"{status.st_size} {status.st_mtime_ns}".encode()


def _fit(gallery: Path | None) -> str:
    if gallery is None:
        return "its own"
    with snapshot_of(gallery) as opened:
        return (opened.generation.parameters if opened.generation else None) or "none"


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target.resolve():
        return
    link.unlink(missing_ok=True)
    with contextlib.suppress(FileExistsError):  # another evaluation made it meanwhile
        link.symlink_to(target.resolve(), target_is_directory=True)
