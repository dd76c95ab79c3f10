"""`resight show PHOTO`: what the gallery knows of one image."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from resight.cli._names import quoted
from resight.cli._options import GalleryOption, JsonOption

GONE = "  (no longer there)"


def show(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="An indexed photo, by its path or address.")],
    gallery: GalleryOption = None,
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="How many of its nearest photos.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show what the gallery knows of one photo: its files, its descriptor, and the photos nearest to it."""
    from resight.cli._terminal import print_json, print_line
    from resight.gallery import Gallery, find_gallery
    from resight.searcher import Searcher

    with Gallery(find_gallery(gallery, photo)) as opened:
        known = Searcher(opened).show(photo, k).as_dict()
    if as_json:
        print_json(known)
        return
    for line in _told(known):
        print_line(line)


def _told(known: dict[str, Any]) -> list[str]:
    """The same for people."""
    width, height = known["size"]
    files = [
        f"{'copy' if i else 'photo':12}{quoted(name)}{GONE if name in known['gone'] else ''}"
        for i, name in enumerate(known["files"])
    ]
    lines = [
        *files,
        f"{'size':12}{width} x {height} pixels, upright",
        f"{'SHA-256':12}{known['sha256']}",
        *(f"{'warning':12}{word}" for word in known["warnings"]),
        f"{'descriptor':12}{_descriptor(known['rows'], known['regions'])}",
    ]
    if not known["nearest"]:
        return [*lines, "no other photo is in the gallery"]
    lines.append("nearest other photos")
    return lines + [
        f"{place:4d}  {hit['score']:6.3f}  {quoted(hit['path'])}{GONE if hit['gone'] else ''}"
        for place, hit in enumerate(known["nearest"], 1)
    ]


def _descriptor(rows: list[int], regions: list[Any] | None) -> str:
    if not rows:
        return "none: `resight verify` says why"
    what = f"one vector for each of {len(rows)} regions" if regions else "one vector for the whole photo"
    place = f"row {rows[0]}" if len(rows) == 1 else f"rows {rows[0]} to {rows[-1]}"
    return f"{what}; {place} of the gallery's vectors"
