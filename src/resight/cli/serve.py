"""`resight serve GALLERY...`: a page and a REST service over galleries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from resight.cli._options import EngineOption


def serve(
    galleries: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(
            metavar="GALLERY", readable=False, help="Galleries, or folders of photos; else the nearest."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; other than loopback needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0: any that is free.")] = 8000,
    writable: Annotated[
        bool, typer.Option("--writable", help="Let requests add and remove photos, and mark them.")
    ] = False,
    marks: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Let requests mark photos, and keep the marks here."),
    ] = None,
    name: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="HOST", help="A further name that requests may call this host by. Repeatable."),
    ] = None,
    engine: EngineOption = "auto",
) -> None:
    """Serve a page and a REST service over galleries."""
    from resight.cli._terminal import write_sentence
    from resight.gallery import find_gallery
    from resight.serving.running import listen, run
    from resight.serving.settings import Settings

    folders = tuple(galleries or [find_gallery()])
    settings = Settings(folders, host, port, writable, marks, (), tuple(name or ()), engine)
    listening = listen(settings)
    address = f"http://{host}:{listening.getsockname()[1]}/"
    run(settings, listening, lambda: write_sentence(f"Serving on {address}"))
