"""Measures against slow forms, which walk a list of True (positive), False and None (junk)."""

import itertools
import math
import random
import statistics
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from resight import errors, metrics
from resight.metrics import measure, paired, ranks_of, separability

KS = (1, 2, 5, 10, 100)  # the last is beyond every list below
NOTHING = np.empty(0, np.int64)


class Case(NamedTuple):
    """A ranking, its truth, and the list that the slow forms walk: each photo in order of score."""

    walked: list
    total: int
    ranking: np.ndarray
    positive: np.ndarray
    junk: np.ndarray

    @property
    def ranks(self):
        return ranks_of(self.ranking, self.positive, self.junk)

    @property
    def size(self):
        return sum(each is not None for each in self.walked)


def drawn(chance: random.Random) -> Case:
    """Few scores for many photos, so that most tie; photos without a score are never ranked."""
    count, missing = chance.randint(0, 40), chance.choice([0, 0, 1, 5])
    levels = chance.choice([1, 2, 6, 1000])
    rate, spoilt = chance.choice([0.02, 0.2, 0.6, 1.0]), chance.choice([0, 0.1, 0.5])
    kinds = [None if chance.random() < spoilt else chance.random() < rate for _ in range(count + missing)]
    scores = [chance.randrange(levels) for _ in range(count)]
    photos = chance.sample(range(1000), count + missing)  # the number of a photo is not its place
    by_hand = sorted(range(count), key=lambda place: -scores[place])
    by_numpy = np.argsort(-np.array(scores, np.int64), kind="stable")
    numbers = np.array(photos, np.int64)
    return Case(
        [kinds[place] for place in by_hand],
        sum(kind is True for kind in kinds),
        numbers[by_numpy],
        numbers[[kind is True for kind in kinds]],
        numbers[[kind is None for kind in kinds]],
    )


@pytest.fixture(scope="module")
def cases():
    """10,000 rankings of queries that have positives, each with its ranks, which are what is measured."""
    chance = random.Random(0)
    some = filter(lambda case: case.total, (drawn(chance) for _ in itertools.count()))
    return [(case, case.ranks) for case in itertools.islice(some, 10_000)]


def agree(cases, name, slow):
    """The measure of this name equals `slow(walked, total)` on every ranking."""
    found = measure(name)
    fast = [found(ranks, case.total, case.size) for case, ranks in cases]
    true = [slow(case.walked, case.total) for case, _ in cases]
    assert len(set(true)) > 1
    np.testing.assert_allclose(fast, true, rtol=0, atol=1e-12)


# Slow forms


def counted(walked):
    return [kind for kind in walked if kind is not None]


def finite_sum(walked, total):
    """Precision at each positive, counted anew there."""
    seen = counted(walked)
    return sum(sum(seen[: i + 1]) / (i + 1) for i in range(len(seen)) if seen[i]) / total


def buildings(walked, total):
    """As the program of the Oxford buildings is described: every photo is a step of recall, or of none."""
    old_recall, old_precision, area = 0.0, 1.0, 0.0
    positives = looked_at = 0
    for kind in walked:
        if kind is None:
            continue
        positives, looked_at = positives + kind, looked_at + 1
        recall, precision = positives / total, positives / looked_at
        area += (recall - old_recall) * (old_precision + precision) / 2
        old_recall, old_precision = recall, precision
    return area


def revisited(walked, total):
    """As the revisited protocol is described: places of positives, moved up by the junk above each."""
    places = [i for i, kind in enumerate(walked) if kind is True]
    area = 0.0
    for j, place in enumerate(places):
        rank = place - sum(kind is None for kind in walked[:place])
        above = 1.0 if rank == 0 else j / rank
        area += (above + (j + 1) / (rank + 1)) / 2 / total
    return area


def finite_sum_at(k):
    def slow(walked, total):
        first = counted(walked)[:k]
        found = [sum(first[: i + 1]) / (i + 1) for i, kind in enumerate(first) if kind]
        return sum(found) / min(total, k)

    return slow


def precision_at(k):
    def slow(walked, total):
        looked_at = right = 0
        for kind in counted(walked):
            if looked_at == k or right == total:
                break
            looked_at, right = looked_at + 1, right + kind
        return right / (looked_at if right == total else k)

    return slow


def recall_at(k):
    return lambda walked, total: float(True in counted(walked)[:k])


def average_rank(walked, total):
    """In whole numbers, on the list with the missing positives written at its end."""
    seen = counted(walked)
    seen += [True] * (total - sum(seen))
    places = sum(place for place, kind in enumerate(seen, start=1) if kind)
    return float(Fraction(2 * places - total * (total + 1), 2 * len(seen) * total))


# Every measure, on many rankings


def test_the_rankings_have_ties_junk_missing_positives_and_few_photos(cases):
    assert sum(None in case.walked for case, _ in cases) > 3000
    assert sum(len(ranks) < case.total for case, ranks in cases) > 3000
    assert sum(len(ranks) == 0 for case, ranks in cases) > 100
    assert sum(case.size < 10 for case, _ in cases) > 1000
    assert max(case.size for case, _ in cases) < max(KS)


def test_ranks_are_places_among_what_counts(cases):
    for case, ranks in cases:
        assert ranks.dtype == np.int64
        assert ranks.tolist() == [place for place, kind in enumerate(counted(case.walked)) if kind]


def test_finite_sum(cases):
    agree(cases, "map", finite_sum)


def test_trapezoid_is_that_of_the_oxford_buildings(cases):
    agree(cases, "map-trapezoid", buildings)


def test_trapezoid_is_that_of_the_revisited_protocol(cases):
    agree(cases, "map-trapezoid", revisited)


@pytest.mark.parametrize("k", KS)
@pytest.mark.parametrize(
    ("kind", "slow"), [("map", finite_sum_at), ("mp", precision_at), ("r", recall_at)], ids=["map", "mp", "r"]
)
def test_measures_of_the_first_k(cases, kind, slow, k):
    agree(cases, f"{kind}@{k}", slow(k))


def test_average_rank(cases):
    agree(cases, "nar", average_rank)


def test_points_of_precision_and_recall(cases):
    for case, ranks in cases[:2000]:
        seen = counted(case.walked)
        places = [i for i, kind in enumerate(seen) if kind]
        recall, precision = metrics.precision_recall(ranks, case.total)
        np.testing.assert_allclose(recall, [sum(seen[: i + 1]) / case.total for i in places], atol=1e-12)
        np.testing.assert_allclose(precision, [sum(seen[: i + 1]) / (i + 1) for i in places], atol=1e-12)


# By hand


def ranks(*places):
    return np.array(places, np.int64)


def test_the_two_average_precisions_differ():
    """No, yes, no, yes: the precisions at the positives are 1/2 and 2/4, just above them 0 and 1/3.

    Finite sum: (1/2 + 2/4) / 2 = 1/2. Trapezoid: ((0 + 1/2) / 2 + (1/3 + 2/4) / 2) / 2 = 1/3.
    """
    both = ranks(1, 3)
    assert metrics.average_precision(both, 2) == pytest.approx(1 / 2)
    assert metrics.average_precision_trapezoid(both, 2) == pytest.approx(1 / 3)


def test_average_precision_by_hand():
    for name in ("map", "map-trapezoid", "map@2", "mp@2"):
        assert measure(name)(ranks(0, 1), 2, 9) == 1
        assert measure(name)(NOTHING, 2, 9) == 0
    assert metrics.average_precision(ranks(1), 1) == 0.5
    assert metrics.average_precision_trapezoid(ranks(1), 1) == 0.25
    assert metrics.average_precision(ranks(0), 4) == 0.25  # three were never ranked
    assert metrics.average_precision_at(ranks(0, 1, 2), 3, k=2) == 1  # no more than two can be had
    assert metrics.average_precision_at(ranks(0, 1, 2), 3, k=7) == 1


def test_precision_is_cut_at_the_last_positive_unless_one_is_missing():
    assert metrics.precision_at(ranks(0, 1, 3), 3, k=10) == 3 / 4
    assert metrics.precision_at(ranks(0, 1, 3), 3, k=2) == 1
    assert metrics.precision_at(ranks(0, 1, 3), 4, k=10) == 3 / 10


def test_average_rank_by_hand():
    assert metrics.normalised_average_rank(ranks(0, 1, 2), 3, size=10) == 0
    assert metrics.normalised_average_rank(ranks(8, 9), 2, size=10) == pytest.approx((10 - 2) / 10)
    assert metrics.normalised_average_rank(ranks(4), 1, size=10) == pytest.approx((5 - 1) / 10)
    below = metrics.normalised_average_rank(ranks(0), 2, size=9)  # as if the other were the tenth of ten
    assert below == metrics.normalised_average_rank(ranks(0, 9), 2, size=10) == pytest.approx((11 - 3) / 20)
    assert metrics.normalised_average_rank(NOTHING, 1, size=0) == 0  # it is the only photo


def test_average_rank_of_chance_is_a_half():
    chance = np.random.default_rng(0)
    values = [
        metrics.normalised_average_rank(np.sort(chance.choice(1000, 7, replace=False)), 7, 1000)
        for _ in range(400)
    ]
    assert np.mean(values) == pytest.approx(0.5, abs=0.02)


def test_a_query_without_positives_is_refused_by_every_measure():
    for name in ("map", "map-trapezoid", "nar", "map@5", "mp@5", "r@5"):
        with pytest.raises(ValueError, match="at least one positive"):
            measure(name)(NOTHING, 0, 9)
    with pytest.raises(ValueError, match="at least one positive"):
        metrics.precision_recall(NOTHING, 0)


def test_what_are_no_ranks_is_refused():
    for wrong in (ranks(2, 2), ranks(3, 1), ranks(-1, 4)):
        with pytest.raises(ValueError, match="ascend"):
            metrics.average_precision(wrong, 2)
    with pytest.raises(ValueError, match="Only 1 positives exist, but 2"):
        metrics.average_precision_trapezoid(ranks(0, 1), 1)
    with pytest.raises(ValueError, match="not among 9 photos"):
        metrics.normalised_average_rank(ranks(9), 1, size=9)
    for function in (metrics.average_precision_at, metrics.precision_at):
        with pytest.raises(ValueError, match="1 or more"):
            function(ranks(0), 1, k=0)
    with pytest.raises(ValueError, match="1 or more"):
        metrics.recall_at(ranks(0), 0)


# Ranks


def test_ranks_of_what_names_a_photo_twice_are_refused():
    with pytest.raises(ValueError, match="A ranking must name each photo once"):
        ranks_of(ranks(4, 2, 4), ranks(2), NOTHING)
    with pytest.raises(ValueError, match="A list of positives must name"):
        ranks_of(ranks(4, 2), ranks(2, 2), NOTHING)
    with pytest.raises(ValueError, match="either positive or junk"):
        ranks_of(ranks(4, 2), ranks(2), ranks(7, 2))
    with pytest.raises(ValueError, match="by its number from 0"):
        ranks_of(ranks(4, -1), ranks(2), NOTHING)


def test_ranks_where_there_is_little():
    assert ranks_of(NOTHING, ranks(3), ranks(5)).tolist() == []
    assert ranks_of(ranks(3), ranks(3), NOTHING).tolist() == [0]
    assert ranks_of(ranks(5, 6, 3), ranks(3, 8), ranks(5, 6, 7)).tolist() == [0]  # nothing else counts
    assert ranks_of(ranks(5, 6), ranks(8), ranks(5)).dtype == np.int64


def test_ranks_of_a_million_photos():
    chance = np.random.default_rng(0)
    ranking = chance.permutation(1_000_000)
    places = np.sort(chance.choice(1_000_000, 500, replace=False))
    junk, positive = places[::2], places[1::2]
    found = ranks_of(ranking, chance.permutation(ranking[positive]), ranking[junk])
    np.testing.assert_array_equal(found, positive - np.arange(1, 251))


# Names


def test_a_measure_says_what_it_is():
    for name in ("map", "map-trapezoid", "nar", "map@100", "mp@10", "r@1"):
        found = measure(name)
        assert found.name == name
        assert found == measure(name)
        assert found.higher_is_better is (name != "nar")
        assert found.describe.endswith(".")
        assert "@" not in name or name.partition("@")[2] in found.describe
    assert measure("map") != measure("map-trapezoid")


@pytest.mark.parametrize("name", ["", "ap", "mAP", "mp", "r", "nar@5", "map-trapezoid@5", "ndcg@10"])
def test_an_unknown_measure_names_the_known(name):
    with pytest.raises(errors.UnknownMethod) as refused:
        measure(name)
    known = "map, map-trapezoid, map@K, mp@K, nar, r@K"
    assert str(refused.value).startswith(f"No measure called '{name}'.")
    assert str(refused.value).endswith(f" Known: {known}.")


@pytest.mark.parametrize("k", ["", "0", "-1", "1.5", "x", "K", "01", " 1", "+1", "5@5", "١", "9" * 30])
@pytest.mark.parametrize("kind", ["map", "mp", "r"])
def test_a_k_that_is_no_number_of_photos_is_refused(kind, k):
    with pytest.raises(errors.BadSetting, match=f"'{kind}@K' takes a whole number from 1"):
        measure(f"{kind}@{k}")


# Separability


def slow_separability(matching, non_matching):
    """Counted in exact hundred bins of a fiftieth each, a distance at a time."""
    parts = []
    for sample in (matching, non_matching):
        counts = [1] * 100
        for distance in sample:
            counts[min(int(Fraction(distance) * 50), 99)] += 1
        parts.append([Fraction(count, len(sample) + 100) for count in counts])
    return sum(float(p) * math.log(p / q) for p, q in zip(*parts, strict=True))


def test_separability_is_its_definition():
    chance = np.random.default_rng(0)
    for i in range(30):
        near, far = chance.beta(2, 5, 1 + 40 * i) * 2, chance.beta(5, 2, 1 + 15 * i) * 2
        assert separability(near, far) == pytest.approx(slow_separability(near, far), abs=1e-12)


def test_separability_by_hand():
    """Ten distances in one bin against ten in another: only these two bins differ, 11/110 against 1/110."""
    near, far = np.full(10, 0.501), np.full(10, 1.501)
    assert separability(near, far) == pytest.approx(10 / 110 * math.log(11))
    assert separability(near, near) == 0
    assert separability(np.array([2.0]), np.array([np.float32(2.0000002)])) == 0  # the last bin holds 2
    assert metrics.distance_distribution(near).sum() == pytest.approx(1)
    assert metrics.distance_distribution(near)[25] == 11 / 110
    assert metrics.DISTANCE_EDGES[25] == 0.5


def test_what_are_no_distances_of_unit_vectors_is_refused():
    good = np.array([0.5, 1.5])
    for wrong in ([0.5, -0.1], [0.5, 2.1], [math.nan, 1]):
        with pytest.raises(ValueError, match="from 0 to 2"):
            separability(good, np.array(wrong))
    with pytest.raises(ValueError, match="at least one distance"):
        separability(np.empty(0), good)


# Two systems on the same queries


def every_sign(a, b):
    """The share of all ways to give signs whose sum is at least as far from 0, in whole fractions."""
    differences = [Fraction(second) - Fraction(first) for first, second in zip(a, b, strict=True)]
    sums = [
        abs(sum(sign * difference for sign, difference in zip(signs, differences, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    return float(Fraction(sum(each >= abs(sum(differences)) for each in sums), len(sums)))


def test_p_of_few_queries_is_exact():
    chance = random.Random(0)
    for _ in range(60):
        count = chance.randint(1, 8)
        a, b = ([chance.randrange(5) / 4 for _ in range(count)] for _ in range(2))
        done = paired(a, b)
        assert done.p == pytest.approx(every_sign(a, b), abs=1e-12)
        assert done.changed == sum(x != y for x, y in zip(a, b, strict=True))
        assert done.mean == pytest.approx(statistics.fmean(b) - statistics.fmean(a), abs=1e-12)


def test_p_of_twelve_changed_queries_is_exact_among_many_that_stayed():
    values = np.random.default_rng(1).normal(0.3, 1, 12)
    done = paired([0.0] * 500, [*values, *[0.0] * 488])
    assert (done.queries, done.changed) == (500, 12)
    assert done.p == pytest.approx(every_sign([0.0] * 12, values.tolist()), abs=1e-12)


def test_means_that_are_equal_but_for_rounding_tie():
    """In binary the sum of these is 0 in one order and not in another; unrounded, p would be 0.875."""
    assert paired([0, 0, 0, 0], [0.3, 0.4, -0.3, -0.4]).p == 1


def test_p_and_interval_of_many_queries_are_those_of_a_normal_mean():
    differences = np.random.default_rng(2).normal(0.12, 1, 300)
    done = paired(np.zeros(300), differences)
    error = statistics.stdev(differences) / math.sqrt(300)
    assert done.p == pytest.approx(2 * statistics.NormalDist().cdf(-done.mean / error), abs=0.02)
    assert done.low == pytest.approx(done.mean - 1.96 * error, abs=0.1 * error)
    assert done.high == pytest.approx(done.mean + 1.96 * error, abs=0.1 * error)


def test_the_other_way_round_is_the_same_with_the_other_sign():
    a, b = np.random.default_rng(3).random((2, 40))
    there, back = paired(a, b), paired(b, a)
    assert there == paired(a, b)
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))
    assert there.p == pytest.approx(back.p, abs=0.02)


def test_a_clear_gain_is_clear():
    done = paired(np.zeros(40), np.full(40, 0.1))
    assert (done.mean, done.low, done.high) == pytest.approx((0.1, 0.1, 0.1))
    assert done.p <= 2 / 10_001


def test_little_to_compare():
    same = paired([0.5, 0.25], [0.5, 0.25])
    assert (same.changed, same.mean, same.p, same.low, same.high) == (0, 0, 1, 0, 0)
    one = paired([0.5], [0.75])
    assert (one.queries, one.changed, one.mean, one.p) == (1, 1, 0.25, 1)
    assert math.isnan(one.low)
    assert math.isnan(one.high)


def test_what_cannot_be_compared_is_refused():
    for a, b in (([1, 2], [1]), ([], []), ([[1]], [[1]])):
        with pytest.raises(ValueError, match="two lists of values of the same queries"):
            paired(a, b)
    with pytest.raises(ValueError, match="a value for each query"):
        paired([1, math.nan], [1, 2])
