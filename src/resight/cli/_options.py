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
        help="The gallery; else the nearest .resight upward, else RESIGHT_GALLERY.",
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


def gallery_folder(named: Path | None, photo: Path | None = None) -> Path:
    """The gallery that a verb works on; a folder of photos stands for the gallery inside it.

    Without a name: the nearest from here upward, else RESIGHT_GALLERY's, else the nearest above `photo`.
    """
    from resight.errors import NoGallery
    from resight.gallery import find_gallery

    if named is None:
        try:
            return find_gallery(Path.cwd())
        except NoGallery:
            if photo is None:
                raise
            return find_gallery(photo.parent)
    inside = named / ".resight"
    return inside if inside.is_dir() and not (named / "catalogue.sqlite").exists() else named


def check_page(file: Path | None) -> None:
    """Say before the work that a page cannot be written after it, or is not what its name says."""
    from resight.errors import BadSetting

    if file is not None and file.suffix.lower() not in (".html", ".htm"):
        raise BadSetting(f"A page is written as .html or .htm, so '{file.name}' must end so.")
    check_target(file)


def check_target(file: Path | None) -> None:
    """Say before the work that a file cannot be written after it: its folder is not there."""
    from resight.errors import StorageFailed

    if file is not None and not file.absolute().parent.is_dir():
        raise StorageFailed(f"There is no folder {file.parent} to write {file.name} to: make it first.")
