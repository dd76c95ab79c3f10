"""`resight show PHOTO`: what the gallery knows of one image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resight.cli._options import GalleryOption, JsonOption


def show(
    photo: Annotated[Path, typer.Argument(help="An indexed photo.")],
    gallery: GalleryOption = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many of its nearest photos.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show what the gallery knows of one photo: its row, its regions, its nearest photos."""
    from resight.cli._options import gallery_folder
    from resight.cli._terminal import print_json, print_line
    from resight.gallery import Gallery
    from resight.searcher import Searcher

    with Gallery(gallery_folder(gallery)) as opened:
        known = Searcher(opened).show(photo, k)
    if as_json:
        print_json(known)
        return
    nearest = known.pop("nearest")
    for key, value in known.items():
        print_line(f"{key:9} {', '.join(map(str, value)) if isinstance(value, list) else value}")
    print_line("nearest")
    for hit in nearest:
        print_line(f"{hit['rank']:4d}  {hit['score']:6.3f}  {hit['path']}")
