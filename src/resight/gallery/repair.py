"""Puts a damaged gallery right: what is damaged of a photo is forgotten, and described again."""

from __future__ import annotations

from resight.gallery.check import Finding
from resight.gallery.database import storage_errors
from resight.gallery.local import WIDTH
from resight.gallery.records import local_name, sample_name, vectors_name
from resight.gallery.snapshot import Snapshot
from resight.gallery.writer import Writer


def repair(writer: Writer, findings: list[Finding]) -> int:
    """Forget what is damaged of images, so that the next `index` makes it again; of how many images."""
    images = {finding.image for finding in findings if finding.image is not None and finding.damage}
    for finding in findings:
        if finding.image is not None and finding.kind == "local":
            writer.local.forget(finding.image)
        elif finding.image is not None and finding.damage:
            writer.forget_image(finding.image)
    writer.drop_orphans()
    _fill_up(writer.committed)
    return len(images)


def _fill_up(gallery: Snapshot) -> None:
    """Files that are cut short get their length again, now that the photos concerned are forgotten."""
    fact, current = gallery.catalogue.fact, gallery.generation
    lengths = {
        sample_name(int(fact("kept", 1))): 4 * int(fact("kept_length", 0)),
        local_name(int(fact("local", 1))): 4 * WIDTH * int(fact("local_rows", 0)),
    }
    if current and current.width:
        lengths[vectors_name(current.number)] = 4 * current.width * current.rows
    with storage_errors():
        for name, length in lengths.items():
            if length:
                with open(gallery.folder / name, "ab") as file:
                    if file.tell() < length:
                        file.truncate(length)
