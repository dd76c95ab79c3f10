"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

GalleryOption = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time
    typer.Option(
        "--gallery",
        metavar="DIR",
        readable=False,  # not typer's business: what may not be read is said in a sentence, with code 3
        help="The gallery; else the nearest .resight upward, else RESIGHT_GALLERY.",
    ),
]
GalleryArgument = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Argument(
        metavar="GALLERY",
        readable=False,
        help="A gallery, or its folder of photos; else the nearest .resight upward, or RESIGHT_GALLERY.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
EngineOption = Annotated[
    str, typer.Option(metavar="NAME", help="What runs the network: auto, openvino or torch.")
]
WorkersOption = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(min=1, metavar="N", help="Threads; by default one a core."),
]
BatchOption = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(
        min=1,
        metavar="N",
        help="How many photos of one shape go through the network at once; by default as many as suit a GPU, "
        "and one a thread on a CPU.",
    ),
]
MegapixelsOption = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option(min=1e-6, metavar="N", help="How many million pixels a photo may have; 200 at first."),
]

ChanceOption = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option(
        "--max-false-positives",
        metavar="P",
        help="Only hits that chance alone would put so high with this probability at most, such as 0.01.",
    ),
]


def check_page(file: Path | None) -> None:
    """Say before the work that a page cannot be written after it, or is not what its name says."""
    from resight.errors import BadSetting

    if file is not None and file.suffix.lower() not in (".html", ".htm"):
        raise BadSetting(f"A page is written as .html or .htm, so '{file.name}' must end so.")
    check_target(file)


def check_target(file: Path | None) -> None:
    """Say before the work that a file cannot be written after it, or would take the place of no file."""
    from resight.errors import StorageFailed

    if file is None:
        return
    if not file.absolute().parent.is_dir():
        raise StorageFailed(f"There is no folder {file.parent} to write {file.name} to: make it first.")
    if file.exists() and not file.is_file():
        raise StorageFailed(f"{file} is a folder or a device, and no file to be written: name another.")
