"""`merge`: shards that were described apart become part of their gallery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resight.errors import DescribedOtherwise, GalleryError
from resight.gallery import Snapshot, Writer, snapshot_of
from resight.gallery.merging import refuse_damaged, take_files
from resight.indexer.shard_writing import facts_of
from resight.indexer.store import keep_index
from resight.progress import Progress, Silent


@dataclass(frozen=True)
class Merged:
    """What a merge did: shards that are part of the gallery now, and counts of their files.

    So many were `described` there and taken, of so many the contents were known (`same`), so many `failed`
    there, and so many stayed as they were (`unchanged`). `again`: shards that had been merged before.
    """

    gallery: Path
    shards: int = 0
    again: int = 0
    described: int = 0
    same: int = 0
    failed: int = 0
    unchanged: int = 0
    local_features: int = 0
    interrupted: bool = False
    warnings: dict[str, int] = field(default_factory=dict)


def merge(gallery: Path | str, shards: Iterable[Path | str], progress: Progress | None = None) -> Merged:
    """Take shards into the gallery that they were described for; they themselves stay as they are.

    What is committed stays, and the same call goes on; a shard that was merged before is passed over. Raises
    DescribedOtherwise for a shard of another recipe, network or fit, and GalleryError for one that is of
    another gallery, damaged, or not whole: all shards are looked at before the first one is taken.
    """
    progress, folders = progress or Silent(), [Path(shard) for shard in shards]
    with Writer(gallery, must_exist=True) as writer:
        waiting = _due(writer, folders, progress)
        progress.start("Merging", sum(map(_count_files, waiting)))
        found = Merging(writer, progress)
        for folder in waiting:
            if not found.take(folder):
                break
        report = found.report(len(folders) - len(waiting))
    if not report.interrupted:
        keep_index(Path(gallery), progress)
    return report


class Merging:
    """Shards taken one after the other by a gallery's writer, with what they came to so far."""

    def __init__(self, writer: Writer, progress: Progress) -> None:
        self._writer, self._progress = writer, progress
        self._counts, self._warnings = Counter[str](), Counter[str]()
        self._interrupted = False

    def take(self, folder: Path) -> bool:
        """Take one shard in, and remember that; false where an end is asked for."""
        writer, counts = self._writer, self._counts
        with snapshot_of(folder) as shard:
            for taken in take_files(writer, shard):
                counts.update([taken.kind], local=taken.local)
                self._warnings.update(taken.warnings)
                self._progress.step(counts["failed"])
                writer.commit_if_due()
                if self._progress.stopping():
                    break
            else:
                writer.remember(_key(shard), 1)
                counts["shards"] += 1
                writer.drop_orphans()
                return True
        writer.commit()
        self._interrupted = True
        return False

    def report(self, again: int = 0) -> Merged:
        """What was done, where so many shards had been merged before."""
        counts = self._counts
        return Merged(
            self._writer.folder, counts["shards"], again, counts["taken"], counts["same"], counts["failed"],
            counts["kept"], counts["local"], self._interrupted, dict(sorted(self._warnings.items())),
        )  # fmt: skip


def _due(writer: Writer, folders: list[Path], progress: Progress) -> list[Path]:
    """The shards that are not merged yet; one that is named twice counts once."""
    progress.start("Checking shards", len(folders))
    found = []
    for folder in dict.fromkeys(folders):
        if is_due(writer, folder):
            found.append(folder)
        progress.step()
    return found


def is_due(writer: Writer, folder: Path) -> bool:
    """Whether a shard is not merged yet; raises GalleryError where it cannot be."""
    with snapshot_of(folder) as shard:
        refuse_other(writer.committed, shard, facts_of(shard))
        if writer.catalogue.fact(_key(shard)) is not None:
            return False
        refuse_damaged(shard)
        return True


def refuse_other(gallery: Snapshot, shard: Snapshot, facts: dict[str, Any]) -> None:
    """Raise GalleryError for a shard of another gallery, DescribedOtherwise for one of another fit."""
    again = f"describe it again with `resight index PHOTOS --shard`, for the gallery {gallery.folder}."
    if facts["gallery"] != str(gallery.catalogue.fact("id")):
        raise GalleryError(f"The shard {shard.folder} was described for another gallery: {again}")
    if shard.fingerprint == gallery.fingerprint:
        return
    theirs, ours = shard.catalogue.fact, gallery.catalogue.fact
    named = {"weights": "other weights", "pixel_path": "another pixel path", "precision": "another precision"}
    why = [words for key, words in named.items() if theirs(key) != ours(key)]
    if shard.recipe.sentence() != gallery.recipe.sentence():
        why = ["another recipe"]
    raise DescribedOtherwise(
        f"The shard {shard.folder} has {' and '.join(why) or 'another fit'} than its gallery: {again}"
    )


def _key(shard: Snapshot) -> str:
    return f"merged-{shard.catalogue.fact('id')}"


def _count_files(folder: Path) -> int:
    with snapshot_of(folder) as shard:
        return sum(1 for _ in shard.catalogue.files())
