"""`resight verify`: every row against its bytes and files."""

from __future__ import annotations

from typing import Annotated

import typer

from resight.cli._options import GalleryOption, JsonOption


def verify(
    gallery: GalleryOption = None,
    contents: Annotated[bool, typer.Option("--contents", help="Read every photo again, too.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what can be put right.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every row against its bytes and files, and say what would put it right."""
    import dataclasses

    from resight.cli._terminal import print_json, print_line
    from resight.gallery import Writer, check, find_gallery, snapshot_of
    from resight.gallery.repair import repair as put_right

    folder = find_gallery(gallery)
    with snapshot_of(folder, damaged=True) as opened:
        found = list(check.verify(opened, contents))
        count = opened.catalogue.count()
    if as_json:
        print_json({"count": count, "findings": [dataclasses.asdict(one) for one in found]})
    else:
        for one in found:
            print_line(f"{one.what}: {one.repair}")
        print_line(f"{count['images']} images, {count['vectors']} vectors: {_verdict(found)}.")
    if repair and any(one.damage for one in found):
        with Writer(folder) as writer:
            print_line(f"Forgot {put_right(writer, found)} images: `resight index` describes them again.")
    raise typer.Exit(3 if any(one.damage for one in found) else 1 if found else 0)


def _verdict(found: list) -> str:  # type: ignore[type-arg]
    damaged = sum(one.damage for one in found)
    return f"{damaged} damaged, {len(found) - damaged} changed on disk" if found else "all as written"
