"""Results on disk: a line a measure in evaluate.csv, and a file a run with every query, for `compare`."""

from __future__ import annotations

import csv
import io
import os
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from resight.errors import StorageFailed
from resight.evaluator.answers import Evaluation
from resight.evaluator.code_version import commit

COLUMNS = (
    "date", "run", "dataset", "data_hash", "queries", "photos", "distractors", "recipe", "rerank", "fit",
    "measure", "value", "marks", "ms_a_query", "fingerprint", "version", "commit",
)  # fmt: skip


def check(folder: Path) -> None:
    """See that results can be kept there: better said before the work than after it. Writes nothing."""
    table, there = folder / "evaluate.csv", folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise StorageFailed(f"Results cannot be written to {folder}: name another folder.")
    if not table.exists():
        return
    try:
        with table.open("r+", encoding="utf8", newline="") as file:
            header = next(csv.reader(file), list(COLUMNS))
    except (OSError, ValueError, csv.Error) as error:
        raise StorageFailed(f"Results cannot be added to {table} ({error}): name another folder.") from None
    if tuple(header) != COLUMNS:
        raise StorageFailed(f"{table} has other columns than Resight writes: name another folder.")


def keep(evaluation: Evaluation, folder: Path) -> Path:
    """Append to FOLDER/evaluate.csv, and write FOLDER/runs/NAME.json; returns the latter's path."""
    try:
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            run = _unused(folder / "runs", evaluation)
            evaluation.save(run)
            _append(folder / "evaluate.csv", _rows(evaluation, run.stem))
    except OSError as error:
        raise StorageFailed(f"The results in {folder} could not be written ({error.strerror}).") from None
    return run


def format_milliseconds(seconds: float) -> str:
    """Two digits that say something: `0.43 ms`, `7.1 ms`, `164 ms`."""
    value = 1000 * seconds
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2g} ms"


def _rows(evaluation: Evaluation, run: str) -> list[dict[str, object]]:
    facts = evaluation.facts
    common = {key: facts[key] for key in COLUMNS if key in facts} | {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": run,
        "dataset": evaluation.dataset,
        "recipe": evaluation.recipe,
        "rerank": " ".join(facts["rerank"]),
        "marks": "; ".join(evaluation.caveats),
        "ms_a_query": f"{1000 * facts['seconds']['a query']:.1f}",
        "commit": commit(),
    }
    return [common | {"measure": name, "value": f"{value:.6f}"} for name, value in evaluation.means.items()]


def _append(path: Path, rows: list[dict[str, object]]) -> None:
    """In one write, so that a kill leaves no half a line behind that others would be added to."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    if not path.exists() or not path.stat().st_size:
        writer.writeheader()
    writer.writerows(rows)
    with path.open("ab+") as file:
        size = file.seek(0, os.SEEK_END)
        cut = size and file.seek(size - 1) >= 0 and file.read(1) != b"\n"  # somebody's last line has no end
        file.write((b"\n" if cut else b"") + text.getvalue().encode("utf8", "backslashreplace"))


def _unused(folder: Path, evaluation: Evaluation) -> Path:
    """A name that says what was run: data set, recipe, re-rankers, and a number."""
    parts = [
        evaluation.dataset,
        evaluation.recipe,
        *(text.partition(":")[0] for text in evaluation.facts["rerank"]),
    ]
    name = "-".join("".join(c if c.isalnum() or c in "-_." else "_" for c in part) for part in parts)
    number = 1
    while (path := folder / f"{name}-{number}.json").exists():
        number += 1
    return path
