"""Expansions and augmentation against the papers' formulas, in float64 and loops."""

import numpy as np
import pytest

from resight import methods
from resight.errors import BadSetting
from resight.ranking import Match, Ranked
from resight.rerankers import _augmented
from support.photos import Album, asked, query_of, random_album, unit

ALBUMS = {
    "one row": random_album(40, 1),
    "regions": random_album(25, 4, seed=1),
    "dead rows": random_album(20, 3, seed=2, dead=15),
}


@pytest.fixture(params=ALBUMS)
def album(request):
    return ALBUMS[request.param]


def applied(text: str, ranked, query, album):
    return methods.find("rerankers", text)(ranked, query, album)


def dot(a, b) -> float:
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def best_pair(query, rows):
    """Row of the query, the photo's vector, their product: the largest of all pairs."""
    found = [(dot(q, row), i, row) for i, q in enumerate(query.vectors) for row in rows]
    product, i, row = max(found, key=lambda each: each[0])
    return i, row.astype(np.float64), product


def slow_ranking(vectors, album: Album, own: int):
    """Every photo but the query's own by its best row, in float64."""
    scores = {
        image: max(dot(v, row) for v in vectors for row in album.take(album.rows_of(image)))
        for image in album.images.tolist()
        if image != own
    }
    return sorted(scores.items(), key=lambda each: -each[1])


def assert_ranked(found: Ranked, expected, length: int):
    images, scores = zip(*expected[:length], strict=True)
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_allclose(found.scores, scores, atol=2e-6)


@pytest.mark.parametrize(
    "text", ["mean-expansion:n=5", "alpha-expansion:n=5", "alpha-expansion:n=8,alpha=0.5"]
)
def test_each_row_of_the_query_gains_the_hits_that_it_matched(album, text):
    settings = methods.find("rerankers", text).settings
    query, ranked = asked(album, 3)
    vectors = [row.astype(np.float64) for row in query.vectors]
    for image in ranked.images[: settings["n"]]:
        i, row, product = best_pair(query, album.take(album.rows_of(image)))
        power = settings.get("alpha", 0)
        vectors[i] = vectors[i] + (max(product, 0) ** power if power else 1) * row
    vectors = [vector / dot(vector, vector) ** 0.5 for vector in vectors]
    assert_ranked(applied(text, ranked, query, album), slow_ranking(vectors, album, 3), len(ranked))


def test_regional_expansion_searches_for_the_mean_of_the_matched_regions(album):
    query, ranked = asked(album, 3, 12)
    total = sum(best_pair(query, album.take(album.rows_of(image)))[1] for image in ranked.images[:10])
    mean = total / dot(total, total) ** 0.5
    found = applied("regional-expansion", ranked, query, album)
    assert_ranked(found, slow_ranking([mean], album, 3), 12)


def test_an_expansion_finds_what_the_query_alone_did_not():
    vectors = unit(np.float32([[1, 0, 0], [0.8, 0.6, 0], [0.1, 1, 0], [0.2, 0, 1]]))
    query, ranked = asked(Album(vectors), 0)
    assert ranked.images.tolist() == [1, 3, 2]
    for text in ("mean-expansion:n=1", "alpha-expansion:n=1", "regional-expansion:n=1"):
        assert applied(text, ranked, query, Album(vectors)).images.tolist() == [1, 2, 3]


def test_hits_of_negative_similarity_weigh_nothing_under_any_power():
    album = Album(unit(np.float32([[1, 0], [-1, 0.5], [-1, -0.2]])))
    query, ranked = asked(album, 0)
    found = applied("alpha-expansion:alpha=2.5", ranked, query, album)
    np.testing.assert_array_equal(found.images, ranked.images)
    np.testing.assert_array_equal(found.scores, ranked.scores)


def test_hits_that_cancel_each_other_leave_the_query_as_it_is():
    album = Album(np.float32([[1, 0], [0, 1], [0, -1], [-1, 0]]))
    ranked, query = Ranked(np.array([3]), np.float32([-1])), query_of([1, 0], image=0)
    assert applied("mean-expansion", ranked, query, album).images.tolist() == [1]
    opposite = Ranked(np.array([1, 2]), np.float32([0, 0]))
    assert applied("regional-expansion", opposite, query, album).scores.tolist() == [0, 0]


def test_a_query_that_is_no_photo_of_the_album_may_find_all():
    album = random_album(6)
    query = query_of(unit(np.float32([[1, 2, 3, 4, 5, 6, 7, 8]])))
    ranked = album.nearest(query.vectors, 6)
    for text in ("mean-expansion", "alpha-expansion", "regional-expansion", "augmentation:k=2"):
        assert sorted(applied(text, ranked, query, album).images) == list(range(6))


def test_verified_matches_stay_with_photos_that_are_found_again():
    album = random_album(10)
    query, ranked = asked(album, 0, 9)
    match = Match(*[np.zeros((4, 2), np.float32)] * 2, np.eye(3), query.area(), query.area())
    ranked = Ranked(ranked.images, ranked.scores, {4: match, 77: match})
    for text in ("mean-expansion", "augmentation"):
        assert dict(applied(text, ranked, query, album).matches) == {4: match}


# Augmentation: every row of the database is a sum of itself and its neighbours


def slow_augmented(album: Album, database, k: int, weigh):
    """Image -> its augmented rows; the database are rows of it alone, each with its k nearest of them."""
    rows = [r for r in range(len(album.owners)) if album.owners[r] in database]
    sums = {}
    for r in rows:
        x = album.vectors[r].astype(np.float64)
        products = sorted(((dot(x, album.vectors[o]), o) for o in rows if o != r), reverse=True)
        added = [
            weigh(place, product) * album.vectors[o] for place, (product, o) in enumerate(products[:k], 1)
        ]
        total = sum(added, x)
        sums.setdefault(int(album.owners[r]), []).append(total / dot(total, total) ** 0.5)
    return sums


def ranking_of(query, sums):
    scores = {image: max(dot(q, row) for q in query.vectors for row in rows) for image, rows in sums.items()}
    return sorted(scores.items(), key=lambda each: -each[1])


@pytest.mark.parametrize(
    ("text", "weigh"),
    [
        ("augmentation:k=4", lambda place, product: max(product, 0) ** 3),
        ("augmentation:k=4,alpha=0.5", lambda place, product: max(product, 0) ** 0.5),
        ("augmentation:k=4,weights=rank", lambda place, product: (4 - place) / 4),
    ],
)
def test_augmentation_compares_with_weighted_sums_of_neighbours(album, text, weigh, monkeypatch):
    monkeypatch.setattr(_augmented, "BLOCK_FLOATS", 100)  # many blocks, the last of them not full
    query = query_of(unit(np.random.default_rng(5).normal(size=(2, 8))))
    ranked = album.nearest(query.vectors, 12)
    expected = ranking_of(query, slow_augmented(album, set(album.images.tolist()), 4, weigh))
    assert_ranked(applied(text, ranked, query, album), expected, 12)


def test_fewer_neighbours_than_asked_for_are_added_by_their_ranks():
    album = random_album(5)
    query = query_of(unit(np.random.default_rng(6).normal(size=(1, 8))))
    expected = ranking_of(
        query, slow_augmented(album, set(range(5)), 9, lambda place, product: (9 - place) / 9)
    )
    found = applied("augmentation:k=9,weights=rank", album.nearest(query.vectors, 5), query, album)
    assert_ranked(found, expected, 5)


def test_the_own_image_and_those_that_may_not_be_found_are_added_to_nothing():
    allowed = np.arange(14) % 3 != 0
    vectors = unit(np.random.default_rng(8).normal(size=(28, 6)))
    album = Album(vectors, np.repeat(np.arange(14), 2), allowed_images=allowed)
    database = set(np.flatnonzero(allowed).tolist()) - {4}
    expected = ranking_of(
        query_of(vectors[8:10]),
        slow_augmented(album, database, 40, lambda place, product: max(product, 0) ** 3),
    )
    query, ranked = asked(album, 4)  # k of all: no neighbour of the database is crowded out by another
    assert_ranked(applied("augmentation:k=40", ranked, query, album), expected, len(database))


def test_what_is_kept_between_queries_does_not_mix_databases_or_settings():
    album, other = random_album(12, seed=3), random_album(12, seed=4)
    query, ranked = asked(album, 0)
    first = applied("augmentation:k=3", ranked, query, album)
    for text, photos in [
        ("augmentation:k=2", album),
        ("augmentation:k=3,alpha=1", album),
        ("augmentation", other),
    ]:
        assert not np.array_equal(applied(text, ranked, query, photos).scores, first.scores)
    dying = Album(album.vectors, np.where(np.arange(12) == 5, -1, np.arange(12)), identity=album.identity)
    assert 5 not in applied("augmentation:k=3", ranked, query, dying).images
    np.testing.assert_array_equal(applied("augmentation:k=3", ranked, query, album).scores, first.scores)


def test_a_row_whose_sum_vanishes_is_compared_as_it_is():
    album = Album(np.float32([[1, 0, 0], [-1, 0, 0], [0, 1, 0]]), identity="vanishing")
    weights = np.float32([[1, 0], [1, 0], [0, 0]])
    neighbours = np.int32([[1, 2], [0, 2], [0, 1]])
    values = _augmented._measured(album, np.arange(3), np.arange(3), neighbours, weights)
    np.testing.assert_array_equal(values[0], np.zeros((3, 2)))
    np.testing.assert_array_equal(values[1], np.ones(3))


@pytest.mark.parametrize(
    "text",
    [
        "mean-expansion:n=0",
        "alpha-expansion:n=0",
        "alpha-expansion:alpha=-1",
        "alpha-expansion:alpha=nan",
        "regional-expansion:n=0",
        "augmentation:k=0",
        "augmentation:alpha=-1",
        "augmentation:weights=ranks",
    ],
)
def test_settings_that_cannot_work_are_refused(text):
    query, ranked = asked(random_album(3), 0)
    with pytest.raises(BadSetting, match=text.partition(":")[0]):
        applied(text, ranked, query, random_album(3))
