"""Arguments and options of the verbs that evaluate, and how a data set is opened for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from resight.cli._exit_codes import INTERRUPTED

if TYPE_CHECKING:
    from resight.cli._terminal import Terminal
    from resight.dataset import Dataset

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="A folder whose sub-folders are instances, a CSV, or a set of `resight data`."
    ),
]
RootOption = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time
    typer.Option(metavar="DIR", help="Where a named data set is; else RESIGHT_DATA/NAME."),
]
DistractorsOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        metavar="DATA",
        help="More photos to be ranked: a folder, data set, or gallery of the same fit. Repeatable.",
    ),
]
FitFromOption = Annotated[
    str,
    typer.Option(
        metavar="DATA", help="What the recipe is fitted on: a gallery, folder or data set that is not tested."
    ),
]
OverlapOption = Annotated[
    bool, typer.Option("--allow-overlap", help="Fit on the photos that are tested; the result is marked.")
]
RerankOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        metavar="NAME",
        help="Re-rank, as in geometry:top=50; `resight methods rerankers` lists them. Repeatable.",
    ),
]
StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="NAME",
        help="What finds the first 100 of each ranking, as in faiss:recall=0.95; memory-map compares all.",
    ),
]
DeviateOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        metavar="NAME",
        help="Not by the protocol: full-queries, junk-counted, query-kept; the result is marked. Repeatable.",
    ),
]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Ask every query again, also those answered before a stop.")
]
ResultsOption = Annotated[
    Path,
    typer.Option(metavar="DIR", help="Where evaluate.csv and the run's file for `resight compare` are kept."),
]
PageOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        metavar="FILE", help="Write a page: measures, curves, the best and the worst queries in pictures."
    ),
]


@contextlib.contextmanager
def say_when_stopped(terminal: Terminal) -> Iterator[None]:
    """Say that the work goes on with the same command where it was stopped, and end with that exit code."""
    from resight.progress import Stopped

    try:
        yield
    except Stopped:
        terminal.say("Stopped before the end: what was done is kept, and the same command goes on.")
        raise typer.Exit(INTERRUPTED) from None


def open_data(data: str, root: Path | None) -> Dataset:
    """The data set that a verb works on."""
    from resight.datasets import open_dataset

    return open_dataset(data, root)


def check_order(recipe: str, data: str) -> None:
    """Refuse a folder, CSV or data set that stands where the recipe should."""
    from resight import recipe as recipes
    from resight.datasets._opening import is_dataset
    from resight.errors import BadQuery

    if recipe in recipes.names():
        return
    if not (Path(recipe).is_dir() or recipe.lower().endswith(".csv") or is_dataset(recipe.partition(":")[0])):
        return
    if data in recipes.names() or data.endswith(".toml"):
        raise BadQuery(f"The recipe comes first, then the data: `resight evaluate {data} {recipe}`.")
    raise BadQuery(
        f"The first argument is a recipe, and {recipe} is data: `resight recipes` lists the recipes, as in "
        f"`resight evaluate default {recipe}`."
    )
