"""`resight export RECIPE`: a recipe as one network for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from resight.cli._names import quoted
from resight.cli._options import JsonOption


def export(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name or TOML file.")] = "",
    size: Annotated[
        str, typer.Option(metavar="WIDTH,HEIGHT", help="Of the pictures that the network will take.")
    ] = "640,640",
    out: Annotated[Path, typer.Option(metavar="FILE", help="Ends in .onnx, or in .xml for OpenVINO.")] = Path(
        "network.onnx"
    ),
    gallery: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="DIR", readable=False, help="Its recipe and its fit, instead of RECIPE."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a recipe as one network, from pixels of one size to descriptors, and check that it agrees."""
    from resight.cli._terminal import print_json, print_line
    from resight.describing.describer import Describer, describer_like
    from resight.errors import BadSetting
    from resight.gallery import find_gallery, snapshot_of
    from resight.recipe import Recipe
    from resight.trainer.exporting import export as write

    try:
        width, height = (int(side) for side in size.split(","))
    except ValueError:
        raise BadSetting(f"A size is two whole numbers of pixels, as in 640,480, not '{size}'.") from None
    if bool(recipe) == bool(gallery):
        raise BadSetting("Name a recipe, or a gallery with --gallery.")
    if gallery:
        with snapshot_of(find_gallery(gallery)) as snapshot:
            describer = describer_like(snapshot)
    else:
        describer = Describer(Recipe.load(recipe))
    difference = write(describer, height, width, out)
    if as_json:
        print_json({"file": str(out), "difference": difference, "width": width, "height": height})
        return
    print_line(f"Wrote {quoted(str(out))}: it describes as the recipe does, to {difference:.1g}")
