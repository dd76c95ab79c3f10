"""`resight serve GALLERY...`: a page and a REST service over galleries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from resight.cli._options import EngineOption, WorkersOption

GalleriesArgument = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Argument(
        metavar="GALLERY", readable=False, help="Galleries, or folders of photos; else the nearest."
    ),
]
HostOption = Annotated[
    str, typer.Option(metavar="ADDRESS", help="Where to listen; other than loopback needs a token.")
]
PortOption = Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0: any that is free.")]
WritableOption = Annotated[
    bool, typer.Option("--writable", help="Let requests add and remove photos, and mark them.")
]
MarksOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(metavar="FILE", help="Let requests mark photos, and keep the marks here."),
]
NameOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(metavar="HOST", help="A further name that requests may call this host by. Repeatable."),
]
TokenOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        metavar="FILE", help="Tokens, one a line, of which every request needs one; else RESIGHT_TOKEN."
    ),
]
RateOption = Annotated[
    float, typer.Option(min=0, metavar="N", help="Requests a second of one token, or address; 0: any number.")
]
UploadOption = Annotated[
    int, typer.Option(min=1, max=1024, metavar="N", help="How large an uploaded file may be.")
]


def serve(
    galleries: GalleriesArgument = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    writable: WritableOption = False,
    marks: MarksOption = None,
    name: NameOption = None,
    token_file: TokenOption = None,
    rate: RateOption = 0.0,
    upload_megabytes: UploadOption = 64,
    workers: WorkersOption = None,
    engine: EngineOption = "auto",
) -> None:
    """Serve a page and a REST service over galleries."""
    from resight.cli._terminal import write_sentence
    from resight.gallery import find_gallery
    from resight.processors import processors
    from resight.serving.running import listen, run
    from resight.serving.settings import Limits, Settings
    from resight.serving.starting import must_be_installed, must_be_safe, read_tokens

    must_be_installed()
    folders = tuple(galleries or [find_gallery()])
    settings = Settings(
        folders, host, port, writable, marks, read_tokens(token_file), tuple(name or ()), engine,
        workers or processors(), Limits(upload_bytes=upload_megabytes << 20, rate=rate),
    )  # fmt: skip
    must_be_safe(settings)
    listening = listen(settings)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/"
    run(settings, listening, lambda: write_sentence(f"Serving on {address}"))
