"""Results as CSV, beside the commit and the machine that made them."""

from __future__ import annotations

import csv
import os
import platform
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).resolve().parent
# Another folder may take the rows: a test that runs a benchmark leaves the project's own results alone.
RESULTS = Path(os.environ.get("RESIGHT_RESULTS") or HERE.parent / "results")


def record(name: str, row: Mapping[str, object], key: Sequence[str]) -> None:
    """Put a row into results/NAME.csv, in place of the row with the same values under `key`."""
    with FileLock(Path(tempfile.gettempdir()) / f"resight-results-{name}.lock"):
        _put(RESULTS / f"{name}.csv", row, key)


def recorded(name: str) -> list[dict[str, str]]:
    """The rows of results/NAME.csv; none where it is not there yet."""
    return _rows(RESULTS / f"{name}.csv")


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf8", newline="") as file:
        return list(csv.DictReader(file))


def _put(path: Path, row: Mapping[str, object], key: Sequence[str]) -> None:
    text = {column: str(value) for column, value in {**row, **_made()}.items()}
    rows = [old for old in _rows(path) if any(old.get(k) != text[k] for k in key)]
    rows = sorted([*rows, text], key=lambda one: [one.get(k, "") for k in key])
    RESULTS.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(text), lineterminator="\n", extrasaction="ignore", restval="")
        writer.writeheader()
        writer.writerows(rows)


def _made() -> dict[str, str]:
    return {
        "machine": f"{os.cpu_count()} cores, {_processor()}",
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _processor() -> str:
    """The kind of processor, as Linux names it."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    wide = [word for word in ("amx_bf16", "avx512f", "avx2") if any(word in line for line in lines)]
    return " ".join([names[0] if names else platform.machine(), *wide[:1]])


def _commit() -> str:
    """The commit that is measured; a plus where the tree differs from it."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            capture_output=True, text=True, check=True, cwd=HERE,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()
