"""Saves a figure as PNG, SVG, PDF, or a self-contained page, by the suffix of the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from resight.drawing.saving import embed, save_bytes
from resight.drawing.writing import write_whole
from resight.errors import BadSetting
from resight.pages.render import render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf", ".html")


def check_suffix(path: Path) -> None:
    """BadSetting unless the name of the file says what to write."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadSetting(f"A figure is written as {', '.join(SUFFIXES)}, so '{path.name}' must end so.")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as the suffix says; raises BadSetting or StorageFailed."""
    check_suffix(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind == "html":
        data = render("figure", title=path.stem, figure=embed(figure, path.stem))
    else:
        data = save_bytes(figure, kind)
    write_whole(path, data, "figure")
