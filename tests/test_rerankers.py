"""Every file of `rerankers/` keeps the promise of re-rankers; a new one is covered without being listed."""

import copy

import numpy as np
import pytest

from resight import methods
from resight.ranking import Ranked
from support.photos import Album, asked, points, query_of, random_album, unit


def has_top(name: str) -> bool:
    return "top" in methods.find("rerankers", name).settings


def small(name: str, top: int = 4) -> methods.Method:
    """The method, with a shortlist of so many where it has one."""
    return methods.find("rerankers", f"{name}:top={top}" if has_top(name) else name)


def with_points(images: int, regions: int = 1, dead: int = 0, **more) -> Album:
    """Random photos; some have local features, one of them too few to be verified, others none at all."""
    local = {image: points(30, seed=image % 3) for image in range(0, images, 2)}
    local[4] = points(2)
    return random_album(images, regions, seed=images, dead=dead, local=local, **more)


ALBUMS = {
    "none but the query": lambda: with_points(1),
    "one": lambda: with_points(2),
    "two": lambda: with_points(3),
    "ten": lambda: with_points(11),
    "ten with regions": lambda: with_points(11, 3),
    "ten among dead rows": lambda: with_points(11, 2, dead=9),
    "many": lambda: with_points(70, 2, dead=5),
    "the same ten times": lambda: Album(np.repeat(unit(np.ones((1, 8))), 11, axis=0)),
    "nothing in common": lambda: Album(np.eye(8, dtype=np.float32)),
    "black photos": lambda: Album(np.zeros((6, 8), np.float32)),
}


@pytest.fixture(params=methods.names("rerankers"))
def name(request):
    return request.param


@pytest.fixture(params=ALBUMS)
def album(request):
    return ALBUMS[request.param]()


def snapshot(ranked: Ranked, query, album: Album):
    return copy.deepcopy([ranked.images, ranked.scores, dict(ranked.matches), query.vectors, album.vectors])


def assert_same(one: Ranked, other: Ranked):
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(one.scores, other.scores)
    assert list(one.matches) == list(other.matches)


def test_a_ranking_comes_back_as_long_as_it_was_each_photo_once_without_the_query(name, album):
    query, ranked = asked(album, 0)
    found = small(name)(ranked, query, album)
    assert len(found) == len(ranked) == len(np.unique(found.images))
    assert found.images.dtype == np.int64
    assert found.scores.dtype == np.float32
    assert found.images.shape == found.scores.shape
    assert np.isfinite(found.scores).all()
    assert set(found.images.tolist()) <= set(album.images.tolist()) - {0}
    assert set(found.matches) <= set(found.images.tolist())


def test_the_same_comes_out_each_time_and_what_came_in_stays_as_it_was(name, album):
    query, ranked = asked(album, 0)
    before = snapshot(ranked, query, album)
    first = small(name)(ranked, query, album)
    assert_same(small(name)(ranked, query, album), first)
    for now, then in zip(snapshot(ranked, query, album), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("shortlisted", [name for name in methods.names("rerankers") if has_top(name)])
def test_what_is_below_the_shortlist_stays_in_order(shortlisted):
    album = ALBUMS["many"]()
    query, ranked = asked(album, 0)
    found = small(shortlisted, top=6)(ranked, query, album)
    below = [image for image in ranked.images[6:].tolist() if image in found.images]
    order = {image: place for place, image in enumerate(found.images.tolist())}
    assert len(below) > 50
    assert sorted(below, key=order.get) == below


def test_a_short_ranking_of_a_large_gallery_stays_short(name):
    album = ALBUMS["many"]()
    for length in (0, 1, 2, 10):
        query, ranked = asked(album, 0, length)
        assert len(small(name)(ranked, query, album)) == length


def test_photos_that_may_not_be_found_are_not(name):
    allowed = np.arange(70) % 2 == 0
    album = with_points(70, 2, allowed_images=allowed)
    for image in (0, 1):
        query, ranked = asked(album, image)
        found = small(name)(ranked, query, album)
        assert len(found) == len(ranked)
        assert allowed[found.images].all()


def test_the_default_settings_take_any_gallery(name, album):
    query, ranked = asked(album, 0)
    found = methods.find("rerankers", name)(ranked, query, album)
    assert len(found) == len(ranked)
    assert np.isfinite(found.scores).all()


def test_a_query_from_outside_and_an_empty_ranking(name):
    album = with_points(10)
    query = query_of(unit(np.random.default_rng(1).normal(size=(2, 8))), local=points(30))
    ranked = album.nearest(query.vectors, 10)
    assert sorted(small(name)(ranked, query, album).images) == list(range(10))
    nothing = Album(np.empty((0, 8), np.float32))
    assert len(small(name)(nothing.nearest(query.vectors, 10), query, nothing)) == 0
