"""Keeping prepared photos for the next fit, so that none of them passes the network again."""

from __future__ import annotations

import json

from resight.gallery.packing import packed
from resight.gallery.records import sample_name
from resight.gallery.transaction import Transaction
from resight.gallery.vectors import VectorFile
from resight.types import Prepared


class FitSampleWriter:
    """The writer's end of a `FitSample`."""

    def __init__(self, work: Transaction) -> None:
        self._work = work
        self._number = int(work.catalogue.fact("kept", 1))

    def put(self, image: int, prepared: Prepared) -> None:
        """Keep a prepared image for the next fit."""
        flat, shapes = packed(prepared)
        first, crc = self._work.append(self._file(), flat)
        self._work.later(
            "UPDATE images SET kept_first = ?, kept_shapes = ?, kept_crc = ? WHERE id = ?",
            first, json.dumps(shapes), crc, image,
        )  # fmt: skip

    def only(self, images: set[int]) -> None:
        """Forget what is kept of all other images; the room comes back at once."""
        others = [image for image in self._work.committed.fit_sample.images() if image not in images]
        for image in others:
            self._work.later(
                "UPDATE images SET kept_first = NULL, kept_shapes = NULL, kept_crc = NULL WHERE id = ?", image
            )
        self._work.commit()
        if others:
            self.rewrite()
            self._work.commit()
            self._work.delete_garbage()

    def rewrite(self) -> None:
        """Write what is kept for the next fit into a new file without gaps; lasts from the next commit on."""
        self._work.let_go(sample_name(self._number))
        self._number += 1
        self._work.set("kept", self._number)
        self._file(length=0)
        sample = self._work.committed.fit_sample
        for image, prepared in sample.prepared(sample.images()):
            self.put(image, prepared)

    def _file(self, length: int | None = None) -> VectorFile:
        length = int(self._work.catalogue.fact("kept_length", 0)) if length is None else length
        return self._work.file(sample_name(self._number), 1, length)
