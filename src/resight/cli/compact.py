"""`resight compact`: give back the room of removed photos."""

from __future__ import annotations

import typer

from resight.cli._exit_codes import INTERRUPTED
from resight.cli._options import GalleryOption


def compact(gallery: GalleryOption = None) -> None:
    """Write the vectors anew without those of removed photos; searches go on meanwhile."""
    from resight import indexer
    from resight.cli._terminal import Terminal, print_line
    from resight.gallery import find_gallery

    with Terminal().watching() as terminal:
        given = indexer.compact(find_gallery(gallery), terminal)
    if given is None:
        print_line("Stopped before the end: nothing was changed.")
        raise typer.Exit(INTERRUPTED)
    print_line(f"Gave back {given:,} bytes.")
