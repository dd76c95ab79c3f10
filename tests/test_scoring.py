"""Scoring a ranking of photos: verdicts and matches, against loops over each photo."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from resight.dataset import BenchmarkQuery, Dataset, Truth
from resight.evaluator.answers import MATCHED, SHOWN
from resight.evaluator.photo_ranking import PhotoRanking
from resight.evaluator.scoring import score_query
from support.results import match

COUNT = 150


def numbers(draw, most=40):
    return np.sort(draw.choice(COUNT, draw.integers(0, most), replace=False))


def one_by_one(question, photo):
    """As the protocols read: the query, else right by any, else junk by any, else wrong."""
    if photo == question.photo:
        return "query"
    if any(photo in truth.positive.tolist() for truth in question.truths.values()):
        return "right"
    return "junk" if any(photo in truth.junk.tolist() for truth in question.truths.values()) else "wrong"


def dataset(question):
    photos = tuple(f"{i}.png" for i in range(COUNT))
    return Dataset("some", Path("/photos"), photos, np.arange(COUNT), (question,), ("map",), "any")


@pytest.mark.parametrize("seed", range(8))
def test_verdicts_are_those_of_each_photo_by_itself(seed):
    draw = np.random.default_rng(seed)
    truths = {}
    for name in ("easy", "hard"):
        positive = numbers(draw)
        truths[name] = Truth(positive, np.setdiff1d(numbers(draw), positive))
    question = BenchmarkQuery(int(draw.integers(COUNT)), truths)
    order = draw.permutation(COUNT)
    ranking = PhotoRanking(order, np.linspace(1, 0, COUNT, dtype=np.float32))
    shown = score_query(dataset(question), question, ranking, "photo {}".format).top
    assert [each.photo for each in shown] == [f"photo {i}" for i in order[:SHOWN]]
    assert [each.verdict for each in shown] == [one_by_one(question, i) for i in order[:SHOWN].tolist()]
    assert [each.score for each in shown] == ranking.scores[:SHOWN].tolist()


def test_matches_are_of_their_photos_and_name_the_one_they_came_by():
    question = BenchmarkQuery(0, {"": Truth(np.array([2, 3]))})
    found = match(np.array([(1, 1), (9, 5), (4, 30)]), (2, 3))
    matches = {photo: found for photo in range(5, 5 + MATCHED + 3)}
    matches[7] = dataclasses.replace(found, through=9)
    ranking = PhotoRanking(np.arange(1, 40), np.linspace(1, 0, 39, dtype=np.float32), matches)
    shown = score_query(dataset(question), question, ranking, "photo {}".format).top
    for each in shown:
        number = int(each.photo.split()[1])
        assert each.inliers == (3 if number in matches else 0)
        assert each.through == ("photo 9" if number == 7 else "")
        assert (each.match is not None) == (5 <= number < 5 + MATCHED)
