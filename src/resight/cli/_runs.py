"""The runs that `resight evaluate` keeps, by their names; and one in a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from resight.errors import BadQuery, did_you_mean

if TYPE_CHECKING:
    from resight.evaluator import Evaluation


def run_file(name: str, results: Path) -> Path:
    """A run by its path, or by its name in RESULTS/runs; BadQuery where it is neither."""
    runs = results / "runs"
    for path in (Path(name), runs / name, runs / f"{name}.json"):
        if path.is_file():
            return path
    near = did_you_mean(name.removesuffix(".json"), [path.stem for path in runs.glob("*.json")])
    raise BadQuery(
        f"There is no run {name}, neither as a file nor in {runs}: `resight evaluate` keeps them, and "
        f"--results names another folder.{near}"
    )


def describe_run(run: Evaluation) -> str:
    """Recipe, re-rankers and data set: `default, then geometry, on photos`."""
    return f"{', then '.join([run.recipe, *run.facts['rerank']])}, on {run.dataset}"
