"""`resight duplicates GALLERY`: which photos are one picture, and which show one thing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from resight.cli._names import quoted
from resight.cli._options import GalleryArgument, JsonOption

if TYPE_CHECKING:
    from resight.duplicates import Group
    from resight.gallery import Snapshot


def duplicates(
    gallery: GalleryArgument = None,
    level: Annotated[
        str,
        typer.Option(metavar="NAME", help="copies: of one picture; same: of one thing; all: both."),
    ] = "all",
    html: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Write the groups as a page with pictures."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Group the photos of a gallery that are copies of one picture, and those that show one thing."""
    from resight.cli._evaluating import say_when_stopped
    from resight.cli._options import check_page
    from resight.cli._terminal import Terminal, print_json
    from resight.duplicates import LEVELS, groups
    from resight.gallery import find_gallery, snapshot_of

    check_page(html)
    asked = LEVELS if level == "all" else (level,)
    with Terminal().watching() as terminal, snapshot_of(find_gallery(gallery)) as opened:
        with say_when_stopped(terminal):
            found = [group for each in asked for group in groups(opened, each, terminal)]
        if html:
            from resight.pages.duplicates import write_duplicates

            write_duplicates(html, opened, found)
            terminal.say(f"Wrote {html}")
        told = [_tell(opened, each) for each in found]
    if as_json:
        print_json({"groups": told})
    else:
        _print(told)


def _tell(opened: Snapshot, group: Group) -> dict[str, Any]:
    """As JSON has it."""
    images = [{"id": image, "files": opened.catalogue.files_of(image)} for image in group.images]
    return {"level": group.level, "reason": group.reason, "images": images}


def _print(told: list[dict[str, Any]]) -> None:
    """The same for people: a line a group, then its files."""
    from resight.cli._terminal import print_line

    for group in told:
        files = [file for image in group["images"] for file in image["files"]]
        print_line(f"{group['level']}: {len(files)} files ({group['reason']})")
        for file in files:
            print_line(f"  {quoted(file)}")
    if not told:
        print_line("No photo is another's copy or shows what another one does.")
