"""Pairs of photos into groups."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from resight.duplicates.judging import Verdict
from resight.pairs import grouped

LEVELS = ("copies", "same")

Pair = tuple[int, int]


@dataclass(frozen=True)
class Group:
    """Images by their numbers in the gallery, ascending; a single one is in several files.

    `level`: "copies" of one picture, or "same": photos of one thing, copies among them. `reason` in words.
    """

    level: str
    images: tuple[int, ...]
    reason: str


def group(level: str, verdicts: Mapping[Pair, Verdict], repeated: Iterable[int] = ()) -> tuple[Group, ...]:
    """What belongs together by pairs of a level, or a stricter one; the largest groups first.

    `repeated`: images that several files hold, which are copies by themselves.
    """
    levels = LEVELS[: 1 + LEVELS.index(level)]
    chosen = {pair: verdict for pair, verdict in verdicts.items() if verdict.level in levels}
    root = grouped(chosen)
    members: dict[int, set[int]] = defaultdict(set)
    for image, number in root.items():
        members[number].add(image)
    alone = set(repeated).difference(*members.values()) if level == LEVELS[0] else set()
    reasons: dict[int, Counter[str]] = {number: Counter() for number in members}
    for (one, _), verdict in chosen.items():
        reasons[root[one]][verdict.reason if verdict.level == level else "one picture"] += 1
    found = [Group(level, tuple(sorted(images)), _say(reasons[number])) for number, images in members.items()]
    found += [Group(level, (image,), "the same file") for image in alone]
    return tuple(sorted(found, key=lambda each: (-len(each.images), each.images)))


def _say(reasons: Counter[str]) -> str:
    """The commonest reasons, each once."""
    told = list(dict.fromkeys(reason.removeprefix("one picture, ") for reason, _ in reasons.most_common(3)))
    return "; ".join(told)
