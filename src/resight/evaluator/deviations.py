"""Known ways to measure something else than the protocol says: each changes the data set, and says so."""

from __future__ import annotations

import dataclasses

from resight.dataset import Dataset, Truth
from resight.errors import BadSetting

NOTHING = {  # why a deviation would change nothing
    "full-queries": "no query with a box",
    "junk-counted": "no junk",
    "query-kept": "its queries in their own rankings already",
}


def deviate_from(data: Dataset, deviation: str) -> Dataset:
    """The data set with one deviation, marked with it in words; BadSetting where it would change nothing."""
    if deviation == "full-queries":
        changed, words = _full(data), "queries not cropped"
    elif deviation == "junk-counted":
        changed, words = _junk_counted(data), "junk counted as wrong"
    elif deviation == "query-kept":
        changed, words = dataclasses.replace(data, keeps_query=True), "the query stays in its own ranking"
    else:
        raise BadSetting(f"No deviation '{deviation}'. Known: {', '.join(NOTHING)}.")
    if not _changes(data, deviation):
        raise BadSetting(
            f"The data set {data.name} has {NOTHING[deviation]}: leave --deviate {deviation} out."
        )
    return dataclasses.replace(changed, caveats=(*data.caveats, words))


def _changes(data: Dataset, deviation: str) -> bool:
    if deviation == "full-queries":
        return any(each.box for each in data.questions)
    if deviation == "junk-counted":
        return any(len(truth.junk) for each in data.questions for truth in each.truths.values())
    return not data.keeps_query


def _full(data: Dataset) -> Dataset:
    whole = tuple(dataclasses.replace(each, box=None) for each in data.questions)
    return dataclasses.replace(data, questions=whole)


def _junk_counted(data: Dataset) -> Dataset:
    return dataclasses.replace(
        data,
        questions=tuple(
            dataclasses.replace(
                each, truths={name: Truth(truth.positive) for name, truth in each.truths.items()}
            )
            for each in data.questions
        ),
    )
