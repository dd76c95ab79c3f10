"""Where the real images with truth are: the one place that reads RESIGHT_TEST_DATA."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

DEFAULT = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def shared_data() -> Path | None:
    """The folder that RESIGHT_TEST_DATA names, by default `../shared/data`; None where it is absent."""
    folder = Path(os.environ.get("RESIGHT_TEST_DATA") or DEFAULT)
    return folder if (folder / "README.md").is_file() else None


def needed_data(so: str = "nothing is measured") -> Path:
    """The same; where it is absent the script ends and says so."""
    folder = shared_data()
    if folder is None:
        sys.exit(f"The shared data is absent (RESIGHT_TEST_DATA): {so}.")
    return folder


def truth(folder: Path) -> dict[str, str]:
    """A set's `groundtruth.csv`: relative path -> instance."""
    with (folder / "groundtruth.csv").open(encoding="utf8", newline="") as rows:
        return {row["path"]: row["instance"] for row in csv.DictReader(rows)}
