"""Pairs of photos by the truth of a data set: what a query should find, and what it should not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resight.errors import BadQuery
from resight.evaluator import Study
from resight.evaluator.scoring import find_truth
from resight.figures._descriptors import Described
from resight.ranking import Numbers

Distances = NDArray[np.float64]


def matching_pairs(study: Study) -> Numbers:
    """(P, 2) numbers of a query's photo and of one that it should find by any protocol, each pair once.

    In the order of the queries; BadQuery where there is none.
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for question in study.data.questions:
        for truth in question.truths.values():
            for other in find_truth(study.data, question, truth)[0].tolist():
                if other != question.photo:
                    pair = (question.photo, other)
                    found.setdefault((min(pair), max(pair)), pair)
    if not found:
        raise BadQuery(
            "This figure needs two photos that match: no query of the data set finds another photo."
        )
    return np.array(list(found.values()), np.int64)


def nearest_others(study: Study, described: Described, most: int, seed: int) -> tuple[Numbers, Distances]:
    """(P, 2) a query's photo and the nearest that is neither right nor junk, and their distances (P,).

    Nearest pairs first, each once; of more than `most` queries so many are drawn by the seed.
    """
    places = {number: place for place, number in enumerate(described.numbers.tolist())}
    not_wrong: dict[int, set[int]] = {}
    for question in study.data.questions:
        if question.photo in places:
            excused = not_wrong.setdefault(question.photo, {question.photo})
            for truth in question.truths.values():
                excused.update(truth.positive.tolist(), truth.junk.tolist())
    asked = list(not_wrong)
    if len(asked) > most:
        asked = sorted(np.random.default_rng(seed).choice(asked, most, replace=False).tolist())
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for number in asked:
        scores = described.scores(described.rows(places[number]))
        scores[[places[each] for each in not_wrong[number] if each in places]] = -np.inf
        other = int(described.numbers[scores.argmax()])
        if np.isfinite(scores.max()):
            found.setdefault((min(number, other), max(number, other)), (number, other))
    pairs = np.array(list(found.values()), np.int64).reshape(-1, 2)
    return by_distance(described, pairs)


def by_distance(described: Described, pairs: Numbers) -> tuple[Numbers, Distances]:
    """(P, 2) numbers of photos -> those of which both are described, and their distances, nearest first."""
    pairs = pairs[np.isin(pairs, described.numbers).all(axis=1)]
    places = np.searchsorted(described.numbers, pairs)
    distances = described.distances(places[:, 0], places[:, 1])
    order = np.argsort(distances, kind="stable")
    return pairs[order], distances[order]
