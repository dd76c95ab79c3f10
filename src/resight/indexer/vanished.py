"""Which photos are gone, and whether only a drive is: asked before anything is changed."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from dataclasses import dataclass, field

from resight.errors import BadImage, TooMuchVanished
from resight.gallery import Writer
from resight.gallery.changes import Changes
from resight.images.folder import Walk
from resight.indexer.away import find_away, record_drives
from resight.indexer.listed import Listed
from resight.roots import Folder, Listing, Root


@dataclass(frozen=True)
class Vanished:
    """Files of the gallery that are not there: those that are gone, and those in each folder that is away."""

    gone: list[str]
    away: dict[str, list[str]] = field(default_factory=dict)


def find_vanished(
    writer: Writer,
    root: Root,
    walk: Walk | Listing | Listed,
    changes: Changes,
    to_read: list[str],
    prune: bool,
) -> Vanished:
    """What has vanished since the last update; raises TooMuchVanished unless `prune` says it is meant."""
    vanished = changes.vanished(walk.unreadable)
    missed, away = vanished, dict[str, list[str]]()
    walked = walk if isinstance(walk, Walk) and root.is_there() else None
    if not isinstance(walk, Listed) and (walked or root.remote):
        missed = [path for path in vanished if not walk.exclude.covers(path)]
    if walked and isinstance(root, Folder):
        away = {} if prune else find_away(writer, root.place, walked, missed)
    staying = {path for files in away.values() for path in files}
    if not prune:
        gone = {*missed} - staying
        refuse_if_unmounted(
            writer, root, sorted(gone), [path for path in vanished if path not in gone], to_read, changes
        )
    if walked and isinstance(root, Folder):
        record_drives(writer, root.place, walked, prune)
    return Vanished([path for path in vanished if path not in staying], away)


def refuse_if_unmounted(
    writer: Writer,
    root: Root,
    vanished: list[str],
    aside: list[str],
    to_read: list[str],
    changes: Changes,
) -> None:
    """More than half of the photos gone, and not to be found elsewhere in the folder: likelier a drive.

    Of those that are set `aside` it is known why they are not there.
    """
    if not vanished:
        return
    images_aside = sum(1 for path in aside if writer.catalogue.image_of(path))
    known = writer.catalogue.count()["files"] - images_aside
    wanted, sizes = Counter[bytes](), set()
    if 2 * len(vanished) <= known:
        return
    for path in vanished:
        file = writer.catalogue.file(path)
        if file and file.image:
            wanted[writer.catalogue.image(file.image).sha256] += 1
            sizes.add(file.size)
    gone = wanted.total() - (wanted & _contents(root, to_read, sizes, changes)).total()
    if 2 * gone > known:
        raise TooMuchVanished(
            f"{gone} of {known} photos are gone from {root}, so nothing was changed: "
            f"{'look at the address' if root.remote else 'mount the drive'}, or say --prune if they are gone "
            "for good."
        )


def _contents(root: Root, paths: list[str], sizes: set[int], changes: Changes) -> Counter[bytes]:
    """How many of the files, of these sizes alone, have which content."""
    found: Counter[bytes] = Counter()
    for path in paths:
        with contextlib.suppress(BadImage, OSError):
            size, _ = changes.state(path) if root.remote else root.state(path)
            if size in sizes:
                found[hashlib.sha256(root.content(path)).digest()] += 1
    return found
