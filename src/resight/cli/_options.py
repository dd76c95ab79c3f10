"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

GalleryOption = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time
    typer.Option("--gallery", help="The gallery; else the nearest .resight upward, else RESIGHT_GALLERY."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
EngineOption = Annotated[str, typer.Option(help="What runs the network: auto, openvino or torch.")]
WorkersOption = Annotated[Optional[int], typer.Option(min=1, help="Threads; by default one a core.")]  # noqa: UP045


def gallery_folder(named: Path | None) -> Path:
    """The gallery that a verb works on; a folder of photos stands for the gallery inside it."""
    from resight.gallery import find_gallery

    if named is None:
        return find_gallery(Path.cwd())
    inside = named / ".resight"
    return inside if inside.is_dir() and not (named / "catalogue.sqlite").exists() else named


def check_target(file: Path | None) -> None:
    """Say before the work that a file cannot be written after it: its folder is not there."""
    from resight.errors import StorageFailed

    if file is not None and not file.absolute().parent.is_dir():
        raise StorageFailed(f"There is no folder {file.parent} to write {file.name} to: make it first.")
