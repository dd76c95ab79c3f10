"""`resight figure KIND DATA`: the figures of the papers on any labelled folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from resight import methods
from resight.cli._evaluating import (
    DataArgument,
    DistractorsOption,
    FitFromOption,
    OverlapOption,
    RerankOption,
    RootOption,
    say_when_stopped,
)
from resight.cli._names import quoted
from resight.cli._options import EngineOption, WorkersOption
from resight.places import own_names


def figure(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help=f"Which one: {', '.join(own_names('figures'))}. `resight methods figures` says what "
            "each shows, and its settings, which follow a colon, as in sheets:queries=8,order=worst.",
        ),
    ],
    data: DataArgument,
    recipe: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            metavar="RECIPE", help="A recipe's name or TOML file; by default `default`. Repeatable."
        ),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="A .png, .svg, .pdf or .html file; by default KIND.png."),
    ] = None,
    root: RootOption = None,
    distractors: DistractorsOption = None,
    fit_from: FitFromOption = "",
    allow_overlap: OverlapOption = False,
    rerank: RerankOption = None,
    engine: EngineOption = "auto",
    workers: WorkersOption = None,
) -> None:
    """Draw a figure of a data set, and of recipes on it."""
    from resight.cli._evaluating import open_data
    from resight.cli._options import check_target
    from resight.cli._terminal import Terminal, print_line
    from resight.evaluator import Study
    from resight.pages.figure import check_suffix, save_figure
    from resight.recipe import Recipe

    draw = methods.find("figures", kind)
    target = out or Path(f"{draw.name}.png")
    check_suffix(target)
    check_target(target)
    _check_apart(target, Path(data))
    with Terminal().watching() as terminal:
        options = {
            "distractors": distractors or (), "fit_from": fit_from or None, "allow_overlap": allow_overlap,
            "rerank": rerank or (), "engine": engine, "workers": workers, "progress": terminal,
        }  # fmt: skip
        recipes = [Recipe.load(name) for name in recipe or ["default"]]
        with say_when_stopped(terminal):
            drawn = draw(Study(open_data(data, root), recipes, options))
        save_figure(drawn, target)
    print_line(f"Wrote {quoted(str(target))}")


def _check_apart(target: Path, photos: Path) -> None:
    """Say that a figure would be a photo of the folder that it is drawn of, and another one the next time."""
    from resight.errors import StorageFailed

    listed = (photos / "groundtruth.csv").exists()
    if photos.is_dir() and not listed and target.resolve().is_relative_to(photos.resolve()):
        raise StorageFailed(
            f"{target} would lie among the photos of {photos}, and be one of them the next time: name "
            "another place with --out."
        )
