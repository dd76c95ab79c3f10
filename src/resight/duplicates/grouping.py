"""Pairs of photos into groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from resight.duplicates.judging import Verdict

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
    members = _joined(chosen)
    alone = set(repeated).difference(*members.values()) if level == LEVELS[0] else set()
    reasons: dict[int, Counter[str]] = {first: Counter() for first in members}
    root = {image: first for first, images in members.items() for image in images}
    for (one, _), verdict in chosen.items():
        reasons[root[one]][verdict.reason if verdict.level == level else "one picture"] += 1
    found = [Group(level, tuple(sorted(images)), _say(reasons[first])) for first, images in members.items()]
    found += [Group(level, (image,), "the same file") for image in alone]
    return tuple(sorted(found, key=lambda each: (-len(each.images), each.images)))


def _joined(pairs: Iterable[Pair]) -> dict[int, set[int]]:
    """The connected components, by one of their members."""
    parent: dict[int, int] = {}

    def root(image: int) -> int:
        while parent.setdefault(image, image) != image:
            parent[image] = parent[parent[image]]
            image = parent[image]
        return image

    for one, other in pairs:
        parent[root(one)] = root(other)
    members: dict[int, set[int]] = {}
    for image in parent:
        members.setdefault(root(image), set()).add(image)
    return members


def _say(reasons: Counter[str]) -> str:
    """The commonest reasons, each once."""
    told = list(dict.fromkeys(reason.removeprefix("one picture, ") for reason, _ in reasons.most_common(3)))
    return "; ".join(told)
