"""k-reciprocal re-ranking against the paper's definitions, with sets and loops in float64."""

import math

import numpy as np
import pytest

from resight import methods
from resight.errors import BadSetting
from resight.ranking import Ranked
from support.photos import Album, asked, random_album


def slow(ranked, query, album: Album, top, k1, k2, original):
    """Image -> final distance, for the first `top`."""
    images = ranked.images[:top].tolist()
    groups = [query.vectors.astype(np.float64)]
    groups += [album.take(album.rows_of(image)).astype(np.float64) for image in images]
    every = range(len(groups))
    distance = [[2 - 2 * max(float(a @ b) for a in p for b in g) for g in groups] for p in groups]
    for p in every:
        distance[p][p] = 0

    def nearest(p, k):  # itself, then its k nearest others
        return [p, *sorted((g for g in every if g != p), key=lambda g: distance[p][g])[:k]]

    def reciprocal(p, k):
        return {g for g in nearest(p, k) if p in nearest(g, k)}

    def extended(p):
        found = set(reciprocal(p, k1))
        for q in reciprocal(p, k1):
            theirs = reciprocal(q, math.ceil(k1 / 2))
            if len(reciprocal(p, k1) & theirs) >= 2 / 3 * len(theirs):
                found |= theirs
        return found

    sets = [extended(p) for p in every]
    features = [[math.exp(-distance[p][g]) if g in sets[p] else 0.0 for g in every] for p in every]
    mean = [
        [sum(features[q][g] for q in nearest(p, k2 - 1)) / len(nearest(p, k2 - 1)) for g in every]
        for p in every
    ]
    final = {}
    for place, image in enumerate(images, 1):
        shared = sum(min(a, b) for a, b in zip(mean[0], mean[place], strict=True))
        either = sum(max(a, b) for a, b in zip(mean[0], mean[place], strict=True))
        final[image] = (1 - original) * (1 - shared / either) + original * distance[0][place]
    return final


@pytest.mark.parametrize(
    "settings",
    [
        {"top": 30, "k1": 6, "k2": 3, "original": 0.3},
        {"top": 17, "k1": 5, "k2": 1, "original": 0.0},
        {"top": 100, "k1": 20, "k2": 6, "original": 0.3},
        {"top": 8, "k1": 50, "k2": 50, "original": 0.7},
        {"top": 12, "k1": 1, "k2": 2, "original": 1.0},
    ],
)
@pytest.mark.parametrize(("images", "regions", "dead"), [(45, 1, 0), (30, 3, 10)])
def test_distances_are_those_of_the_paper(settings, images, regions, dead):
    album = random_album(images, regions, dims=4, seed=images, dead=dead)
    query, ranked = asked(album, 2)
    text = "k-reciprocal:" + ",".join(f"{key}={value}" for key, value in settings.items())
    found = methods.find("rerankers", text)(ranked, query, album)
    final = slow(ranked, query, album, **settings)
    top = len(final)
    np.testing.assert_allclose(
        1 - found.scores[:top], [final[i] for i in found.images[:top].tolist()], atol=3e-6
    )
    assert (np.diff(found.scores[:top]) <= 0).all()
    np.testing.assert_array_equal(found.images[top:], ranked.images[top:])
    np.testing.assert_array_equal(found.scores[top:], ranked.scores[top:])


@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (2, 1), (3, 2)])
def test_a_photo_is_its_own_first_neighbour_even_among_copies(k1, k2):
    kinds = np.float32([[1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], [0, 1, 0, 0]])  # products are exact
    album = Album(np.repeat(kinds, 5, axis=0))
    query, ranked = asked(album, 0)
    found = methods.find("rerankers", f"k-reciprocal:k1={k1},k2={k2}")(ranked, query, album)
    final = slow(ranked, query, album, 14, k1, k2, 0.3)
    np.testing.assert_allclose(1 - found.scores, [final[i] for i in found.images.tolist()], atol=1e-6)


def test_a_photo_that_has_nearer_ones_than_the_query_falls_behind():
    friends, stranger, crowd = [30, 31, 32, 33, 34], [-25], range(-47, -32, 2)
    turns = np.radians([0, *friends, *stranger, *crowd])
    album = Album(np.stack([np.cos(turns), np.sin(turns)], axis=1))
    query, ranked = asked(album, 0)
    assert ranked.images[0] == 6
    found = methods.find("rerankers", "k-reciprocal:k1=6,k2=1,original=0.1")(ranked, query, album)
    assert set(found.images[:5].tolist()) == {1, 2, 3, 4, 5}


def test_equal_photos_stay_in_their_order():
    album = Album(np.float32([[1, 0]] + [[0.6, 0.8]] * 5))
    query, ranked = asked(album, 0)
    ranked = Ranked(ranked.images[::-1], ranked.scores)
    found = methods.find("rerankers", "k-reciprocal:k1=5,k2=1")(ranked, query, album)
    np.testing.assert_array_equal(found.images, ranked.images)


@pytest.mark.parametrize(
    "setting", ["top=0", "k1=0", "k2=0", "original=1.1", "original=-0.1", "original=nan"]
)
def test_settings_that_cannot_work_are_refused(setting):
    album = random_album(3)
    query, ranked = asked(album, 0)
    with pytest.raises(BadSetting, match=f"k-reciprocal.*{setting.partition('=')[0]}"):
        methods.find("rerankers", f"k-reciprocal:{setting}")(ranked, query, album)
