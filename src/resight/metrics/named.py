"""Measures by name, each with the sentence that is printed beside its values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from resight.errors import BadSetting, UnknownMethod
from resight.metrics.average_rank import normalised_average_rank
from resight.metrics.precision import (
    average_precision,
    average_precision_at,
    average_precision_trapezoid,
    precision_at,
    recall_at,
)
from resight.metrics.ranks import Ranks, check

MEASURES = ("map", "map-trapezoid", "map@K", "mp@K", "nar", "r@K")


@dataclass(frozen=True)
class Measure:
    """A measure of one query, called with `ranks`, `total` and `size`; `describe` says its definition."""

    name: str
    call: Callable[[Ranks, int, int], float] = field(compare=False, repr=False)
    describe: str = field(compare=False, repr=False)
    higher_is_better: bool = True

    def __call__(self, ranks: Ranks, total: int, size: int) -> float:
        """The value of one query."""
        return self.call(ranks, total, size)


def measure(name: str) -> Measure:
    """The measure that a name such as `map`, `map@100`, `mp@10`, `nar` or `r@1` stands for."""
    kind, at, k = name.partition("@")
    form = f"{kind}@K" if at else kind
    if form not in MEASURES:
        raise UnknownMethod("measure", name, MEASURES)
    if not at:
        return _plain(name)
    if not re.fullmatch("[1-9][0-9]{0,8}", k):
        raise BadSetting(f"'{form}' takes a whole number from 1 to 999999999 as K, not '{k}'.")
    return _first(kind, int(k))


def _plain(name: str) -> Measure:
    match name:
        case "map":
            return Measure(
                name,
                lambda ranks, total, size: average_precision(ranks, total),
                "Mean average precision, the finite sum: the mean over all positives of the precision at the "
                "rank of each; one that was never ranked counts 0.",
            )
        case "map-trapezoid":
            return Measure(
                name,
                lambda ranks, total, size: average_precision_trapezoid(ranks, total),
                "Mean average precision, the trapezoid: the mean over all positives of half the sum of the "
                "precisions at the rank of each and just above it; one that was never ranked counts 0.",
            )
        case _:
            return Measure(
                name,
                normalised_average_rank,
                "Normalised average rank, lower is better: how far the ranks of the positives lie below the "
                "best they could have, on average, as a share of all ranked photos; positives that were "
                "never ranked stand below all others.",
                higher_is_better=False,
            )


def _first(kind: str, k: int) -> Measure:
    match kind:
        case "map":
            return Measure(
                f"map@{k}",
                lambda ranks, total, size: average_precision_at(ranks, total, k),
                f"Mean average precision at {k}: the finite sum over the first {k} ranks, divided by the "
                f"smaller of {k} and the number of positives.",
            )
        case "mp":
            return Measure(
                f"mp@{k}",
                lambda ranks, total, size: precision_at(ranks, total, k),
                f"Mean precision at {k}: the share of positives among the first {k}, or among the first down "
                f"to the last positive where that comes before {k}.",
            )
        case _:
            return Measure(
                f"r@{k}",
                lambda ranks, total, size: _recall_at(ranks, total, k),
                f"Recall at {k}: the share of queries with a positive among the first {k}.",
            )


def _recall_at(ranks: Ranks, total: int, k: int) -> float:
    check(ranks, total)
    return recall_at(ranks, k)
