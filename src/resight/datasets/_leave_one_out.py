"""Each photo of an instance asks for the others of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from resight.dataset import BenchmarkQuery, Numbers, Truth


class Others(Mapping[str, Truth]):
    """The one truth, "", of a photo: all `members` of its instance that are ranked, but for itself.

    It is made when it is asked for: a thousand photos of an instance hold a thousand numbers, not a million.
    """

    __slots__ = ("_members", "_own")

    def __init__(self, members: Numbers, own: int) -> None:
        self._members, self._own = members, own

    def __getitem__(self, protocol: str) -> Truth:
        if protocol != "":
            raise KeyError(protocol)
        return Truth(self._members[self._members != self._own])

    def __iter__(self) -> Iterator[str]:
        return iter(("",))

    def __len__(self) -> int:
        return 1


def leave_one_out(labels: Sequence[str], photos: Sequence[str]) -> tuple[BenchmarkQuery, ...]:
    """A question for each photo whose label, "" being none, another photo has too; named by its path."""
    groups = members(labels)
    return tuple(
        BenchmarkQuery(photo, Others(groups[label], photo), name=photos[photo])
        for photo, label in enumerate(labels)
        if label and len(groups[label]) > 1
    )


def members(labels: Sequence[str]) -> dict[str, Numbers]:
    """The places of each label, in order; "" is left out."""
    codes: dict[str, int] = {}
    numbers = np.fromiter((codes.setdefault(label, len(codes)) for label in labels), np.int64, len(labels))
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers, minlength=len(codes)))
    groups = np.split(order, ends[:-1])
    return {label: groups[code] for label, code in codes.items() if label}


def pairs(labels: Sequence[str]) -> NDArray[np.int64]:
    """(P, 2): the places of every two that have the same label, each pair once, the lower place first."""
    found = [_upper(places) for places in members(labels).values()]
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def _upper(places: Numbers) -> Numbers:
    first, second = np.triu_indices(len(places), 1)
    return np.stack([places[first], places[second]], axis=1)
