"""The groups of a gallery as they were when it was in its present state: a file that may be deleted."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from resight.codec import decode_text, encode_text
from resight.duplicates.grouping import LEVELS, Group
from resight.files import write_whole
from resight.gallery import Snapshot

NAME = "duplicates.json"
FORMAT = "resight duplicates 4"


@dataclass(frozen=True)
class Kept:
    """Groups by their level, and the state that they are of."""

    state: str
    groups: dict[str, tuple[Group, ...]]


def state_of(snapshot: Snapshot) -> str:
    """Of the rows: another string where some came or went, or were made anew."""
    number = snapshot.generation.number if snapshot.generation else 0
    files = snapshot.catalogue.count_files()
    own = snapshot.catalogue.fact("id")
    return f"{FORMAT} {own} {number} {len(snapshot.vectors)} {len(snapshot.deleted)} {files}"


def read_groups(snapshot: Snapshot) -> dict[str, tuple[Group, ...]] | None:
    """The groups by their level; None where there are none of this state."""
    with contextlib.suppress(OSError, ValueError):
        told = decode_text((snapshot.folder / NAME).read_text(encoding="utf8"), Kept)
        if told.state == state_of(snapshot) and set(told.groups) == set(LEVELS):
            return told.groups
    return None


def write_groups(snapshot: Snapshot, groups: dict[str, tuple[Group, ...]]) -> None:
    """Keep them; where that cannot be, they are found anew the next time, from the verdicts."""
    with contextlib.suppress(OSError):
        write_whole(snapshot.folder / NAME, [encode_text(Kept(state_of(snapshot), groups)).encode()])
