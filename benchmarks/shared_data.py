"""Where the real images with truth are: the one place that reads RESIGHT_TEST_DATA."""

from __future__ import annotations

import csv
import os
from pathlib import Path

DEFAULT = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def shared_data() -> Path | None:
    """The folder that RESIGHT_TEST_DATA names, by default `../shared/data`; None where it is absent."""
    folder = Path(os.environ.get("RESIGHT_TEST_DATA") or DEFAULT)
    return folder if (folder / "README.md").is_file() else None


def truth(folder: Path) -> dict[str, str]:
    """A set's `groundtruth.csv`: relative path -> instance."""
    with (folder / "groundtruth.csv").open(encoding="utf8", newline="") as rows:
        return {row["path"]: row["instance"] for row in csv.DictReader(rows)}
