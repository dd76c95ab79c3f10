"""`resight fit`: fit the gallery's recipe anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from resight.cli._exit_codes import INTERRUPTED
from resight.cli._options import BatchOption, EngineOption, GalleryOption, WorkersOption


def fit(
    gallery: GalleryOption = None,
    fit_from: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="DIR", readable=False, help="Borrow the fit of another gallery."),
    ] = None,
    engine: EngineOption = "auto",
    workers: WorkersOption = None,
    batch: BatchOption = None,
) -> None:
    """Fit the recipe anew on the gallery's own photos, and describe them all with it; a rerun goes on."""
    from resight import indexer
    from resight.cli._terminal import Terminal, print_line
    from resight.gallery import find_gallery

    with Terminal().watching() as terminal:
        source = find_gallery(fit_from) if fit_from else None
        told = indexer.fit(
            find_gallery(gallery), source, engine=engine, workers=workers, batch=batch, progress=terminal
        )
    if told is None:
        print_line("Stopped before the end: `resight fit` goes on from here; searches use the old fit.")
        raise typer.Exit(INTERRUPTED)
    print_line(f"The recipe is now {told}.")
