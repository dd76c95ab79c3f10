from dataclasses import replace

import numpy as np
import pytest

from resight import local_features
from resight.errors import BadSetting
from resight.images import Photo, read
from resight.methods import find
from resight.ranking import LocalFeatures, Ranked
from resight.rerankers import _verifying
from resight.rerankers._matching import matcher
from resight.rerankers._projecting import moved, projected, within
from resight.rerankers._verifying import Agreement, Rule, agreement, agreements, plausible, width
from resight.types import Region
from support.drawn import corners_to, seen, texture
from support.photos import NOTHING, Album, points, query_of

RULE = Rule(ratio=0.8, threshold=3.0, least=10)
FLAT = np.array([[0.9, 0.1, 30], [-0.1, 0.9, 40], [0, 0, 1]])
WHOLE = Region(((0.0, 0.0), (400.0, 0.0), (400.0, 300.0), (0.0, 300.0)))


def slow_pairs(query, photo, ratio):
    """The definition, with loops over whole numbers."""
    rows, columns = query.descriptors.astype(int).tolist(), photo.descriptors.astype(int).tolist()
    distances = [
        [sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) for other in columns] for one in rows
    ]
    found, taken = [], set()
    for number, each in enumerate(distances):
        order = sorted(range(len(each)), key=each.__getitem__)
        if len(order) < 2:
            continue
        near, next_ = order[0], order[1]
        if not each[near] < ratio**2 * each[next_]:
            continue
        if each[near] == min(line[near] for line in distances) and near not in taken:
            taken.add(near)
            found.append([number, near])
    return found


@pytest.mark.parametrize("ratio", [0.7, 0.95, 1.0])
@pytest.mark.parametrize(("left", "right"), [(30, 40), (40, 1), (1, 40), (0, 5), (5, 0), (3, 2)])
def test_matching_equals_its_definition(left, right, ratio):
    query, photo = points(left, seed=1), points(right, seed=2)
    copies = min(left, right) * 2 // 3
    photo.descriptors[:copies] = np.clip(query.descriptors[:copies].astype(int) + 3, 0, 255)
    if left > 9 < right:
        photo.descriptors[5] = photo.descriptors[
            6
        ]  # two of the photo are the same: neither is nearest by far
        query.descriptors[8] = query.descriptors[7]  # two of the query are the same: the earlier has it
    assert matcher(query, ratio)(photo).tolist() == slow_pairs(query, photo, ratio)


def test_matching_is_exact_at_the_ends_of_a_byte():
    black, white = np.zeros((3, 128), np.uint8), np.full((3, 128), 255, np.uint8)
    black[1, 0], white[1, 0] = 1, 254
    query = LocalFeatures(np.zeros((6, 2), np.float32), np.vstack([white, black]))
    photo = LocalFeatures(np.zeros((4, 2), np.float32), np.vstack([black[:2], white[:2]]))
    assert (
        matcher(query, 0.9)(photo).tolist()
        == slow_pairs(query, photo, 0.9)
        == [[0, 2], [1, 3], [3, 0], [4, 1]]
    )


def album(*photos: Photo, vectors=None):
    """Photos as they are searched; without vectors each is less like the query than the one before it."""
    if vectors is None:
        angles = np.linspace(0.1, 1.4, len(photos))
        vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Album(vectors, local={number: local_features.extract(each) for number, each in enumerate(photos)})


def asked(photo, area=WHOLE):
    return replace(query_of([1.0, 0.0], local=local_features.extract(photo)), area=lambda: area)


def plain(searched, query):
    return searched.nearest(query.vectors, len(searched.images))


def same(one: Ranked, other: Ranked):
    assert np.array_equal(one.images, other.images)
    assert np.array_equal(one.scores, other.scores)
    assert one.matches.keys() == other.matches.keys()
    for image, match in one.matches.items():
        assert np.array_equal(match.homography, other.matches[image].homography)
        assert np.array_equal(match.points, other.matches[image].points)
        assert match.region == other.matches[image].region


# Verified photos first, whatever they look like: the arithmetic of scores has tests of its own.
FIRST = "geometry:weight=9"


def grown(score, inliers, weight=9.0):
    """What geometry makes of a score, as float32."""
    return np.float32(np.float32(score) + weight * np.log1p(inliers))


WARPS = {
    "shift": np.array([[1, 0, 60], [0, 1, 90], [0, 0, 1.0]]),
    "turned": np.array([[0.0, -1, 400], [1, 0, 20], [0, 0, 1]]),
    "smaller": np.array([[0.6, 0, 40], [0, 0.6, 50], [0, 0, 1.0]]),
    "slanted": None,
}


@pytest.mark.parametrize("name", WARPS)
def test_a_drawing_seen_by_another_camera_is_verified_and_located(name):
    photo = texture(1)
    truth = WARPS[name]
    if truth is None:
        truth = corners_to(photo, [(60, 50), (430, 90), (400, 380), (90, 350)])
    searched = album(texture(2), texture(3), seen(photo, truth), texture(4))
    query = asked(photo)
    ranked = plain(searched, query)
    found = find("rerankers", FIRST)(ranked, query, searched)
    assert found.images.tolist() == [2, 0, 1, 3]
    assert found.matches.keys() == {2}
    match = found.matches[2]
    assert match.inliers == len(match.query_points) >= 50
    assert found.scores[0] == grown(ranked.scores[2], match.inliers)
    assert np.array_equal(found.scores[1:], ranked.scores[[0, 1, 3]])
    there = moved(match.query_points, truth)
    assert np.linalg.norm(there - match.points, axis=1).max() < 6
    assert np.linalg.norm(moved(match.query_points, match.homography) - there, axis=1).max() < 2
    assert match.query_region == WHOLE
    corners = moved(np.array(WHOLE.polygon), truth)
    assert np.linalg.norm(np.array(match.region.polygon) - corners, axis=1).max() < 3


def test_a_part_is_looked_for_and_located_as_that_part():
    photo = texture(1)
    part = Region(((100.0, 80.0), (350.0, 80.0), (350.0, 280.0), (100.0, 280.0)))
    local = local_features.extract(photo, part.box)
    query = replace(asked(photo), features=lambda: local, area=lambda: part)
    searched = album(seen(photo, FLAT))
    match = find("rerankers", "geometry")(plain(searched, query), query, searched).matches[0]
    corners = moved(np.array(part.polygon), FLAT)
    assert np.linalg.norm(np.array(match.region.polygon) - corners, axis=1).max() < 3


def test_large_photos_agree_within_more_of_their_pixels():
    photo = texture(1, 2000, 1500)
    truth = FLAT @ np.diag([0.25, 0.25, 1])
    query, searched = asked(photo), album(seen(photo, truth))
    match = find("rerankers", "geometry")(plain(searched, query), query, searched).matches[0]
    assert np.linalg.norm(moved(match.query_points, truth) - match.points, axis=1).max() < 6
    assert match.inliers >= 10


def test_the_threshold_is_in_pixels_of_the_view_that_features_are_found_in():
    places, descriptors = GRID * (local_features.SIDE / 360), words(len(GRID), 1)
    off = places + np.random.default_rng(0).normal(0, 1, GRID.shape)
    view, large = (
        [LocalFeatures((each * times).astype(np.float32), descriptors, times) for each in (places, off)]
        for times in (1, 6)
    )
    in_view, in_large = agreements(view[0], [view[1]], RULE) + agreements(large[0], [large[1]], RULE)
    assert len(in_view) > 0.9 * len(GRID)
    assert abs(len(in_large) - len(in_view)) <= 3
    without_scale = agreement(large[0].points, large[1].points, RULE)
    assert without_scale is None or len(without_scale) < 0.5 * len(GRID)


def test_a_place_with_several_features_counts_once():
    thrice = np.repeat(GRID, 3, axis=0)
    found = agreement(thrice, moved(thrice, FLAT).astype(np.float32), RULE)
    assert np.array_equal(found.points, GRID)


def test_what_stands_below_the_first_is_not_touched():
    photo = texture(1)
    searched = album(texture(2), texture(3), texture(4), seen(photo, FLAT), seen(photo, WARPS["shift"]))
    query = asked(photo)
    ranked = plain(searched, query)
    same(find("rerankers", f"{FIRST},top=3")(ranked, query, searched), ranked)
    found = find("rerankers", f"{FIRST},top=4")(ranked, query, searched)
    assert found.images.tolist() == [3, 0, 1, 2, 4]
    assert found.scores[1:].tolist() == ranked.scores[[0, 1, 2, 4]].tolist()


def test_more_inliers_come_first_and_equals_stay_in_order():
    photo = texture(1)
    copy = seen(photo, WARPS["shift"])
    shown = (seen(photo, WARPS["smaller"]), copy, texture(3), copy)
    searched = album(*shown, vectors=np.array([[1.0, 0.0]] * len(shown)))
    query = asked(photo)
    found = find("rerankers", "geometry")(plain(searched, query), query, searched)
    assert found.images.tolist() == [1, 3, 0, 2]
    assert found.scores[0] == found.scores[1] > found.scores[2] > 1 == found.scores[3]


def test_few_points_that_agree_do_not_outdo_what_looks_alike():
    photo, cosines = texture(1), np.array([0.6, 0.5, 0.3])
    vectors = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1)
    query, other = asked(photo), texture(2)
    searched = album(other, seen(photo, WARPS["shift"]), seen(photo, WARPS["smaller"]), vectors=vectors)
    ranked, many = plain(searched, query), searched.local[1]
    found = find("rerankers", "geometry")(ranked, query, searched)
    assert found.images.tolist() == [1, 0, 2]
    for image, before in ((1, 0.5), (2, 0.3)):
        place = found.images.tolist().index(image)
        assert found.scores[place] == pytest.approx(before + 0.05 * np.log1p(found.matches[image].inliers))
    # of the same photo, but for few points
    searched.local[1] = LocalFeatures(many.points[:7], many.descriptors[:7])
    found = find("rerankers", "geometry:least=4")(ranked[:2], query, searched)
    assert 4 <= found.matches[1].inliers < 7
    assert found.images.tolist() == [0, 1]


def test_a_mirrored_photo_is_not_accepted():
    photo = texture(1)
    mirrored = Photo(np.ascontiguousarray(photo.pixels[:, ::-1]), 400, 300)
    searched, query = album(mirrored), asked(photo)
    ranked = plain(searched, query)
    same(find("rerankers", "geometry")(ranked, query, searched), ranked)


GRID = (
    np.stack(np.meshgrid(np.arange(0, 400, 40), np.arange(0, 300, 40)), -1).reshape(-1, 2).astype(np.float32)
)


@pytest.mark.parametrize(
    ("truth", "accepted"),
    [
        (FLAT, True),
        (np.array([[-1.0, 0, 400], [0, 1, 0], [0, 0, 1]]), False),  # mirrored
        (np.array([[1.0, 0, 0], [0, 0.05, 0], [0, 0, 1]]), False),  # edge-on
        (np.array([[1.0, 0, 0], [0, 1, 0], [-0.005, 0, 1]]), False),  # from before the camera to behind it
        (np.array([[1.0, 0, 0], [0, 1, 0], [0.02, 0, 1]]), False),  # to the horizon
        (-FLAT, True),  # a homography has no sign
    ],
)
def test_a_homography_is_refused_that_no_camera_gives(truth, accepted):
    assert plausible(truth, GRID) == accepted
    there = moved(GRID, truth).astype(np.float32)
    if accepted or np.isfinite(there).all():
        # measured where the query is, so the truth is looked for backwards
        found = agreement(there, GRID, RULE)
        assert (found is not None) == accepted


def test_points_that_all_fall_on_a_line_or_on_a_place_verify_nothing():
    line = np.stack([GRID[:, 0], GRID[:, 0] * 2], axis=1)
    strip = line + np.random.default_rng(0).normal(0, 2, GRID.shape).astype(np.float32)
    assert 1.5 < width(strip) < 2.5
    for degenerate in (line, strip, np.ones_like(GRID)):
        assert agreement(GRID, degenerate, RULE) is None
        assert agreement(degenerate, GRID, RULE) is None
        assert agreement(degenerate, degenerate, RULE) is None


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 9])
def test_too_few_points_on_either_side_verify_nothing(count):
    many = local_features.extract(texture(1))
    few = LocalFeatures(many.points[:count], many.descriptors[:count])
    for one, other in ((few, many), (many, few), (few, few)):
        searched = Album(np.eye(2), local={0: other})
        query = query_of([1.0, 0.0], local=one)
        ranked = plain(searched, query)
        same(find("rerankers", "geometry:least=10")(ranked, query, searched), ranked)
        same(find("rerankers", "geometry:expand=true")(ranked, query, searched), ranked)


def test_blank_photos_and_short_rankings_stay_as_they_are():
    blank = Photo(np.full((300, 400, 3), 99, np.uint8), 400, 300)
    searched, query = album(blank, texture(2)), asked(texture(1))
    ranked = plain(searched, query)
    for sentence in ("geometry", "geometry:expand=true"):
        geometry = find("rerankers", sentence)
        for first in range(3):
            same(geometry(ranked[:first], query, searched), ranked[:first])
        same(geometry(ranked, asked(blank), searched), ranked)


@pytest.mark.parametrize("sentence", ["geometry", "geometry:expand=true"])
def test_the_answer_is_the_same_each_time_and_on_any_number_of_cores(sentence, monkeypatch):
    photo = texture(1)
    searched = album(seen(photo, FLAT), texture(2), seen(photo, WARPS["smaller"]), texture(3))
    query = asked(photo)
    ranked, geometry = plain(searched, query), find("rerankers", sentence)
    first = geometry(ranked, query, searched)
    assert len(first.matches) == 2
    for cores in (1, 2, 5):
        monkeypatch.setattr(_verifying, "processors", lambda cores=cores: cores)
        same(geometry(ranked, query, searched), first)


@pytest.mark.parametrize(
    "settings",
    [
        "top=0",
        "least=3",
        "ratio=0",
        "ratio=1.1",
        "ratio=nan",
        "threshold=0",
        "threshold=inf",
        "hits=0",
        "weight=-1",
    ],
)
def test_settings_that_cannot_be_are_refused(settings):
    with pytest.raises(BadSetting, match="geometry"):
        find("rerankers", f"geometry:{settings}")(
            Ranked(np.arange(0), np.zeros(0, np.float32)), query_of([1.0]), None
        )


# Regions


def test_a_region_that_goes_behind_the_camera_is_the_hull_of_its_points():
    steep = np.array([[1.0, 0, 0], [0, 1, 0], [-1 / 300, 0, 1]])
    known = GRID[GRID[:, 0] < 200]
    others = moved(known, steep).astype(np.float32)
    region = projected(WHOLE, Agreement(known, others, steep), LocalFeatures(others, NOTHING.descriptors))
    assert np.isfinite(region.polygon).all()
    assert region.box.as_list() == pytest.approx([*others.min(axis=0), *np.ptp(others, axis=0)], abs=0.11)


def test_a_region_of_which_a_corner_is_almost_at_the_camera_is_the_hull_of_its_points():
    width = np.array(WHOLE.polygon)[:, 0].max()
    known = GRID[GRID[:, 0] < 0.4 * width]
    for share, whole in ((0.5, True), (0.97, False)):
        steep = np.array([[1.0, 0, 0], [0, 1, 0], [-share / width, 0, 1]])
        others = moved(known, steep).astype(np.float32)
        far = LocalFeatures(np.float32([[0, 0], [9999, 9999]]), NOTHING.descriptors[:2])  # a wide photo
        region = projected(WHOLE, Agreement(known, others, steep), far)
        assert (len(region.polygon) == 4 and region.box.width > np.ptp(others, axis=0)[0] + 1) == whole


def test_a_point_is_within_a_hull_either_way_round():
    square = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
    asked_ = np.array([[5, 5], [0, 0], [10, 5], [10.1, 5], [-1, 5], [5, 11]], np.float32)
    for corners in (square, square[::-1]):
        assert within(asked_, corners).tolist() == [True, True, True, False, False, False]


# Expansion, on made-up points: two photos share those whose descriptors are the same


def words(count, seed):
    """Descriptors like none of another seed."""
    return points(count, seed=seed).descriptors


def shown(homography, *things):
    """Features of (places, descriptors), seen by a homography."""
    places = np.concatenate([moved(each, homography) for each, _ in things])
    return LocalFeatures(places.astype(np.float32), np.concatenate([each for _, each in things]))


def chain():
    """A query that shares its left half with image 1, through which image 2 shows the same; 3 the other half.

    The vectors lead from one to the next; image 0 is nearest to the query and shows nothing of it.
    """
    random = np.random.default_rng(5)
    left, right = random.uniform((0, 0), (200, 300), (40, 2)), random.uniform((200, 0), (400, 300), (40, 2))
    a, b, c = words(40, 1), words(40, 2), words(40, 3)
    turned = np.array([[0.8, -0.3, 120], [0.3, 0.8, 10], [0, 0, 1]])
    # what image 2 shares with image 1 lies well inside of the points that image 1 shares with the query
    inner = 100 + (left - 100) * 0.5 + (0, 25)
    local = {
        0: shown(np.eye(3), (left, words(40, 9))),
        1: shown(FLAT, (left, a), (inner, b), (right, c)),
        2: shown(turned, (inner, b)),
        3: shown(np.eye(3), (right, c)),
    }
    angles = np.array([0.1, 0.3, 1.0, 1.1, 2.0])
    searched = Album(np.stack([np.cos(angles), np.sin(angles)], axis=1), local=local)
    query = replace(query_of([1.0, 0.0], local=shown(np.eye(3), (left, a))), area=lambda: WHOLE)
    return searched, query, turned


def test_expansion_finds_what_agrees_with_a_hit_where_the_hit_agrees_with_the_query():
    searched, query, turned = chain()
    ranked = plain(searched, query)
    assert ranked.images.tolist() == [0, 1, 2, 3, 4]
    alone = find("rerankers", f"{FIRST},top=2")(ranked, query, searched)
    assert alone.images.tolist() == [1, 0, 2, 3, 4]
    found = find("rerankers", f"{FIRST},top=2,expand=true")(ranked, query, searched)
    assert found.images.tolist() == [1, 2, 0, 3, 4]
    assert found.matches.keys() == {1, 2}
    match = found.matches[2]
    assert (found.matches[1].through, match.through) == (None, 1)
    assert match.inliers <= found.matches[1].inliers
    assert found.scores[1] == grown(ranked.scores[2], match.inliers)
    assert np.abs(moved(match.query_points, turned) - match.points).max() < 0.1
    corners = moved(np.array(WHOLE.polygon), turned)
    assert np.abs(np.array(match.region.polygon) - corners).max() < 0.5


def test_a_photo_found_through_a_hit_scores_no_higher_than_the_hit():
    searched, query, turned = chain()
    # the hit has the same points twice over, so more of them agree with image 2 than with the query
    more, rest = words(60, 7), np.random.default_rng(8).uniform((60, 80), (140, 200), (60, 2))
    one, two = searched.local[1], searched.local[2]
    for image, own, view in ((1, one, FLAT), (2, two, turned)):
        extra = shown(view, (rest, more))
        searched.local[image] = LocalFeatures(
            np.concatenate([own.points, extra.points]), np.concatenate([own.descriptors, extra.descriptors])
        )
    ranked = plain(searched, query)
    found = find("rerankers", f"{FIRST},top=2,expand=true")(ranked, query, searched)
    assert found.images[:2].tolist() == [1, 2]
    own = found.matches[1].inliers
    assert found.scores[:2].tolist() == [grown(ranked.scores[image], own) for image in (1, 2)]
    assert found.matches[2].inliers > own


def test_expansion_finds_photos_that_were_not_in_the_ranking_and_keeps_its_length():
    searched, query, _ = chain()
    short = plain(searched, query)[:2]
    found = find("rerankers", f"{FIRST},top=2,expand=true")(short, query, searched)
    assert found.images.tolist() == [1, 2]
    assert found.matches.keys() >= {1, 2}
    similarity = float(searched.take(np.array([2]))[0] @ query.vectors[0])
    assert found.scores[1] == pytest.approx(grown(similarity, found.matches[2].inliers), rel=1e-6)


def test_expansion_finds_neither_the_query_itself_nor_what_may_not_be_found():
    searched, query, _ = chain()
    ranked = plain(searched, query)
    itself = replace(query, image=2)
    found = find("rerankers", f"{FIRST},top=2,expand=true")(ranked.without(np.array([2])), itself, searched)
    assert 2 not in found.images
    searched.allowed_images = np.array([True, True, False, True, True])
    found = find("rerankers", f"{FIRST},top=2,expand=true")(plain(searched, query), query, searched)
    assert 2 not in found.images


def test_expansion_asks_for_as_many_hits_as_it_may():
    searched, query, _ = chain()
    asked_for = []
    features = searched.features
    searched.features = lambda images: asked_for.append(list(images)) or features(images)
    for hits, batches in ((1, 2), (2, 3), (9, 3)):
        asked_for.clear()
        find("rerankers", f"geometry:top=2,expand=true,hits={hits}")(plain(searched, query), query, searched)
        assert len(asked_for) == batches
        assert asked_for[0] == [0, 1]


def test_a_cover_is_found_among_photos_of_other_things(test_data):
    covers = test_data / "dvd_covers"
    paths = [
        covers / "Reference/001.jpg",
        *sorted((test_data / "distractors/imagenet_samples").glob("*.jpg"))[:8],
    ]
    paths += [covers / f"Reference/{number:03}.jpg" for number in (2, 3)]
    paths += [covers / f"{camera}/001.jpg" for camera in ("Canon", "Palm", "E63")]
    photos_ = [read(path, enough=local_features.enough) for path in paths]
    searched = album(*photos_)
    for number in (0, 12):  # the scan, and a photo of it
        size = photos_[number].width, photos_[number].height
        area = Region(((0.0, 0.0), (size[0], 0.0), size, (0.0, size[1])))
        query = replace(
            query_of([1.0, 0.0], local=searched.local[number], image=number), area=lambda area=area: area
        )
        ranked = plain(searched, query).without(np.array([number]))
        found = find("rerankers", FIRST)(ranked, query, searched)
        right = {0, 11, 12, 13} - {number}
        assert set(found.images[:3].tolist()) == right
        assert len(found.matches) <= 4  # one of the photos shows another cover, too
        assert len(found) == len(paths) - 1


def test_the_rule_is_that_of_the_settings():
    settings = find("rerankers", "geometry").settings
    assert {name: settings[name] for name in ("ratio", "threshold", "least")} == vars(Rule())
