"""`resight store push|status|drop GALLERY`: the rows of a gallery in a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resight.cli._ending import end
from resight.cli._options import GalleryArgument, JsonOption

if TYPE_CHECKING:
    from resight.indexer.holding import Holding


ACTIONS = ("push", "status", "drop")


def store(
    action: Annotated[
        str,
        typer.Argument(
            metavar="ACTION",
            help="push: bring what the store does not have; status: tell what it has; drop: take it away.",
        ),
    ],
    gallery: GalleryArgument = None,
    name: Annotated[
        str, typer.Option("--store", metavar="NAME", help="Another store than the gallery keeps.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Push the rows of a gallery to a store, tell what it has of them, or drop them there.

    A push that was stopped goes on, and the same again does nothing. Exit code 1: not all rows are there.
    """
    from resight.cli._terminal import Terminal, print_json, print_line
    from resight.errors import BadSetting, did_you_mean
    from resight.gallery import find_gallery
    from resight.indexer import holding

    if action not in ACTIONS:
        hint = did_you_mean(action, ACTIONS)
        raise BadSetting(f"`resight store` takes push, status or drop, not '{action}'.{hint}")
    folder = find_gallery(gallery)
    with Terminal(reading="the rows that are being sent").watching() as terminal:
        if action == "push":
            found = holding.push(folder, name, terminal)
        else:
            found = (holding.status if action == "status" else holding.drop)(folder, name)
        stopped = action == "push" and terminal.stopping()
    if as_json:
        print_json(_tell(folder, found) | {"dropped": action == "drop"})
    else:
        for line in _lines(found, action):
            print_line(line)
    end(terminal, stopped and not found.complete, action == "push" and not found.complete)


def _tell(folder: Path, found: Holding) -> dict[str, Any]:
    from dataclasses import asdict

    return {"gallery": str(folder.absolute()), **asdict(found), "complete": found.complete}


def _lines(found: Holding, action: str) -> list[str]:
    if action == "drop":
        return [f"{found.store}: dropped {sum(each.rows for each in found.held):,} rows."]
    lines = [f"{found.store}: {_judge(found)}"]
    for each in found.held:
        index = "with an index" if each.ready else "without an index yet"
        lines.append(f"  generation {each.generation}: {each.rows:,} rows, {index}")
    return lines


def _judge(found: Holding) -> str:
    if found.complete:
        return f"all {found.rows:,} rows of the gallery are there."
    there = max((each.rows for each in found.held if each.generation == found.generation), default=0)
    if there >= found.rows > 0:
        return f"all {found.rows:,} rows are there, but no index that can be used."
    return f"{there:,} of the {found.rows:,} rows of the gallery are there; others are compared one by one."
