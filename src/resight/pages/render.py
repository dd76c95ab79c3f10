"""Templates of pages into bytes and files; whatever a template shows is escaped."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resight.drawing.writing import write_whole

if TYPE_CHECKING:
    from jinja2 import Environment


def write_page(path: Path, template: str, **values: Any) -> None:
    """Write a page whole; `template` is the name of a file of templates/ without its suffixes.

    A name that is not UTF-8 is shown with question marks. Raises StorageFailed.
    """
    write_whole(path, render(template, **values))


def render(template: str, **values: Any) -> bytes:
    """The page in UTF-8; a value that a template names and that is not given is an error."""
    text = _environment().get_template(f"{template}.html.j2").render(**values)
    return text.encode("utf8", "replace")


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("resight.pages"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
