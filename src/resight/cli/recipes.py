"""`resight recipes`: the recipes that ship with Resight."""

from __future__ import annotations

from typing import Annotated

import typer

from resight.cli._options import JsonOption


def recipes(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Print this recipe, to start your own from.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List the recipes that ship with Resight, or print one."""
    from resight import recipe
    from resight.cli._terminal import print_json, print_line

    if name:
        recipe.Recipe.load(name)
        for line in (recipe.FOLDER / f"{name}.toml").read_text(encoding="utf8").splitlines():
            print_line(line)
        return
    first = recipe.summaries()
    if as_json:
        print_json(first)
        return
    width = max(map(len, first)) + 2
    for found, line in first.items():
        print_line(f"{found:{width}}{line}")
