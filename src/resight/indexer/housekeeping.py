"""Take photos out of a gallery, and give back the room that they took."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from resight.errors import BadQuery, GalleryError
from resight.gallery import Writer
from resight.gallery.changes import REMOVED
from resight.indexer.filling import filled
from resight.indexer.store import keep_index
from resight.names import composed
from resight.progress import Progress, Silent
from resight.roots import Folder, Root

COMMIT_EVERY = 20_000  # images


def remove(gallery: Path | str, wanted: Iterable[str]) -> list[str]:
    """Take files out of a gallery: paths, or globs over relative paths. The photos themselves stay.

    A removed file that is still in its folder does not come back until it changes, or `index --retry`.
    Returns the relative paths; raises BadQuery, with nothing changed, for one that is not in the gallery.
    """
    with Writer(gallery, must_exist=True) as writer:
        names = [path for path, _, failure in writer.catalogue.files() if failure != REMOVED]
        root, chosen = writer.catalogue.photos, set[str]()
        for want in wanted:
            found = _matching(root, names, want)
            if not found:
                raise BadQuery(f"'{want}' is not in the gallery {gallery}; nothing was removed.")
            chosen.update(found)
        for done, path in enumerate(sorted(chosen), 1):
            try:
                state = root.state(path)
            except OSError:
                writer.forget_file(path)
            else:
                writer.set_file(path, *state, failure=REMOVED)
            if done % COMMIT_EVERY == 0:
                writer.commit()
        writer.drop_orphans()
        return sorted(chosen)


def forget(writer: Writer, files: Iterable[str]) -> None:
    """Files are gone: they, and the images that no other file holds, leave the gallery."""
    for done, path in enumerate(files, 1):
        writer.forget_file(path)
        if done % COMMIT_EVERY == 0:
            writer.commit()
    writer.drop_orphans()


def compact(gallery: Path | str, progress: Progress | None = None) -> int | None:
    """Write the gallery's vectors anew without the deleted ones.

    Returns how many bytes that gave back; None, with nothing changed, if it was stopped.
    """
    progress = progress or Silent()
    with Writer(gallery, must_exist=True) as writer:
        current = writer.committed.generation
        if writer.generations.unfinished("fit"):
            raise GalleryError("A fit of this gallery is unfinished: end it with `resight fit` first.")
        if current is None:
            return 0
        writer.must_be_whole()
        before = _size(writer.folder)
        number = writer.generations.start("compact", current.parameters, current.provenance)
        images = writer.generations.waiting(number)
        progress.start("Compacting", len(images))
        copy = partial(writer.generations.copy, generation=number)
        if not filled(writer, images, copy, progress, COMMIT_EVERY):
            writer.generations.abandon(number)
            return None
        progress.start("Compacting local features", writer.committed.local_features.count())
        if not writer.local.rewrite(partial(_stepped, progress)):
            writer.generations.abandon(number)
            return None
        writer.fit_sample.rewrite()
        writer.generations.switch(number)
        writer.vacuum()
        given = before - _size(writer.folder)
    keep_index(Path(gallery), progress)
    return given


def _stepped(progress: Progress) -> bool:
    progress.step()
    return progress.stopping()


def _matching(root: Root, names: list[str], want: str) -> list[str]:
    spellings = {want.removeprefix("./").rstrip("/")}
    if isinstance(root, Folder):
        spellings |= _below(root.place, want)
    else:
        spellings.add(want.removeprefix(f"{root}/"))
    if found := [name for name in names if name in spellings]:
        return found
    alike = {composed(spelling) for spelling in spellings}
    forms = [(name, composed(name)) for name in names]
    found = [name for name, form in forms if form in alike]
    return found or [name for name, form in forms if any(fnmatch.fnmatchcase(form, glob) for glob in alike)]


def _below(root: Path, want: str) -> set[str]:
    """A path from here or from the root, as relative ones."""
    found = set[str]()
    for start in (Path.cwd(), root):
        absolute = Path(os.path.normpath(start / want))
        for base in (root, root.resolve()):
            if absolute.is_relative_to(base):
                found.add(absolute.relative_to(base).as_posix())
    return found


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
