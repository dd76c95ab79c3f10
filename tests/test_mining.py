"""Ways to mine: each keeps the promises of its room, and is what its source says, walked through slowly."""

import itertools
import tracemalloc
from collections import Counter

import numpy as np
import pytest

from resight import methods
from resight.errors import BadSetting
from resight.mining._members import Members
from resight.mining._similarities import CELLS, similarities
from resight.mining.class_ranking import class_ranking
from resight.mining.hardest import hardest
from resight.mining.random import random
from resight.mining.semi_hard import semi_hard

NAMES = methods.names("mining")


def unit(count: int, dims: int = 5, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dims))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def exact(count: int, seed: int) -> np.ndarray:
    """Unit rows with exact products and many ties: four of their eight numbers are a half, up or down."""
    generator = np.random.default_rng(seed)
    rows = np.zeros((count, 8), np.float32)
    for row in rows:
        row[generator.permutation(8)[:4]] = generator.choice([-0.5, 0.5], 4)
    return rows


def mine(name: str, descriptors, classes, seed: int = 0) -> np.ndarray:
    return methods.find("mining", name)(descriptors, np.asarray(classes), np.random.default_rng(seed))


def check(triplets: np.ndarray, classes) -> None:
    """Rows are (T, 3) int64: another photo of the query's class, and one of another class."""
    classes = np.asarray(classes)
    assert triplets.dtype == np.int64
    assert triplets.shape == (len(triplets), 3)
    query, matching, other = triplets.T
    assert ((triplets >= 0) & (triplets < max(1, len(classes)))).all()
    assert (classes[query] == classes[matching]).all()
    assert (query != matching).all()
    assert (classes[query] != classes[other]).all()


# What all ways to mine promise


@pytest.mark.parametrize("name", NAMES)
class TestMining:
    @pytest.mark.parametrize("seed", range(8))
    def test_rows_are_a_query_a_matching_and_a_non_matching_photo(self, name, seed):
        classes = np.random.default_rng(seed).integers(0, 6, 40)
        for descriptors in (unit(40, seed=seed), exact(40, seed), np.tile(unit(1), (40, 1))):
            found = mine(name, descriptors, classes, seed)
            check(found, classes)
            assert len(found)
            assert len(np.unique(found, axis=0)) == len(found)

    def test_equal_seeds_give_equal_triplets_and_others_others(self, name):
        descriptors, classes = unit(120, seed=3), np.arange(120) % 30
        before = descriptors.copy()
        found = [mine(name, descriptors, classes, seed) for seed in (1, 1, 2)]
        np.testing.assert_array_equal(found[0], found[1])
        assert found[0].tolist() != found[2].tolist()
        np.testing.assert_array_equal(descriptors, before)

    def test_what_classes_are_called_does_not_matter(self, name):
        descriptors, classes = unit(50, seed=4), np.random.default_rng(4).integers(0, 9, 50)
        renamed = 7 * classes.astype(np.int32) - 20
        np.testing.assert_array_equal(mine(name, descriptors, classes), mine(name, descriptors, renamed))

    @pytest.mark.parametrize(
        "classes",
        [[], [0], [3, 3, 3, 3], [0, 1, 2, 3], [5, 5]],
        ids=["no photo", "one photo", "one class", "each its own class", "one pair"],
    )
    def test_where_no_triplet_is_possible_there_is_none(self, name, classes):
        found = mine(name, unit(len(classes)), np.array(classes, np.int64))
        assert found.shape == (0, 3)
        assert found.dtype == np.int64

    def test_the_one_triplet_that_is_possible_is_found(self, name):
        descriptors = np.float32([[1, 0], [0.6, 0.8], [0.8, 0.6]])
        asked = {
            tuple(row) for seed in range(20) for row in mine(name, descriptors, [4, 4, 9], seed).tolist()
        }
        assert asked <= {(0, 1, 2), (1, 0, 2)}
        assert asked

    def test_a_photo_without_a_point_and_its_row_of_zeros_are_photos_like_others(self, name):
        descriptors, classes = unit(20), np.arange(20) % 5
        descriptors[3] = descriptors[8] = 0
        check(mine(name, descriptors, classes), classes)

    def test_memory_does_not_grow_with_the_square_of_the_photos(self, name):
        count = 12_000
        descriptors, classes = unit(count, 4), np.arange(count) // 6
        tracemalloc.start()
        found = mine(name, descriptors, classes)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(found)
        assert peak < 1.3 * 4 * CELLS < 4 * count**2 / 5

    def test_the_first_of_many_triplets_are_of_photos_from_everywhere(self, name):
        """A run may take the first so many alone: they are not those of the lowest numbers or classes."""
        classes = np.arange(900) // 3
        descriptors = unit(300, 8, seed=5)[classes] + 0.6 * unit(900, 8, seed=6)
        descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
        queries = mine(name, descriptors, classes)[:60, 0]
        assert len(queries) == 60
        assert 300 < queries.mean() < 600


def test_similarities_come_in_blocks_of_bounded_size():
    count = 300_000
    descriptors = unit(count, 2)
    queries = np.random.default_rng(0).integers(0, count, 130)
    blocks: dict[int, list[int]] = {}
    for place, row in similarities(descriptors, queries):
        assert row.shape == (count,)
        assert row.base.size <= CELLS
        blocks.setdefault(len(blocks) if place % (CELLS // count) == 0 else len(blocks) - 1, []).append(place)
        np.testing.assert_allclose(row[:9], descriptors[:9] @ descriptors[queries[place]], atol=1e-6)
    assert list(itertools.chain(*blocks.values())) == list(range(130))
    assert {len(each) for each in list(blocks.values())[:-1]} == {CELLS // count}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("random:triplets=-1", "'random' takes 0 or more for 'triplets', not -1."),
        ("semi-hard:triplets=-1", "'semi-hard' takes 0 or more for 'triplets', not -1."),
        ("semi-hard:margin=-0.1", "'semi-hard' takes 0 or more for 'margin', not -0.1."),
        ("hardest:margin=nan", "'hardest' takes 0 or more for 'margin', not nan."),
        ("class-ranking:t=0", "'class-ranking' takes 1 or more for 't', not 0."),
        (
            "class-ranking:semi_hard=1.5",
            "'class-ranking' takes a share between 0 and 1 for 'semi_hard', not 1.5.",
        ),
    ],
)
def test_settings_that_mean_nothing_are_errors(text, message):
    with pytest.raises(BadSetting) as error:
        mine(text, unit(6), [0, 0, 1, 1, 2, 2])
    assert str(error.value) == message


# Pairs that are drawn


def all_pairs(classes) -> set[tuple[int, int]]:
    return {
        (one, other)
        for one, other in itertools.permutations(range(len(classes)), 2)
        if classes[one] == classes[other]
    }


def test_pairs_are_distinct_and_no_more_than_there_are():
    for seed in range(10):
        generator = np.random.default_rng(seed)
        classes = generator.integers(0, 5, 14)
        possible = all_pairs(classes)
        for count in (1, 5, len(possible) - 1, len(possible), 500):
            queries, matching = Members(classes).pairs(count, generator)
            pairs = list(zip(queries.tolist(), matching.tolist(), strict=True))
            assert len(pairs) == len(set(pairs)) == min(count, len(possible))
            assert set(pairs) <= possible
            times = Counter(queries.tolist())
            for query in Members(
                classes
            ).asking.tolist():  # one turn after the other, while it has a pair left
                assert times[query] >= min(max(times.values()) - 1, (classes == classes[query]).sum() - 1)


def test_each_photo_asks_once_and_every_pair_is_as_likely():
    classes = np.array([0, 1, 0, 1, 0, 0, 7])
    generator = np.random.default_rng(0)
    drawn: Counter[tuple[int, int]] = Counter()
    strangers: Counter[tuple[int, int]] = Counter()
    for _ in range(3000):
        found = random(unit(7), classes, generator)
        assert sorted(found[:, 0].tolist()) == [0, 1, 2, 3, 4, 5]
        drawn.update(zip(found[:, 0].tolist(), found[:, 1].tolist(), strict=True))
        strangers.update(zip(found[:, 0].tolist(), found[:, 2].tolist(), strict=True))
    assert set(drawn) == all_pairs(classes)
    for (query, _), times in drawn.items():
        assert abs(times - (1000 if classes[query] == 0 else 3000)) <= 110  # four deviations of 26
    for (query, _), times in strangers.items():
        assert abs(times - (1000 if classes[query] == 0 else 600)) <= 110
    assert len(strangers) == 4 * 3 + 2 * 5


# The slow forms: each photo is compared with each, by distances


def squares(descriptors) -> np.ndarray:
    values = descriptors.astype(np.float64)
    return ((values[:, None] - values[None]) ** 2).sum(2)


@pytest.mark.parametrize("make", [exact, lambda count, seed: unit(count, 4, seed)], ids=["ties", "random"])
@pytest.mark.parametrize("triplets", [0, 7, 300])
def test_hardest_keeps_drawn_pairs_with_a_loss_beside_their_nearest_non_matching_photo(make, triplets):
    kept = 0
    for seed in range(20):
        classes = np.random.default_rng(seed).integers(0, 5, 30)
        descriptors = make(30, seed)
        apart = squares(descriptors)
        expected = []
        pairs = Members(classes).pairs(triplets, np.random.default_rng(seed))
        for query, matching in zip(*pairs, strict=True):
            others = [photo for photo in range(30) if classes[photo] != classes[query]]
            other = min(others, key=lambda photo: apart[query, photo])
            if 0.1 + apart[query, matching] - apart[query, other] > 1e-9:
                expected.append([query, matching, other])
        found = hardest(descriptors, classes, np.random.default_rng(seed), triplets=triplets)
        assert found.tolist() == expected
        kept += len(expected)
    assert kept


def test_hardest_takes_no_triplet_without_a_loss():
    descriptors = np.eye(4, dtype=np.float32)[[0, 0, 1, 1]]  # of one class alike, of two at a distance of 2
    assert len(mine("hardest", descriptors, [0, 0, 1, 1])) == 0
    assert len(mine("hardest:margin=2.01", descriptors, [0, 0, 1, 1])) == 4
    assert len(mine("hardest:margin=2", descriptors, [0, 0, 1, 1])) == 0  # just at the margin: the loss is 0


@pytest.mark.parametrize("make", [exact, lambda count, seed: unit(count, 4, seed)], ids=["ties", "random"])
@pytest.mark.parametrize("margin", [0.03, 0.2, 1.5])
def test_semi_hard_photos_are_farther_than_the_matching_one_and_within_the_margin(make, margin):
    kinds: Counter[str] = Counter()
    for seed in range(20):
        classes = np.random.default_rng(seed).integers(0, 5, 30)
        descriptors = make(30, seed)
        apart = squares(descriptors)
        expected = []
        pairs = Members(classes).pairs(0, np.random.default_rng(seed))
        for query, matching in zip(*pairs, strict=True):
            near = apart[query, matching]
            others = [photo for photo in range(30) if classes[photo] != classes[query]]
            semi = [photo for photo in others if near + 1e-9 < apart[query, photo] < near + margin - 1e-9]
            nearest = min(others, key=lambda photo: apart[query, photo])
            if semi:
                expected.append([query, matching, min(semi, key=lambda photo: apart[query, photo])])
                kinds["semi-hard"] += 1
            elif apart[query, nearest] < near + margin - 1e-9:
                expected.append([query, matching, nearest])
                kinds["hardest"] += 1
            else:
                kinds["none"] += 1
        found = semi_hard(descriptors, classes, np.random.default_rng(seed), margin=margin)
        assert found.tolist() == expected
    assert kinds["hardest"]
    assert kinds["semi-hard"] or (make is exact and margin < 0.5)  # distances are half numbers there


# Vaccaro et al., Algorithm 1


def walked(descriptors, classes, chance, t: int = 20):
    """Lines 7 to 27 as they are printed, the draws handed in: a list of (query, matching, other, kind).

    The query is taken out of its ranking, so that its neighbours count from 1, and line 14 asks for j > 1.
    The semi-hard triplet is appended before the walk ends. `kind` is "semi-hard", "hard" or, of what line 21
    drops, "extremely hard".
    """
    apart, draws, triplets = squares(descriptors), iter(chance), []
    for query in range(len(classes)):
        neighbours = sorted((i for i in range(len(classes)) if i != query), key=lambda i: apart[query, i])
        if {classes[i] == classes[query] for i in neighbours} != {True, False}:
            continue
        semi = next(draws)
        p = n = None
        for j, neighbour in enumerate(neighbours, 1):
            kind = "hard"
            if classes[neighbour] != classes[query] and n is None:
                n = j
                if j > 1 and semi:
                    p, kind = j - 1, "semi-hard"
            elif classes[neighbour] == classes[query] and n is not None:
                p = j
            if p is not None and n is not None:
                kind = kind if p - n < t else "extremely hard"
                triplets.append((query, neighbours[p - 1], neighbours[n - 1], kind))
                break  # what is too far behind is not looked for again: any other is farther
    return triplets


def cases():
    """200 small collections, half of them with ties and duplicates, of few and of many classes."""
    for seed in range(200):
        generator = np.random.default_rng(seed)
        count = int(generator.integers(3, 45))
        classes = generator.integers(0, int(generator.integers(2, 9)), count)
        yield seed, exact(count, seed) if seed % 2 else unit(count, 3, seed), classes


@pytest.mark.parametrize("t", [1, 3, 20])
def test_class_ranking_is_algorithm_1_with_the_same_draws(t):
    kinds: Counter[str] = Counter()
    for seed, descriptors, classes in cases():
        replay = np.random.default_rng(seed)
        asking = len(Members(classes).asking)
        every = walked(descriptors, classes, replay.random(asking) < 0.5, t)
        kinds.update(triplet[3] for triplet in every)
        kept = [triplet[:3] for triplet in every if triplet[3] != "extremely hard"]
        expected = {}
        for place in replay.permutation(len(kept)):
            expected.setdefault(classes[kept[place][0]], kept[place])
        found = class_ranking(descriptors, classes, np.random.default_rng(seed), t=t)
        assert found.tolist() == [list(triplet) for triplet in expected.values()]
        check(found, classes)
    assert set(kinds) == {"semi-hard", "hard", "extremely hard"} - ({"hard"} if t == 1 else set())


@pytest.mark.parametrize("semi", [0, 1])
def test_where_nothing_is_drawn_the_triplets_of_each_class_are_those_of_algorithm_1(semi):
    """Any of them, over many seeds, and each about equally often."""
    tried = 0
    for seed, descriptors, classes in itertools.islice(cases(), 0, 200, 20):
        every = walked(descriptors, classes, itertools.repeat(bool(semi)))
        possible: dict[int, set[tuple[int, ...]]] = {}
        for *triplet, kind in every:
            if kind != "extremely hard":
                possible.setdefault(int(classes[triplet[0]]), set()).add(tuple(triplet))
        drawn: Counter[tuple[int, ...]] = Counter()
        for again in range(400):
            found = class_ranking(descriptors, classes, np.random.default_rng([seed, again]), semi_hard=semi)
            assert sorted(classes[found[:, 0]].tolist()) == sorted(possible)
            drawn.update(map(tuple, found.tolist()))
        for own in possible.values():
            share = 400 / len(own)
            assert sum(drawn[triplet] for triplet in own) == 400
            squared = sum((drawn[triplet] - share) ** 2 / share for triplet in own)
            freedom = len(own) - 1
            assert squared <= freedom + 5 * (2 * freedom) ** 0.5 + 1  # chi-square, five deviations
            tried += len(own) > 1
    assert tried > 20


def test_half_of_the_queries_with_a_matching_photo_first_are_semi_hard():
    """Query 0 has a matching photo before the first other one, and another behind it."""
    descriptors = np.float32([[1, 0], [0.96, 0.28], [0.8, 0.6], [0.6, 0.8]])
    classes = np.array([0, 0, 1, 0])
    of_query: Counter[tuple[int, ...]] = Counter()
    for seed in range(3000):
        found = class_ranking(descriptors, classes, np.random.default_rng(seed)).tolist()
        assert len(found) == 1
        of_query.update(tuple(row) for row in found if row[0] == 0)
    # A third of the triplets are of query 0, and of these a half are semi-hard: 500 and 500, four deviations.
    assert set(of_query) == {(0, 1, 2), (0, 3, 2)}
    assert all(abs(times - 500) <= 82 for times in of_query.values())


def test_extremely_hard_triplets_are_kept_where_that_is_asked_for_and_hard_ones_left_out():
    """One query's matching photo stands 3 ranks behind the first of four others."""
    angles = np.deg2rad([0, 10, 20, 30, 40, 50])
    descriptors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    classes = np.array([0, 1, 2, 3, 0, 4])
    of_0 = [0, 4, 1]

    def found(**settings):
        seeds = (np.random.default_rng(seed) for seed in range(20))
        return [
            row for seed in seeds for row in class_ranking(descriptors, classes, seed, **settings).tolist()
        ]

    assert of_0 in found(t=4)
    assert of_0 not in found(t=3)
    assert of_0 in found(t=3, extremely_hard=True)
    assert of_0 in found(t=3, extremely_hard=True, hard=False)
    assert of_0 not in found(t=4, hard=False)
    assert found(t=4, hard=False, semi_hard=1.0) == []


def test_duplicates_of_the_query_stay_in_its_ranking():
    """Photo 2 has the very descriptor of photo 1: the query is left out by its number alone."""
    descriptors = np.float32([[0, 1], [1, 0], [1, 0], [0.6, 0.8]])
    found = class_ranking(descriptors, np.array([5, 3, 3, 5]), np.random.default_rng(0), semi_hard=1.0)
    assert [1, 2, 3] in found.tolist() or [2, 1, 3] in found.tolist()
