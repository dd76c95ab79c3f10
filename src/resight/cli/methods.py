"""`resight methods [KIND]`: what a recipe can name."""

from __future__ import annotations

from typing import Annotated

import typer

from resight.cli._options import JsonOption


def methods(
    kind: Annotated[str, typer.Argument(help="Only this kind, such as poolings.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the methods that a recipe can name, each with its source."""
    from resight import methods as found
    from resight.cli._terminal import print_json, print_line

    known = {
        each: {name: found.summary(each, name) for name in found.names(each)}
        for each in ([kind] if kind else found.KINDS)
    }
    if as_json:
        print_json(known)
        return
    width = max(len(name) for ones in known.values() for name in ones) + 2
    for each, ones in known.items():
        print_line(each)
        for name, line in ones.items():
            print_line(f"  {name:{width}}{line}")
