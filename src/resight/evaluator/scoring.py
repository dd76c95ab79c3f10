"""One query's ranking against its truth, by every protocol and measure of the data set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from resight.dataset import Dataset, Question, Truth
from resight.evaluator.answers import MATCHED, SHOWN, Answer, Placed, thinned
from resight.metrics import measure, ranks_of
from resight.ranking import Numbers, Ranked

NOWHERE = np.empty(0, np.int64)


def answered(
    data: Dataset,
    question: Question,
    ranking: Numbers,
    which: Numbers,
    ranked: Ranked,
    name: Callable[[int], str],
) -> Answer:
    """`ranking` (N,) photo numbers, and `which` of the images of `ranked` each is, -1: of the query's own."""
    values, places, positives = {}, {}, {}
    for protocol, truth in question.truths.items():
        positive, junk = counted(data, question, truth)
        if not len(positive):
            continue
        ranks = ranks_of(ranking, positive, junk)
        size = len(ranking) - int(np.isin(ranking, junk).sum())
        places[protocol], positives[protocol] = thinned(ranks, len(positive)), len(positive)
        for wanted in data.measures:
            values[f"{protocol} {wanted}".strip()] = measure(wanted)(ranks, len(positive), size)
    shown = tuple(_shown(data, question, ranking, which, ranked, name))
    photo = data.photos[question.photo]
    return Answer(question.name or photo, photo, values, places, positives, shown, _corners(question))


def _shown(
    data: Dataset,
    question: Question,
    ranking: Numbers,
    which: Numbers,
    ranked: Ranked,
    name: Callable[[int], str],
) -> Iterator[Placed]:
    """The first photos, with what was verified of them."""
    verified = 0
    for number, i in zip(ranking[:SHOWN].tolist(), which[:SHOWN].tolist(), strict=True):
        score = float(ranked.scores[i]) if i >= 0 else 1.0
        verdict = _verdict(data, question, number)
        placed = Placed(name(number), score, verdict)
        match = ranked.matches.get(int(ranked.images[i])) if i >= 0 else None
        if match:
            verified += verdict != "query"
            by = np.array([], np.int64)
            if match.through is not None:
                by = ranking[np.isin(which, np.flatnonzero(ranked.images == match.through))]
            placed = dataclasses.replace(
                placed,
                inliers=match.inliers,
                region=match.region,
                through=name(int(by[0])) if len(by) else "",
                match=match if verified <= MATCHED else None,
            )
        yield placed


def unanswered(data: Dataset, question: Question, size: int, failure: str) -> Answer:
    """A query that could not be described, among `size` photos: all that it should find stands last."""
    values, positives = {}, {}
    for protocol, truth in question.truths.items():
        positive, junk = counted(data, question, truth)
        count, others = len(positive), max(0, size - len(positive) - len(junk))
        if count:
            positives[protocol] = count
            for wanted in data.measures:
                values[f"{protocol} {wanted}".strip()] = measure(wanted)(NOWHERE, count, others)
    photo = data.photos[question.photo]
    ranks: dict[str, tuple[int, ...]] = dict.fromkeys(positives, ())
    return Answer(question.name or photo, photo, values, ranks, positives, (), _corners(question), failure)


def has_truth(data: Dataset, question: Question) -> bool:
    """Whether there is anything to find, by any protocol."""
    return any(len(counted(data, question, truth)[0]) for truth in question.truths.values())


def counted(data: Dataset, question: Question, truth: Truth) -> tuple[Numbers, Numbers]:
    """The positives, and the junk; the query's own photo is neither, unless the protocol keeps it."""
    own = () if data.keeps_query else (question.photo,)
    return np.setdiff1d(truth.positive, own), np.setdiff1d(truth.junk, own)


def _verdict(data: Dataset, question: Question, number: int) -> str:
    """What a photo is to a query: by the protocols together, right where any says so."""
    if number == question.photo:
        return "query"
    if any(number in truth.positive for truth in question.truths.values()):
        return "right"
    return "junk" if any(number in truth.junk for truth in question.truths.values()) else "wrong"


def _corners(question: Question) -> tuple[float, float, float, float] | None:
    box = question.box
    return (box.x, box.y, box.width, box.height) if box else None
