"""What a gallery knows of one photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resight.codec import encode
from resight.gallery.records import StoredImage, StoredRows
from resight.types import Hit, Ranking


@dataclass(frozen=True)
class Shown:
    """An indexed photo: its image and rows, those of its files that are gone, and the photos nearest to it.

    `warnings` are what a user should know of it; `nearest` are hits, ranked from 1, without its own files.
    """

    image: StoredImage
    rows: StoredRows
    gone: tuple[str, ...]
    warnings: tuple[str, ...]
    nearest: tuple[Hit, ...]

    def as_dict(self) -> dict[str, Any]:
        """The one JSON object of `resight show --json` (docs/command.md)."""
        rows = self.rows
        return {
            "image": self.image.id,
            "files": list(self.image.files),
            "gone": list(self.gone),
            "size": [self.image.width, self.image.height],
            "sha256": self.image.sha256.hex(),
            "warnings": list(self.warnings),
            "rows": list(range(rows.first, rows.first + rows.count)),
            "regions": encode(rows.regions, places=1) if rows.regions else None,
            "nearest": Ranking("", "", self.nearest).as_dict()["hits"],
        }
