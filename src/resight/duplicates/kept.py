"""The groups of a gallery as they were when it was in its present state: a file that may be deleted."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping

from resight.duplicates.grouping import LEVELS, Group
from resight.files import write_whole
from resight.gallery import Snapshot

NAME = "duplicates.json"
FORMAT = "resight duplicates 1"


def state_of(snapshot: Snapshot) -> str:
    """Of the rows: another string where some came or went, or were made anew."""
    number = snapshot.generation.number if snapshot.generation else 0
    files = snapshot.catalogue.count_files()
    own = snapshot.catalogue.fact("id")
    return f"{FORMAT} {own} {number} {len(snapshot.vectors)} {len(snapshot.deleted)} {files}"


def read_groups(snapshot: Snapshot) -> dict[str, tuple[Group, ...]] | None:
    """The groups by their level; None where there are none of this state."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads((snapshot.folder / NAME).read_text(encoding="utf8"))
        if told["state"] == state_of(snapshot):
            return {
                level: tuple(
                    Group(level, tuple(each["images"]), each["reason"]) for each in told["groups"][level]
                )
                for level in LEVELS
            }
    return None


def write_groups(snapshot: Snapshot, groups: Mapping[str, tuple[Group, ...]]) -> None:
    """Keep them; where that cannot be, they are found anew the next time, from the verdicts."""
    told = {
        "state": state_of(snapshot),
        "groups": {
            level: [{"images": list(each.images), "reason": each.reason} for each in own]
            for level, own in groups.items()
        },
    }
    with contextlib.suppress(OSError):
        write_whole(snapshot.folder / NAME, [json.dumps(told).encode()])
