"""Known ways to measure something else than the protocol says: each changes the data set, and says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from resight.dataset import Dataset, Truth
from resight.errors import BadSetting


@dataclass(frozen=True)
class Deviation:
    """`mark` is what a result says of it, `nothing` why a set is as it was where `changes` is false."""

    mark: str
    nothing: str
    changes: Callable[[Dataset], bool]
    apply: Callable[[Dataset], Dataset]


def deviate_from(data: Dataset, deviation: str) -> Dataset:
    """The data set with one deviation, marked with it in words; BadSetting where it would change nothing."""
    if deviation not in DEVIATIONS:
        raise BadSetting(f"No deviation '{deviation}'. Known: {', '.join(DEVIATIONS)}.")
    known = DEVIATIONS[deviation]
    if not known.changes(data):
        raise BadSetting(f"The data set {data.name} has {known.nothing}: leave --deviate {deviation} out.")
    return dataclasses.replace(known.apply(data), caveats=(*data.caveats, known.mark))


def _has_boxes(data: Dataset) -> bool:
    return any(each.box for each in data.questions)


def _without_boxes(data: Dataset) -> Dataset:
    whole = tuple(dataclasses.replace(each, box=None) for each in data.questions)
    return dataclasses.replace(data, questions=whole)


def _has_junk(data: Dataset) -> bool:
    return any(len(truth.junk) for each in data.questions for truth in each.truths.values())


def _without_junk(data: Dataset) -> Dataset:
    counted = [
        dataclasses.replace(each, truths={name: Truth(truth.positive) for name, truth in each.truths.items()})
        for each in data.questions
    ]
    return dataclasses.replace(data, questions=tuple(counted))


def _leaves_query_out(data: Dataset) -> bool:
    return not data.keeps_query


def _with_query(data: Dataset) -> Dataset:
    return dataclasses.replace(data, keeps_query=True)


DEVIATIONS = {
    "full-queries": Deviation("queries not cropped", "no query with a box", _has_boxes, _without_boxes),
    "junk-counted": Deviation("junk counted as wrong", "no junk", _has_junk, _without_junk),
    "query-kept": Deviation(
        "the query stays in its own ranking", "its queries in their own rankings already",
        _leaves_query_out, _with_query,
    ),
}  # fmt: skip
