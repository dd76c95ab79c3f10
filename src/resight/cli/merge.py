"""`resight merge GALLERY SHARD...`: take shards that were described apart into their gallery."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from resight.cli._ending import end, print_report
from resight.cli._names import quoted
from resight.cli._options import JsonOption

GalleryArgument = Annotated[
    Path,
    typer.Argument(metavar="GALLERY", readable=False, help="The gallery, or its folder of photos."),
]
ShardsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="SHARD", readable=False, help="What `resight index PHOTOS --shard K/N` has made."),
]


def merge(gallery: GalleryArgument, shards: ShardsArgument, as_json: JsonOption = False) -> None:
    """Take shards into the gallery that they were described for; a rerun goes on."""
    from resight import indexer
    from resight.cli._terminal import Terminal
    from resight.gallery import find_gallery

    with Terminal(reading="the photo that is being taken in").watching() as terminal:
        report = indexer.merge(find_gallery(gallery), shards, terminal)
    print_report(report, as_json, _told)
    end(terminal, report.interrupted, report.failed > 0)


def _told(report: object) -> list[str]:
    values = dataclasses.asdict(report)  # type: ignore[call-overload]
    words = {
        "described": "taken in", "same": "with contents known already", "failed": "failed there",
        "unchanged": "as they were",
    }  # fmt: skip
    parts = [f"{values[key]} {told}" for key, told in words.items() if values[key]]
    lines = [f"{values['shards']} shards: {', '.join(parts) or 'nothing to do'}."]
    if values["again"]:
        lines.append(f"Merged before, and passed over: {values['again']} shards.")
    if values["local_features"]:
        lines.append(f"Local features of {values['local_features']} photos were taken, too.")
    return [
        *lines,
        f"Gallery: {quoted(str(values['gallery']))}; `resight index PHOTOS` says what it still lacks.",
    ]
