"""Known ways to measure something else than the protocol says: each changes the data set, and marks it."""

from __future__ import annotations

import dataclasses

from resight.errors import BadSetting
from resight.truth import Dataset, Truth

KNOWN = ("full-queries", "junk-counted", "query-kept")


def deviating(data: Dataset, deviation: str) -> Dataset:
    """The data set with one deviation, marked with it in words."""
    if deviation == "full-queries":
        changed, words = _full(data), "queries not cropped"
    elif deviation == "junk-counted":
        changed, words = _junk_counted(data), "junk counted as wrong"
    elif deviation == "query-kept":
        changed, words = dataclasses.replace(data, keeps_query=True), "the query stays in its own ranking"
    else:
        raise BadSetting(f"No deviation '{deviation}'. Known: {', '.join(KNOWN)}.")
    return dataclasses.replace(changed, marks=(*data.marks, words))


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
