"""One query's ranking against its truth, by every protocol and measure of the data set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from resight.dataset import BenchmarkQuery, Dataset, Truth
from resight.evaluator.answers import MATCHED, SHOWN, QueryResult, RankedPhoto, thin_out
from resight.evaluator.photo_ranking import PhotoRanking
from resight.metrics import measure, ranks_of
from resight.ranking import Numbers

NOWHERE = np.empty(0, np.int64)


def score_query(
    data: Dataset, question: BenchmarkQuery, ranking: PhotoRanking, name: Callable[[int], str]
) -> QueryResult:
    """What a query's ranking is worth by every protocol and measure; `name` gives a photo's path."""
    values, places, positives = {}, {}, {}
    for protocol, truth in question.truths.items():
        positive, junk = find_truth(data, question, truth)
        if not len(positive):
            continue
        ranks = ranks_of(ranking.photos, positive, junk)
        size = len(ranking) - int(np.isin(ranking.photos, junk).sum())
        places[protocol], positives[protocol] = thin_out(ranks, len(positive)), len(positive)
        for wanted in data.measures:
            values[f"{protocol} {wanted}".strip()] = measure(wanted)(ranks, len(positive), size)
    shown = tuple(_shown(question, ranking, name))
    photo = data.photos[question.photo]
    return QueryResult(question.name or photo, photo, values, places, positives, shown, _corners(question))


def _shown(
    question: BenchmarkQuery, ranking: PhotoRanking, name: Callable[[int], str]
) -> Iterator[RankedPhoto]:
    """The first photos, with what was verified of them."""
    verified = 0
    first = ranking.photos[:SHOWN]
    shown = zip(first.tolist(), ranking.scores[:SHOWN].tolist(), _verdicts(question, first), strict=True)
    for number, score, verdict in shown:
        placed, match = RankedPhoto(name(number), score, verdict), ranking.matches.get(number)
        if match:
            verified += verdict != "query"
            placed = dataclasses.replace(
                placed,
                inliers=match.inliers,
                region=match.region,
                through="" if match.through is None else name(match.through),
                match=match if verified <= MATCHED else None,
            )
        yield placed


def score_failure(data: Dataset, question: BenchmarkQuery, size: int, failure: str) -> QueryResult:
    """A query that could not be described, among `size` photos: all that it should find stands last."""
    values, positives = {}, {}
    for protocol, truth in question.truths.items():
        positive, junk = find_truth(data, question, truth)
        count, others = len(positive), max(0, size - len(positive) - len(junk))
        if count:
            positives[protocol] = count
            for wanted in data.measures:
                values[f"{protocol} {wanted}".strip()] = measure(wanted)(NOWHERE, count, others)
    photo = data.photos[question.photo]
    ranks: dict[str, tuple[int, ...]] = dict.fromkeys(positives, ())
    return QueryResult(
        question.name or photo, photo, values, ranks, positives, (), _corners(question), failure
    )


def has_truth(data: Dataset, question: BenchmarkQuery) -> bool:
    """Whether there is anything to find, by any protocol."""
    return any(len(find_truth(data, question, truth)[0]) for truth in question.truths.values())


def find_truth(data: Dataset, question: BenchmarkQuery, truth: Truth) -> tuple[Numbers, Numbers]:
    """The positives, and the junk; the query's own photo is neither, unless the protocol keeps it."""
    own = () if data.keeps_query else (question.photo,)
    return np.setdiff1d(truth.positive, own), np.setdiff1d(truth.junk, own)


def _verdicts(question: BenchmarkQuery, photos: Numbers) -> list[str]:
    """What photos are to a query: by the protocols together, right where any says so."""
    found = np.full(len(photos), "wrong", object)
    truths = question.truths.values()
    for truth in truths:
        found[np.isin(photos, truth.junk)] = "junk"
    for truth in truths:
        found[np.isin(photos, truth.positive)] = "right"
    found[photos == question.photo] = "query"
    return [str(verdict) for verdict in found]


def _corners(question: BenchmarkQuery) -> tuple[float, float, float, float] | None:
    box = question.box
    return (box.x, box.y, box.width, box.height) if box else None
