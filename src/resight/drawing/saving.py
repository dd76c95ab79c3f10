"""A figure as the bytes of a PNG, SVG or PDF; the same figure gives the same bytes."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS = 150  # an inch, of a PNG
LONGEST = 2**16 - 1  # dots that matplotlib draws from edge to edge
SALT = "resight"  # the names of things inside an SVG come from it, not from chance
UNDATED: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "pdf": {"CreationDate": None},
}


@dataclass(frozen=True)
class Embedded:
    """A figure inside a page: `source` is a data URI, `width` in pixels, `alt` says what it shows."""

    source: str
    width: int
    alt: str


def save_bytes(figure: Figure, kind: str) -> bytes:
    """The bytes of a `png`, `svg` or `pdf`."""
    from matplotlib import rc_context

    data = io.BytesIO()
    with rc_context({"svg.hashsalt": SALT}), warnings.catch_warnings():
        # a name in a script that the font lacks is drawn with boxes, which is all that can be done
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        dots = min(DOTS, LONGEST / max(figure.get_size_inches()))
        figure.savefig(data, format=kind, dpi=dots, metadata=UNDATED[kind])
    return data.getvalue()


def embed(figure: Figure, alt: str) -> Embedded:
    """An SVG for a page, or a PNG where the figure shows photos, which is smaller then."""
    photos = any(axes.get_images() for axes in figure.axes)
    kind, mime = ("png", "image/png") if photos else ("svg", "image/svg+xml")
    source = base64.b64encode(save_bytes(figure, kind)).decode()
    return Embedded(f"data:{mime};base64,{source}", round(figure.get_figwidth() * 100), alt)
