"""How unlikely a score is by chance: of known distributions, and in galleries of random vectors."""

import json
from dataclasses import replace

import numpy as np
import pytest

from resight.errors import BadQuery, BadSetting
from resight.gallery import Gallery, Writer
from resight.local_features import VERSION
from resight.ranking import LocalFeatures
from resight.searcher import Searcher, unrelated
from resight.searcher.collection import Collection
from resight.searcher.placing import placed
from resight.searcher.query import of_stored
from resight.searcher.reranking import rerankers
from resight.significance.inliers import fit_inliers
from resight.significance.largest import chance
from resight.significance.tail import FEWEST, depth, fit_tail
from resight.significance.wording import spell_chance
from resight.types import Descriptor
from support import small
from support.photos import unit

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
WIDTH = 48


def first_chances(size, queries, draw):
    """The false positives of the first of so many unrelated scores, for each query."""
    found = []
    for _ in range(queries):
        scores = np.sort(draw(size))[::-1].astype(np.float32)
        found.append(chance(fit_tail(scores[: depth(size)], size), float(scores[0])))
    return np.array(found)


# What it promises


@pytest.mark.parametrize("size", [100, 250, 1000, 10_000])
def test_of_unrelated_scores_as_many_are_that_unlikely_as_is_said(size):
    rng = np.random.default_rng(size)
    queries = 800 if size > 1000 else 2000
    found = first_chances(size, queries, lambda count: 0.3 + 0.1 * rng.standard_normal(count))
    assert 0.4 < (found <= 0.5).mean() < 0.57
    assert 0.03 < (found <= 0.05).mean() < 0.075
    assert 0.004 < (found <= 0.01).mean() < 0.018


def test_true_matches_among_the_first_do_not_hide_themselves():
    rng = np.random.default_rng(1)
    scores = np.sort(rng.standard_normal(1000))[::-1]
    with_matches = np.concatenate([[9.0, 8.5, 8.0, 7.5], scores]).astype(np.float32)
    plain = fit_tail(scores[:100].astype(np.float32), 1000)
    found = fit_tail(with_matches[:100], 1004)
    assert found.spread == pytest.approx(plain.spread, rel=0.15)
    assert chance(found, 7.5) < 1e-4


def test_nor_do_they_hide_themselves_in_the_mean_of_many_searches():
    rng, spreads, chances = np.random.default_rng(1), [], []
    for _ in range(200):
        scores = np.sort(rng.standard_normal(1000))[::-1]
        with_matches = np.concatenate([[9.0, 8.5, 8.0, 7.5], scores]).astype(np.float32)
        plain = fit_tail(scores[: depth(1000)].astype(np.float32), 1000)
        found = fit_tail(with_matches[: depth(1004)], 1004)
        spreads.append((plain.spread, found.spread))
        chances.append(chance(found, 7.5))
    before, after = np.mean(spreads, axis=0)
    assert after == pytest.approx(before, rel=0.15)
    assert before == pytest.approx(1, rel=0.05)
    assert max(chances) < 0.01
    assert np.median(chances) < 1e-4


def test_it_falls_with_the_score_and_rises_with_the_number_of_photos():
    rng = np.random.default_rng(2)
    scores = np.sort(rng.standard_normal(2000))[::-1].astype(np.float32)
    tail = fit_tail(scores[:200], 2000)
    values = [chance(tail, score) for score in np.linspace(-1, 12, 60)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(1)
    assert 0 <= values[-1] < 1e-6
    fewer = fit_tail(scores[:200], 2000)
    assert chance(fewer, 4.0) < chance(replace(tail, size=20_000), 4.0)


def test_scale_and_place_of_scores_do_not_matter():
    scores = np.sort(np.random.default_rng(3).standard_normal(500))[::-1].astype(np.float32)
    last = depth(500)
    one = chance(fit_tail(scores[:last], 500), float(scores[0]))
    other = chance(fit_tail((5 + 0.01 * scores[:last]).astype(np.float32), 500), float(5 + 0.01 * scores[0]))
    assert one == pytest.approx(other, rel=0.01)


def test_too_few_scores_and_scores_that_are_all_alike_tell_nothing():
    assert fit_tail(np.linspace(1, 0, 99).astype(np.float32), 99) is None
    assert fit_tail(np.linspace(1, 0, 10).astype(np.float32), 1000) is None
    assert fit_tail(np.ones(30, np.float32), 100) is None
    assert fit_tail(np.full(30, np.nan, np.float32), 100) is None


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "by chance under 0.0001 %"),
        (0.0031, "by chance 0.31 %"),
        (0.5, "by chance 50 %"),
        (1, "by chance 100 %"),
    ],
)
def test_words(probability, words):
    assert spell_chance(probability) == words


# Galleries of random vectors


def fill(folder, count, rows=1, seed=0):
    """A gallery of so many photos that were never files, with random vectors; these."""
    vectors = unit(np.random.default_rng(seed).standard_normal((count, rows, WIDTH)))
    small.fill(folder, vectors)
    return vectors


def ask(folder, vectors, **more):
    with Gallery(folder) as opened:
        query = Descriptor(vectors, None, small.fingerprint(opened))
        return Searcher(opened).search(query, **more)


def near(vectors, share=0.8):
    """Something that shows the first photo."""
    noise = unit(np.random.default_rng(9).standard_normal((1, WIDTH)))
    return unit(share * vectors[0, :1] + (1 - share**2) ** 0.5 * noise)


def test_a_match_is_told_from_the_rest_and_a_limit_leaves_it_alone(tmp_path):
    vectors = fill(tmp_path / "g", 400)
    found = ask(tmp_path / "g", near(vectors), k=5)
    assert found[0].relative == "0000.jpg"
    assert found[0].false_positives < 0.005
    assert found[1].false_positives > 0.05
    assert [hit.false_positives for hit in found] == sorted(hit.false_positives for hit in found)
    limited = ask(tmp_path / "g", near(vectors), k=5, max_false_positives=0.01)
    assert [hit.relative for hit in limited] == ["0000.jpg"]
    assert len(ask(tmp_path / "g", near(vectors), k=5, max_false_positives=1)) == 5


def test_of_queries_without_a_match_few_get_one(tmp_path):
    fill(tmp_path / "g", 300)
    others = unit(np.random.default_rng(5).standard_normal((300, 1, WIDTH)))
    with Gallery(tmp_path / "g") as opened:
        searcher, described = Searcher(opened), small.fingerprint(opened)
        answers = [
            len(searcher.search(Descriptor(each, None, described), 3, max_false_positives=0.05)) > 0
            for each in others
        ]
    assert np.mean(answers) < 0.09


def test_photos_of_several_rows_count_once(tmp_path):
    vectors = fill(tmp_path / "g", 150, rows=4)
    found = ask(tmp_path / "g", near(vectors, 0.8), k=3, rerank=["mean-expansion:n=2"])
    assert found[0].relative == "0000.jpg"
    assert found[0].false_positives < 0.01


def test_a_photo_that_a_re_ranker_brings_has_the_promise_of_its_own_score(tmp_path):
    vectors = fill(tmp_path / "g", 200)
    plain = {hit.relative: hit.false_positives for hit in ask(tmp_path / "g", near(vectors), k=200)}
    moved = ask(tmp_path / "g", near(vectors), k=200, rerank=["mean-expansion:n=5", "k-reciprocal"])
    assert [hit.relative for hit in moved] != list(plain)
    for hit in moved:
        assert hit.false_positives == pytest.approx(plain[hit.relative], rel=1e-3)


def test_few_photos_promise_nothing_and_a_limit_is_refused(tmp_path):
    vectors = fill(tmp_path / "g", FEWEST - 1)
    assert {hit.false_positives for hit in ask(tmp_path / "g", near(vectors), k=9)} == {None}
    with pytest.raises(BadQuery, match="among 100 photos or more that differ, and 99 are searched"):
        ask(tmp_path / "g", near(vectors), max_false_positives=0.01)
    with pytest.raises(BadSetting, match=r"'max_false_positives', not 1\.5"):
        ask(tmp_path / "g", near(vectors), max_false_positives=1.5)


def test_only_the_part_that_is_searched_counts(tmp_path):
    vectors = fill(tmp_path / "g", 1000)
    whole = ask(tmp_path / "g", near(vectors, 0.6))[0].false_positives
    part = ask(tmp_path / "g", near(vectors, 0.6), under="00[0-9]*")[0].false_positives
    assert whole is not None
    assert part is not None
    with pytest.raises(BadQuery, match="10 are searched"):
        ask(tmp_path / "g", near(vectors), under="000*", max_false_positives=0.5)


# Points that agree


def test_points_agree_by_chance_as_often_as_was_seen():
    rng = np.random.default_rng(0)
    counts = np.where(rng.random(20_000) < 0.05, 4 + rng.geometric(0.8, 20_000), 0)
    found = fit_inliers(counts[:1000].tolist())
    for least in (6, 7):
        seen = np.mean([(counts[start : start + 100] >= least).any() for start in range(0, 20_000, 100)])
        assert found.chance(least, 100) == pytest.approx(seen, rel=0.5)
    values = [found.chance(inliers, 100) for inliers in range(4, 60)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 1e-12
    assert found.chance(8, 200) > found.chance(8, 100)
    assert fit_inliers([0] * 10).chance(8, 100) > 0.5  # ten pairs tell little


@pytest.fixture
def with_points(tmp_path):
    """Photos of random vectors and points; the second one has those of the first."""
    rng, folder = np.random.default_rng(0), tmp_path / "g"
    with Writer(folder) as writer:
        writer.begin(folder.parent, small.recipe(small.PLAIN), "weights")
        writer.local.restart(VERSION)
        points = rng.random((40, 2), np.float32) * 600
        own = LocalFeatures(points, rng.integers(0, 256, (40, 128), np.uint8))
        for number in range(130):
            others = rng.random((40, 2), np.float32) * 600, rng.integers(0, 256, (40, 128), np.uint8)
            features = own if number < 2 else LocalFeatures(*others)
            small.add(writer, f"{number:03d}.jpg", rng, features, width=WIDTH)
        writer.commit()
    return folder


def verified(folder):
    """The hits of the first photo, whose points are those of the second, and their false positives."""
    with Gallery(folder) as opened, opened.snapshot() as snapshot:
        photos = Collection(snapshot)
        query = of_stored(photos, snapshot.catalogue.image(1))
        ranked, found = placed(photos, query, 129, rerankers(["geometry:top=129"]), None)
        return ranked, {image: found.of(image) for image in ranked.images.tolist()}


def test_points_that_agree_have_a_promise_of_their_own_that_is_kept(with_points, monkeypatch):
    ranked, found = verified(with_points)
    assert list(ranked.matches) == [2]
    assert found[2] < 0.01
    assert min(value for image, value in found.items() if image != 2) > 0.01
    told = json.loads((with_points / "significance.json").read_text())
    assert (told["photos"], told["inliers"]["compared"], told["source"]["points"]) == (130, 1000, VERSION)
    assert told["made"] > "2026"
    with monkeypatch.context() as without:
        without.setattr(unrelated, "_counts", None)
        assert verified(with_points)[1] == found
    (with_points / "significance.json").write_text("{")
    assert verified(with_points)[1] == found


def test_a_gallery_that_has_grown_by_half_is_looked_at_again(with_points):
    verified(with_points)
    rng = np.random.default_rng(1)
    with Writer(with_points) as writer:
        for number in range(130, 200):
            small.add(writer, f"{number:03d}.jpg", rng, small.random_features(rng, 20), width=WIDTH)
        writer.commit()
    verified(with_points)
    assert json.loads((with_points / "significance.json").read_text())["photos"] == 200


# The command


def test_the_command_says_that_nothing_matches(tmp_path):
    root = tmp_path / "photos"
    small.album(root, 120)
    small.index(root, small.PLAIN)
    query = small.draw(tmp_path / "q.png", 4242)
    line = ("search", query, "--gallery", root / ".resight", "--max-false-positives", "1e-9")
    process = small.command(*line)
    out, _ = process.communicate()
    assert process.returncode == 1
    assert out.startswith("No match: chance alone brings a photo as high as any that was found in more")
    assert out.endswith("than 1e-07 % of searches.\n")
    process = small.command(*line, "--json")
    out, _ = process.communicate()
    assert (process.returncode, json.loads(out)["hits"]) == (1, [])
    process = small.command(*line[:4], "-k", "2")
    out, _ = process.communicate()
    assert process.returncode == 0
    assert out.count("by chance ") == 2
    own = small.command("search", root / "a" / "000.png", "--max-false-positives", "1e-9")
    out, _ = own.communicate()
    assert own.returncode == 1
    assert out.startswith("   1   1.000")
