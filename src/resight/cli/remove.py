"""`resight remove FILE...`: take photos out of the gallery."""

from __future__ import annotations

from typing import Annotated

import typer

from resight.cli._names import quoted
from resight.cli._options import GalleryOption, JsonOption


def remove(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Paths, or globs over relative paths.")],
    gallery: GalleryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take photos out of the gallery; the files stay, and come back with `resight index --retry` only."""
    from resight import indexer
    from resight.cli._terminal import print_json, print_line
    from resight.gallery import find_gallery

    gone = indexer.remove(find_gallery(gallery), files)
    if as_json:
        print_json({"removed": gone})
        return
    for path in gone:
        print_line(f"removed {quoted(path)}")
