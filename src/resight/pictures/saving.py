"""Saves a figure as PNG, SVG, PDF, or a self-contained page; the same figure gives the same bytes."""

from __future__ import annotations

import base64
import html
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resight.errors import BadSetting
from resight.pictures.writing import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf", ".html")
DOTS = 150  # an inch, of a PNG
LONGEST = 2**16 - 1  # dots that matplotlib draws from edge to edge
SALT = "resight"  # the names of things inside an SVG come from it, not from chance
UNDATED: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "pdf": {"CreationDate": None},
}


def check_suffix(path: Path) -> None:
    """BadSetting unless the name of the file says what to write."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadSetting(f"A figure is written as {', '.join(SUFFIXES)}, so '{path.name}' must end so.")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as the suffix says; raises BadSetting or StorageFailed."""
    check_suffix(path)
    kind = path.suffix.lower().removeprefix(".")
    data = _page(figure, path.stem) if kind == "html" else drawn(figure, kind)
    write_whole(path, data, "figure")


def drawn(figure: Figure, kind: str) -> bytes:
    """The bytes of a `png`, `svg` or `pdf`."""
    from matplotlib import rc_context

    data = io.BytesIO()
    with rc_context({"svg.hashsalt": SALT}), warnings.catch_warnings():
        # a name in a script that the font lacks is drawn with boxes, which is all that can be done
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        dots = min(DOTS, LONGEST / max(figure.get_size_inches()))
        figure.savefig(data, format=kind, dpi=dots, metadata=UNDATED[kind])
    return data.getvalue()


def inside(figure: Figure, alt: str) -> str:
    """The figure as an element of a page: an SVG, or a PNG where it shows photos, which is smaller then."""
    photos = any(axes.get_images() for axes in figure.axes)
    kind, mime = ("png", "image/png") if photos else ("svg", "image/svg+xml")
    source = base64.b64encode(drawn(figure, kind)).decode()
    width = round(figure.get_figwidth() * 100)
    return f'<img src="data:{mime};base64,{source}" width="{width}" alt="{html.escape(alt)}">'


def _page(figure: Figure, name: str) -> bytes:
    title = html.escape(name)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        "<style>body { margin: 1rem; background: #fff } img { max-width: 100%; height: auto }</style>\n"
        f"</head>\n<body>\n{inside(figure, name)}\n</body>\n</html>\n"
    ).encode("utf8", "replace")
