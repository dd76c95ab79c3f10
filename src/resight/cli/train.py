"""`resight train RECIPE DATA`: fine-tune a recipe's networks for retrieval."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resight.cli._exit_codes import INTERRUPTED
from resight.cli._names import quoted
from resight.cli._options import JsonOption

if TYPE_CHECKING:
    from resight.trainer import Trained


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name or TOML file.")],
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A data set, CSV, or folder whose sub-folders are things.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder for all that the run leaves.")],
    plan: Annotated[str, typer.Option(metavar="PLAN", help="A training plan's name or TOML file.")] = "quick",
    without_labels: Annotated[
        bool, typer.Option("--without-labels", help="Any folder: learn from synthetic views of each photo.")
    ] = False,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Keep the network, and train a linear layer on what it gives.")
    ] = False,
    hold: Annotated[
        float, typer.Option(min=0, max=0.9, metavar="SHARE", help="Of the things, held out to measure on.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(metavar="N", help="Of all that is drawn.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in DIR.")] = False,
    half: Annotated[bool, typer.Option("--half", help="Write weights in half the bytes.")] = False,
    processes: Annotated[int, typer.Option(min=1, metavar="N", help="On this machine, for one run.")] = 1,
    licence: Annotated[
        str, typer.Option(metavar="TEXT", help="Of the photos, for the model card.")
    ] = "not stated",
    as_json: JsonOption = False,
) -> None:
    """Train a recipe for retrieval, on labels or on photos alone; DIR/recipe.toml is used like any other."""
    from resight import trainer
    from resight.cli._terminal import Terminal, print_json, print_line
    from resight.progress import Stopped

    chosen = "frozen-head" if frozen and plan == "quick" else plan
    with Terminal(reading="the step that is being done").watching() as terminal:
        try:
            found = trainer.train(
                recipe, data, out, plan=chosen, labels=False if without_labels else None, hold=hold,
                seed=seed, resume=resume, half=half, licence=licence, processes=processes, progress=terminal,
            )  # fmt: skip
        except Stopped:
            terminal.say(f"Stopped: the same command with --resume goes on. All is in {quoted(str(out))}")
            raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(dataclasses.asdict(found) | {"folder": str(found.folder), "recipe": str(found.recipe)})
        return
    for line in _describe(found):
        print_line(line)


def _describe(found: Trained) -> list[str]:
    lines = [f"{found.steps} steps, {found.pictures} pictures, {found.seconds / 60:.1f} minutes"]
    for name, value in found.before.items():
        after = found.after[name]
        said = "no gain" if after <= value else f"{after - value:+.4f}"
        lines.append(f"{name:16}{value:.4f} before, {after:.4f} after: {said}")
    if not found.before:
        lines.append("No photos were held out, so nothing was measured.")
    return [*lines, f"Use it: resight index PHOTOS --recipe {quoted(str(found.recipe))}"]
