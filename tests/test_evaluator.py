"""Evaluations against rankings made by hand, and every known mistake refused or marked."""

import csv
import functools
import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from resight import evaluator, indexer
from resight.dataset import BenchmarkQuery, Truth
from resight.errors import BadQuery, BadSetting, FittedOnTest, StorageFailed, UnknownMethod
from resight.evaluator import Evaluation, workspace
from resight.evaluator.answers import kept_ranks, thin_out
from resight.evaluator.joined import JoinedCollections
from resight.evaluator.results import check, keep
from resight.gallery import Gallery, snapshot_of
from resight.metrics import average_precision
from resight.progress import Silent, Stopped
from resight.searcher import Searcher
from resight.searcher.collection import Collection
from resight.types import Box
from support import small
from support.four import EACH, INSTANCES, data, evaluate, made

pytestmark = [pytest.mark.filterwarnings(small.RANDOM_WEIGHTS), pytest.mark.usefixtures("own_evaluations")]


@pytest.fixture
def root(tmp_path):
    return made(tmp_path)


def vectors_of(values, root, photos):
    """The descriptors as `index` makes them, in the order of the photos."""
    report = small.index(root, values, gallery=root.parent / f"by-hand-{values['name']}")
    with snapshot_of(report.gallery) as gallery:
        found = [gallery.rows.span(gallery.catalogue.image_of(photo)) for photo in photos]
        return [np.array(gallery.vectors[first : first + count], np.float64) for first, count in found]


@pytest.mark.parametrize("values", [small.PLAIN, small.KEEP], ids=["a row", "regions"])
def test_every_value_is_that_of_a_ranking_made_by_hand(root, values):
    own = data(root)
    found = evaluate(values, own)
    vectors = vectors_of(values, root, own.photos)
    for i, answer in enumerate(found.answers):
        scores = {j: (vectors[i] @ vectors[j].T).max() for j in range(len(vectors)) if j != i}
        order = [own.photos.index(one.photo) for one in answer.top]
        assert sorted(order) == sorted(scores)
        assert all(scores[a] >= scores[b] - 1e-6 for a, b in itertools.pairwise(order))
        relevant = [own.labels[j] == own.labels[i] for j in order]
        by_hand = np.mean([sum(relevant[: r + 1]) / (r + 1) for r in range(len(order)) if relevant[r]])
        assert answer.values["map"] == pytest.approx(by_hand, abs=1e-12)
        assert [one.verdict == "right" for one in answer.top] == relevant
        np.testing.assert_allclose([one.score for one in answer.top], [scores[j] for j in order], atol=1e-5)
    assert found.means["map"] == pytest.approx(np.mean([a.values["map"] for a in found.answers]), abs=1e-12)
    assert found.caveats == ()
    assert len(found.answers) == INSTANCES * EACH


def test_the_second_time_nothing_is_described(root, monkeypatch):
    first = evaluate(small.PLAIN, data(root))
    monkeypatch.setattr("resight.engines.load", None)
    monkeypatch.setattr("resight.describing.describer.Describer.prepare", None)
    assert evaluate(small.PLAIN, data(root)).answers == first.answers


def test_a_fit_on_the_test_itself_is_refused_before_anything_is_described(root, tmp_path):
    with pytest.raises(FittedOnTest, match="--fit-from"):
        evaluate(small.FITTED, data(root))
    assert not (tmp_path / "evaluations").exists()
    allowed = evaluate(small.FITTED, data(root), allow_overlap=True)
    assert allowed.caveats == ("fitted on 12 of the photos that it is tested on",)


def test_a_fit_on_another_set_is_said_and_one_that_shares_a_photo_is_refused(root, tmp_path):
    small.album(tmp_path / "other", 9, seed=5)
    found = evaluate(small.FITTED, data(root), fit_from=tmp_path / "other")
    assert found.caveats == ()
    assert "9 photos" in found.facts["fit"]
    shutil.copy(root / "1" / "2.png", tmp_path / "other" / "stranger.png")
    with pytest.raises(FittedOnTest, match="on 1 of the photos"):
        evaluate(small.FITTED, data(root), fit_from=tmp_path / "other")
    marked = evaluate(small.FITTED, data(root), fit_from=tmp_path / "other", allow_overlap=True)
    assert marked.caveats == ("fitted on 1 of the photos that it is tested on",)


def test_a_fit_from_a_folder_that_holds_what_is_tested_is_refused_before_the_work(root, tmp_path):
    small.album(root / "more", 3, seed=8)
    with pytest.raises(FittedOnTest, match="would be fitted on 12 of the photos"):
        evaluate(small.FITTED, data(root), fit_from=root)
    assert not (tmp_path / "evaluations").exists()


def test_distractors_are_ranked_whether_they_are_photos_or_a_gallery(root, tmp_path):
    small.album(tmp_path / "more", 8, seed=3)
    report = small.index(tmp_path / "more", small.PLAIN, gallery=tmp_path / "ready")
    photos = evaluate(small.PLAIN, data(root), distractors=[tmp_path / "more"])
    gallery = evaluate(small.PLAIN, data(root), distractors=[report.gallery])
    assert photos.facts["distractors"] == gallery.facts["distractors"] == 8
    for one, other in zip(photos.answers, gallery.answers, strict=True):
        assert len(one.top) == INSTANCES * EACH + 8 - 1
        assert one.values == other.values
        assert [each.photo for each in one.top] == [each.photo for each in other.top]
    assert any(each.photo.startswith("distractors:1/") for each in photos.answers[0].top)


def test_a_gallery_of_another_fit_is_refused_as_distractors(root, tmp_path):
    from resight.errors import DescribedOtherwise

    small.album(tmp_path / "more", 8, seed=3)
    report = small.index(tmp_path / "more", small.FITTED, gallery=tmp_path / "ready")
    with pytest.raises(DescribedOtherwise, match=f"{report.gallery} has another fit"):
        evaluate(small.FITTED, data(root), distractors=[report.gallery], allow_overlap=True)
    with pytest.raises(DescribedOtherwise, match=f"{report.gallery} has the recipe 'fitted'"):
        evaluate(small.PLAIN, data(root), distractors=[report.gallery])


def test_a_copy_of_the_query_is_found_first_and_the_query_itself_never(root):
    shutil.copy(root / "2" / "0.png", root / "2" / "9.png")
    own = data(root)
    more = replace(
        own,
        photos=(*own.photos, "2/9.png"),
        database=np.arange(13),
        questions=(
            BenchmarkQuery(6, {"": Truth(np.array([12]))}),
            BenchmarkQuery(0, {"": Truth(np.array([12, 6]))}),
        ),
    )
    found = evaluate(small.PLAIN, more)
    assert found.answers[0].top[0].photo == "2/9.png"
    assert found.answers[0].values["map"] == 1
    assert "2/0.png" not in [one.photo for one in found.answers[0].top]
    ranks = found.answers[1].ranks[""]
    assert ranks[1] == ranks[0] + 1  # both files of one content, one behind the other


def test_a_query_that_is_no_part_of_the_database_is_in_no_ranking(root):
    own = data(root)
    asked = replace(
        own,
        database=np.arange(9),
        questions=(BenchmarkQuery(9, {"": Truth(np.array([0]))}), own.questions[0]),
    )
    for answer in evaluate(small.PLAIN, asked).answers:
        assert not {one.photo for one in answer.top} & set(own.photos[9:])
    assert evaluate(small.PLAIN, asked).facts["photos"] == 9


def with_boxes_and_junk(root):
    own = data(root)
    box = Box(10, 10, 40, 30)
    questions = tuple(
        replace(each, box=box, truths={"": Truth(each.truths[""].positive[:1], each.truths[""].positive[1:])})
        for each in own.questions
    )
    return replace(own, questions=questions)


@pytest.mark.parametrize(
    ("deviation", "words"),
    [
        ("full-queries", "queries not cropped"),
        ("junk-counted", "junk counted as wrong"),
        ("query-kept", "the query stays in its own ranking"),
    ],
)
def test_a_deviation_changes_the_result_and_marks_it(root, deviation, words):
    own = with_boxes_and_junk(root)
    right, wrong = evaluate(small.PLAIN, own), evaluate(small.PLAIN, own, deviate=[deviation])
    assert right.caveats == ()
    assert wrong.caveats == (words,)
    assert [a.ranks for a in right.answers] != [a.ranks for a in wrong.answers]
    kept = any(one.verdict == "query" for answer in wrong.answers for one in answer.top)
    assert kept == (deviation == "query-kept")
    assert wrong.facts["protocol"] == own.protocol


def test_an_unknown_deviation_reranker_or_measure_is_refused_at_once(root):
    with pytest.raises(BadSetting, match="full-queries, junk-counted, query-kept"):
        evaluate(small.PLAIN, data(root), deviate=["uncropped"])
    with pytest.raises(UnknownMethod, match="re-ranker"):
        evaluate(small.PLAIN, data(root), rerank=["geometrie"])
    with pytest.raises(UnknownMethod, match="measure"):
        evaluate(small.PLAIN, data(root, measures=("mapp",)))


def test_a_cropped_query_is_described_as_a_search_with_a_box_does(root):
    own = with_boxes_and_junk(root)
    found = evaluate(small.PLAIN, own)
    report = small.index(root, small.PLAIN, gallery=root.parent / "by hand")
    with Gallery(report.gallery) as gallery:
        ranking = searched(gallery, root / own.photos[4], own.questions[4].box)
    assert [one.photo for one in found.answers[4].top] == [hit for hit in ranking if hit != own.photos[4]]
    assert found.answers[4].box == (10, 10, 40, 30)


def searched(gallery, path, box):
    return [hit.relative for hit in Searcher(gallery, "openvino").search(path, 100, box)]


def test_photos_that_cannot_be_described_are_marked_and_count_as_not_found(root):
    (root / "0" / "1.png").write_bytes(b"no photo")
    found = evaluate(small.PLAIN, data(root))
    assert found.caveats == (
        "1 photos could not be described (0/1.png)",
        "1 queries could not be described and count as found last (0/1.png: the photo could not be read)",
    )
    failed = found.answers[1]
    assert failed.failure
    assert failed.values["map"] == 0
    assert failed.values["nar"] > 0.8
    assert found.answers[0].values["map"] <= 0.5  # one of the two that it should find was never ranked


def test_queries_without_anything_to_find_are_left_out_and_a_set_of_them_is_refused(root):
    own = data(root)
    none = replace(own.questions[0], truths={"": Truth(np.empty(0, np.int64))})
    found = evaluate(small.PLAIN, replace(own, questions=(none, *own.questions[1:])))
    assert len(found.answers) == 11
    assert found.caveats == ("1 of 12 queries have nothing to find and are left out",)
    with pytest.raises(BadQuery, match="no query"):
        evaluate(small.PLAIN, replace(own, questions=(none,)))


def test_protocols_have_their_own_truth(root):
    own = data(root)
    easy, hard = np.array([1]), np.array([2])
    both = np.array([1, 2])
    truths = {"easy": Truth(easy, hard), "medium": Truth(both), "hard": Truth(hard, easy)}
    found = evaluate(
        small.PLAIN, replace(own, questions=(BenchmarkQuery(0, truths),), measures=("map", "mp@1"))
    )
    assert set(found.means) == {f"{p} {m}" for p in truths for m in ("map", "mp@1")}
    (answer,) = found.answers
    (first,), (second,) = answer.ranks["easy"], answer.ranks["hard"]
    ranks = np.sort([first + (first > second), second + (second > first)])
    both_ranks = answer.ranks["medium"]
    assert answer.values["medium map"] == average_precision(np.array(both_ranks), 2)
    assert len(ranks) == len(both_ranks)


def test_turned_photos_are_described_turned(root):
    """A set with one photo turned on the disk, and told to turn it back, is as if it were upright."""
    upright = evaluate(small.PLAIN, data(root))
    with Image.open(root / "3" / "1.png") as photo:
        photo.transpose(Image.Transpose.ROTATE_90).save(root / "3" / "1.png")  # 90 degrees to the left
    turned = evaluate(small.PLAIN, data(root, turns={"3/1.png": 90}))
    wrong = evaluate(small.PLAIN, data(root))
    assert [a.ranks for a in turned.answers] == [a.ranks for a in upright.answers]
    np.testing.assert_allclose(
        [one.score for one in turned.answers[10].top],
        [one.score for one in upright.answers[10].top],
        atol=1e-5,
    )
    assert [one.score for one in wrong.answers[10].top] != [one.score for one in upright.answers[10].top]


def test_reranking_goes_through_the_ranking(root):
    plain = evaluate(small.PLAIN, data(root))
    expanded = evaluate(small.PLAIN, data(root), rerank=["mean-expansion:n=2"])
    assert expanded.facts["rerank"] == ["mean-expansion:n=2"]
    for one, other in zip(plain.answers, expanded.answers, strict=True):
        assert {each.photo for each in one.top} == {each.photo for each in other.top}
    assert [a.top for a in plain.answers] != [a.top for a in expanded.answers]


def test_stopping_keeps_what_was_described(root):
    class Once(Silent):
        def __init__(self):
            self.steps = 0

        def step(self, failures=0):
            self.steps += 1

        def stopping(self):
            return self.steps > 3

    with pytest.raises(Stopped):
        evaluate(small.PLAIN, data(root), progress=Once())
    assert len(evaluate(small.PLAIN, data(root)).answers) == 12


class UntilQuery(Silent):
    """Asks to stop once so many queries are answered; counts those it saw."""

    def __init__(self, last=None):
        self.last, self.queries, self.said = last, None, []

    def start(self, what, total):
        self.queries = 0 if what == "Queries" else None

    def step(self, failures=0):
        self.queries = None if self.queries is None else self.queries + 1

    def stopping(self):
        return self.last is not None and self.queries == self.last

    def say(self, sentence):
        self.said.append(sentence)


def journals(cache):
    return sorted(cache.rglob("answers-*.jsonl"))


@pytest.fixture
def cache():
    return workspace.cache()


def test_answers_outlive_a_stop_and_go_when_all_are_given(root, cache):
    chain = {"rerank": ["geometry:top=6,least=4"]}
    whole = evaluate(small.PLAIN, data(root), **chain)
    assert not journals(cache)
    with pytest.raises(Stopped):
        evaluate(small.PLAIN, data(root), **chain, progress=UntilQuery(5))
    assert len(journals(cache)) == 1
    other = UntilQuery()
    assert len(evaluate(small.PLAIN, data(root), progress=other).answers) == 12
    assert other.queries == 12, "another chain has other answers"
    watching = UntilQuery()
    resumed = evaluate(small.PLAIN, data(root), **chain, progress=watching)
    assert watching.queries == 7
    assert any("5 of 12 queries" in sentence for sentence in watching.said)
    assert resumed.answers == whole.answers
    assert resumed.means == whole.means
    pairs = [
        (one.match, another.match)
        for answer, same in zip(whole.answers, resumed.answers, strict=True)
        for one, another in zip(answer.top, same.top, strict=True)
    ]
    assert any(match for match, _ in pairs)
    for match, same in pairs:
        assert (match is None) == (same is None)
        for name in vars(match) if match else ():
            assert np.array_equal(getattr(match, name), getattr(same, name)) or name.endswith("region")
        assert match is None or (match.region, match.query_region) == (same.region, same.query_region)
    assert not journals(cache)


def test_of_very_many_right_photos_the_places_of_a_thousand_are_kept():
    ranks = np.sort(np.random.default_rng(0).choice(50_000, 2345, replace=False))
    assert thin_out(ranks[:1000], 1000) == tuple(ranks[:1000].tolist())
    kept = thin_out(ranks, 2345)
    assert (len(kept), kept[-1]) == (1000, ranks[-1])
    counts = kept_ranks(2345)
    assert kept == tuple(ranks[counts - 1].tolist())
    assert set(np.diff(counts).tolist()) == {2, 3}
    assert thin_out(ranks[:1500], 2345) == kept[: np.searchsorted(counts, 1500, side="right")]
    assert thin_out(ranks[:0], 0) == ()


def test_a_photo_verified_through_another_names_it(root):
    chain = ["geometry:top=2,least=4,expand=true,hits=6"]
    found = evaluate(small.PLAIN, data(root), rerank=chain)
    through = [(answer, one) for answer in found.answers for one in answer.top if one.through]
    assert through
    for answer, one in through:
        (by,) = [each for each in answer.top if each.photo == one.through]
        assert by.inliers
        assert one.score <= by.score
    report = small.index(root, small.PLAIN, gallery=root.parent / "own", local_features=True)
    with Gallery(report.gallery) as gallery:
        answer, one = through[0]
        query = root / answer.photo
        hits = Searcher(gallery, "openvino").search(query, 12, rerank=chain)
        (same,) = [hit for hit in hits if hit.relative == one.photo]
        assert same.through == one.through
        assert hits.as_dict()["hits"][same.rank - 1]["through"] == one.through


def test_few_matched_points_are_kept_and_every_verified_region(root, tmp_path, monkeypatch):
    monkeypatch.setattr("resight.evaluator.scoring.MATCHED", 1)
    found = evaluate(small.PLAIN, data(root), rerank=["geometry:top=6,least=4"])
    verified = [[one for one in answer.top if one.inliers] for answer in found.answers]
    assert max(map(len, verified)) > 1
    for ones in verified:
        assert [one.match is not None for one in ones] == [i == 0 for i in range(len(ones))]
        assert all(one.region for one in ones)
    found.save(tmp_path / "run.json")
    loaded = Evaluation.load(tmp_path / "run.json")
    for answer, same in zip(found.answers, loaded.answers, strict=True):
        assert [one.inliers for one in same.top] == [one.inliers for one in answer.top]
        assert [one.region.as_list() if one.region else None for one in same.top] == [
            one.region.as_list() if one.region else None for one in answer.top
        ]


def test_a_journal_that_is_cut_or_changed_is_taken_as_far_as_it_is_whole(root, cache):
    whole = evaluate(small.PLAIN, data(root))
    with pytest.raises(Stopped):
        evaluate(small.PLAIN, data(root), progress=UntilQuery(6))
    (path,) = journals(cache)
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b"0.", b"1.")
    path.write_bytes(b"\n".join(lines)[:-40])
    with pytest.raises(Stopped):
        evaluate(small.PLAIN, data(root), progress=UntilQuery(1))  # written behind what is cut
    watching = UntilQuery()
    assert evaluate(small.PLAIN, data(root), progress=watching).answers == whole.answers
    assert watching.queries == 12 - 6 + 2 - 1


def test_answers_are_not_taken_over_from_another_set_or_another_commit(root, monkeypatch):
    from resight.evaluator import journal

    with pytest.raises(Stopped):
        evaluate(small.PLAIN, data(root), progress=UntilQuery(4))
    with monkeypatch.context() as patched:
        patched.setattr(journal, "commit", lambda: "another")
        other = UntilQuery(4)
        with pytest.raises(Stopped):
            evaluate(small.PLAIN, data(root), progress=other)
        assert not other.said
    renamed = UntilQuery()
    evaluate(small.PLAIN, data(root, name="another set"), progress=renamed)
    assert (renamed.queries, renamed.said) == (12, [])
    same = UntilQuery()
    evaluate(small.PLAIN, data(root), progress=same)
    assert same.queries == 8


def test_a_fresh_evaluation_asks_every_query_again(root, cache):
    with pytest.raises(Stopped):
        evaluate(small.PLAIN, data(root), progress=UntilQuery(4))
    fresh = UntilQuery(5)
    with pytest.raises(Stopped):
        evaluate(small.PLAIN, data(root), progress=fresh, fresh=True)
    assert (fresh.queries, fresh.said) == (5, [])
    (path,) = journals(cache)
    assert len(path.read_bytes().split()) // 2 >= 5
    again = UntilQuery()
    evaluate(small.PLAIN, data(root), progress=again)
    assert again.queries == 12 - 5


# what must not pass without a word


def test_a_fit_on_photos_that_are_turned_in_the_test_is_noticed(root):
    turned = data(root, turns={f"{i}/{j}.png": 90 for i in range(INSTANCES) for j in range(EACH)})
    with pytest.raises(FittedOnTest, match="on 12 of the photos"):
        evaluate(small.FITTED, turned, fit_from=shutil.copytree(root, root.parent / "copy"))


def test_a_fit_does_not_outlive_the_photos_that_it_was_made_on(root, monkeypatch):
    # The first fit is the last.
    monkeypatch.setattr("resight.indexer.index", functools.partial(indexer.index, sample=9))
    first = evaluate(small.FITTED, data(root), allow_overlap=True)
    for path in root.rglob("*.png"):
        with Image.open(path) as photo:
            pixels = np.asarray(photo).copy()
        pixels[0, 0] += 1
        Image.fromarray(pixels).save(path)
    second = evaluate(small.FITTED, data(root), allow_overlap=True)
    assert first.caveats == second.caveats == ("fitted on 9 of the photos that it is tested on",)


def test_other_weights_or_pixels_are_described_anew(root, monkeypatch):
    from resight.backbones._weights import Weights

    source, recipe = [workspace.Source.of(data(root))], small.recipe(small.PLAIN)
    key = workspace._key(source, recipe, None)
    assert workspace._key(source, recipe, None) == key
    monkeypatch.setattr(workspace, "PIXEL_PATH", "another")
    other = workspace._key(source, recipe, None)
    monkeypatch.setattr(workspace, "locate", lambda backbone: Weights("x", None, "other"))
    assert len({key, other, workspace._key(source, recipe, None)}) == 3


def test_distractors_that_are_photos_of_the_set_are_marked(root, tmp_path):
    shutil.copytree(root, tmp_path / "copy")
    report = small.index(tmp_path / "copy", small.PLAIN, gallery=tmp_path / "ready")
    alone = evaluate(small.PLAIN, data(root))
    for distractors in ([tmp_path / "copy"], [report.gallery]):
        found = evaluate(small.PLAIN, data(root), distractors=distractors)
        assert found.caveats == (
            "12 photos of the set are among the distractors, too, and count as wrong there",
        )
        assert found.means["map"] < alone.means["map"]
    with pytest.raises(BadQuery, match="named twice"):
        evaluate(small.PLAIN, data(root), distractors=[report.gallery, report.gallery])


def test_a_fit_borrowed_from_the_gallery_of_distractors_is_noticed(root, tmp_path):
    small.album(tmp_path / "more", 8, seed=3)
    report = small.index(tmp_path / "more", small.FITTED, gallery=tmp_path / "ready")
    options = {"distractors": [report.gallery], "fit_from": report.gallery}
    with pytest.raises(FittedOnTest, match="on 8 of the distractors"):
        evaluate(small.FITTED, data(root), **options)
    marked = evaluate(small.FITTED, data(root), allow_overlap=True, **options)
    assert marked.caveats == ("fitted on 8 of the distractors",)


def test_one_content_under_two_instances_is_marked(root):
    shutil.copy(root / "0" / "0.png", root / "1" / "0.png")
    found = evaluate(small.PLAIN, data(root))
    assert found.caveats == ("2 photos have the very content of one that shows something else",)


def test_distractors_that_cannot_be_described_are_marked_and_not_counted(root, tmp_path):
    small.album(tmp_path / "more", 4, seed=3)
    (tmp_path / "more" / "a" / "000.png").write_bytes(b"no photo")
    (root / "0" / "0.png").write_bytes(b"no photo")
    found = evaluate(small.PLAIN, data(root), distractors=[tmp_path / "more"])
    assert found.facts["distractors"] == 3
    assert "1 distractors could not be described" in found.caveats


def test_the_twin_of_a_cropped_query_stands_where_a_search_finds_it(root):
    shutil.copy(root / "2" / "0.png", root / "2" / "9.png")
    own = with_boxes_and_junk(root)
    own = replace(own, photos=(*own.photos, "2/9.png"), database=np.arange(13), labels=None)
    answer = evaluate(small.PLAIN, own).answers[6]
    report = small.index(root, small.PLAIN, gallery=root.parent / "by hand")
    with Gallery(report.gallery) as gallery:
        ranking = searched(gallery, root / own.photos[6], own.questions[6].box)
    ranking.remove("2/0.png")
    assert [one.photo for one in answer.top] == ranking
    assert answer.top[0].score < 0.9999


def test_a_box_outside_its_photo_is_a_query_that_failed(root):
    own = with_boxes_and_junk(root)
    questions = (replace(own.questions[0], box=Box(500, 500, 10, 10)), *own.questions[1:])
    found = evaluate(small.PLAIN, replace(own, questions=questions))
    assert "outside the photo" in found.answers[0].failure
    assert found.answers[0].box == (500, 500, 10, 10)
    assert found.caveats == (
        "1 queries could not be described and count as found last (0/0.png: the box 500,500,10,10 lies "
        "outside the photo, which is 72 x 54 pixels upright)",
    )


def test_results_are_of_the_same_data_only_if_all_that_matters_is_the_same(root, tmp_path):
    own = data(root)
    small.album(tmp_path / "more", 4, seed=3)
    gallery = small.index(tmp_path / "more", small.PLAIN, gallery=tmp_path / "ready").gallery
    first = own.questions[:1]
    evaluations = [
        evaluate(small.PLAIN, own),
        evaluate(small.PLAIN, own, distractors=[gallery]),
        evaluate(small.PLAIN, own, deviate=["query-kept"]),
        evaluate(small.PLAIN, replace(own, database=np.arange(9), questions=first)),
        evaluate(small.PLAIN, replace(own, questions=first)),
    ]
    assert len({each.facts["data_hash"] for each in evaluations}) == 5


def test_a_result_compared_with_itself_is_the_same_although_a_photo_asks_twice(root):
    own = data(root)
    twice = replace(
        own, questions=(*own.questions, replace(own.questions[0], truths=own.questions[4].truths))
    )
    found = evaluate(small.PLAIN, twice)
    test = evaluator.compare(found, found).test
    assert (test.queries, test.changed, test.mean) == (13, 0, 0)


def test_a_fit_for_a_recipe_that_has_none_is_refused(root, tmp_path):
    small.album(tmp_path / "other", 3)
    with pytest.raises(BadQuery, match="nothing to fit"):
        evaluate(small.PLAIN, data(root), fit_from=tmp_path / "other")


def test_a_set_whose_folder_is_gone_is_refused_and_its_descriptors_stay(root):
    first = evaluate(small.PLAIN, data(root))
    root.rename(root.parent / "away")
    with pytest.raises(BadQuery, match="no folder"):
        evaluate(small.PLAIN, data(root))
    (root.parent / "away").rename(root)
    assert evaluate(small.PLAIN, data(root)).answers == first.answers


# several collections as one


def test_several_collections_are_as_one(root, tmp_path):
    small.album(tmp_path / "more", 5, seed=3)
    for name in ("set", "more"):
        small.index(tmp_path / name, small.KEEP)
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "0").symlink_to(root)
    (tmp_path / "all" / "1").symlink_to(tmp_path / "more")
    small.index(tmp_path / "all", small.KEEP)
    with (
        snapshot_of(root / ".resight") as one,
        snapshot_of(tmp_path / "more" / ".resight") as other,
        snapshot_of(tmp_path / "all" / ".resight") as whole,
    ):
        several, single = JoinedCollections([Collection(one), Collection(other)]), Collection(whole)
        names = {i: f"0/{one.catalogue.files_of(i)[0]}" for i in range(1, 13)}
        names |= {several.first(1) + i: f"1/{other.catalogue.files_of(i)[0]}" for i in range(1, 6)}
        query = single.take(np.array([7, 8]))
        found, expected = several.nearest(query, 9), single.nearest(query, 9)
        assert [names[i] for i in found.images.tolist()] == [
            whole.catalogue.files_of(i)[0] for i in expected.images.tolist()
        ]
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)
        for image in found.images.tolist():
            rows = several.rows_of(image)
            assert (several.owners[rows] == image).all()
            taken = several.take(rows)
            assert (taken @ query.T).max() == pytest.approx(
                found.scores[found.images.tolist().index(image)], abs=1e-6
            )
        assert several.allowed(found.images).all()
        with pytest.warns(UserWarning, match="--local-features"):
            assert len(several.features(found.images[:3].tolist())) == 3


# results on disk


def test_results_are_appended_and_runs_are_read_back(root, tmp_path):
    found = evaluate(small.PLAIN, data(root))
    first, second = keep(found, tmp_path / "results"), keep(found, tmp_path / "results")
    assert first != second
    with (tmp_path / "results" / "evaluate.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["measure"] for row in rows] == ["map", "r@1", "nar"] * 2
    assert float(rows[0]["value"]) == pytest.approx(found.means["map"], abs=1e-6)
    assert {row["recipe"] for row in rows} == {"plain"}
    again = Evaluation.load(first)
    assert again.means == found.means
    for one, other in zip(again.answers, found.answers, strict=True):
        assert replace(one, top=()) == replace(other, top=())
        assert [(each.photo, each.verdict) for each in one.top] == [
            (each.photo, each.verdict) for each in other.top
        ]


@pytest.mark.parametrize("text", ["date,value\n2026,0.5\n", "nonsense"])
def test_a_table_with_other_columns_is_refused_before_the_work(tmp_path, text):
    (tmp_path / "evaluate.csv").write_text(text)
    with pytest.raises(StorageFailed, match="other columns"):
        check(tmp_path)
    assert (tmp_path / "evaluate.csv").read_text() == text


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="name another folder"):
        check(tmp_path / "file")


def test_a_last_line_without_an_end_is_not_added_to(root, tmp_path):
    found = evaluate(small.PLAIN, data(root))
    keep(found, tmp_path)
    table = tmp_path / "evaluate.csv"
    table.write_text(table.read_text().rstrip("\n"))
    check(tmp_path)
    keep(found, tmp_path)
    with table.open(newline="") as file:
        assert [row["measure"] for row in csv.DictReader(file)] == ["map", "r@1", "nar"] * 2


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"answers": [{"query": 1}], "marks": []}', "nonsense"])
def test_a_file_that_is_no_run_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(BadQuery, match="no result of `resight evaluate`"):
        Evaluation.load(tmp_path / "x.json")


def test_comparing_pairs_queries_and_turns_gains_the_right_way(root):
    plain, expanded = (
        evaluate(small.PLAIN, data(root), rerank=rerank) for rerank in ((), ("mean-expansion:n=2",))
    )
    found = evaluator.compare(plain, expanded)
    assert found.measure == "map"
    gains = [b.values["map"] - a.values["map"] for a, b in zip(plain.answers, expanded.answers, strict=True)]
    assert found.test.mean == pytest.approx(np.mean(gains))
    assert [each.gain for each in found.differences] == sorted(gains, reverse=True)
    ranks = evaluator.compare(plain, expanded, "nar")
    assert ranks.test.mean == pytest.approx(plain.means["nar"] - expanded.means["nar"])
    with pytest.raises(BadQuery, match="Both have: map, r@1, nar"):
        evaluator.compare(plain, expanded, "map@5")


def test_results_of_other_data_are_not_compared(root):
    own = data(root)
    one, other = evaluate(small.PLAIN, own), evaluate(small.PLAIN, replace(own, questions=own.questions[1:]))
    with pytest.raises(BadQuery, match="not of the same data"):
        evaluator.compare(one, other)


# the command


def test_the_command_evaluates_and_compares(root, tmp_path, capsys):
    cache = tmp_path / "cache"
    recipe = small.toml(small.PLAIN, tmp_path)
    words = ["evaluate", recipe, root, "--results", tmp_path / "results", "--engine", "openvino"]
    for more in ([], ["--rerank", "mean-expansion:n=2"]):
        done = small.command(*words, *more, "--json", env={"XDG_CACHE_HOME": str(cache)})
        out, err = done.communicate(timeout=200)
        assert done.returncode == 0, err
        told = json.loads(out)
        assert told["facts"]["queries"] == 12
        assert 0 < told["means"]["map"] <= 1
    runs = sorted((tmp_path / "results" / "runs").glob("*.json"))
    assert len(runs) == 2
    done = small.command("compare", *runs, "--json")
    out, err = done.communicate(timeout=100)
    assert done.returncode == 0, err
    assert len(json.loads(out)["differences"]) == 12
    assert json.loads(out)["marks"] == {"first": [], "second": []}


def test_the_command_names_a_missing_folder_of_a_page_before_the_work(root, tmp_path):
    page = tmp_path / "nowhere" / "x.html"
    done = small.command("evaluate", small.toml(small.PLAIN, tmp_path), root, "--html", page)
    _, err = done.communicate(timeout=100)
    assert done.returncode == 3
    assert "no folder" in err
    assert not (tmp_path / "evaluations").exists()


def test_the_command_refuses_a_fit_on_the_test(root, tmp_path):
    recipe = small.toml(small.FITTED, tmp_path)
    done = small.command("evaluate", recipe, root, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    _, err = done.communicate(timeout=100)
    assert done.returncode == 2
    assert "--fit-from" in err
    assert "--allow-overlap" in err


def test_the_searcher_reranks(root):
    small.index(root, small.PLAIN)
    with Gallery(root / ".resight") as gallery:
        searcher = Searcher(gallery, "openvino")
        plain = searcher.search(root / "0" / "0.png", 12)
        expanded = searcher.search(root / "0" / "0.png", 12, rerank=["mean-expansion:n=3"])
    assert plain[0].self
    assert expanded[0].self
    assert {hit.relative for hit in plain} == {hit.relative for hit in expanded}
    assert [hit.score for hit in plain] != [hit.score for hit in expanded]


# A cache that cannot be written


def test_a_cache_that_cannot_be_written_names_what_names_another(root, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(workspace, "cache", lambda: tmp_path / "file" / "evaluations")
    with pytest.raises(StorageFailed, match=r"\(Not a directory\): .* folder in XDG_CACHE_HOME\.$"):
        evaluate(small.PLAIN, data(root))


@pytest.mark.parametrize("what", ["gallery", "gallery/writer.lock", "gallery/catalogue.sqlite", "answers-*"])
def test_a_part_of_the_cache_that_cannot_be_written_names_it_too(what, root, tmp_path, monkeypatch):
    made_again = workspace.describe([workspace.Source.of(data(root))], small.recipe(small.PLAIN), workers=1)
    folder = made_again.gallery.parent
    if what == "gallery":
        shutil.rmtree(folder / what)
        (folder / what).write_text("")
    elif what.startswith("answers"):
        monkeypatch.setattr("resight.evaluator.journal.Journal.path", folder, raising=False)
        monkeypatch.setattr("resight.evaluator.journal.Journal.__init__", _empty_journal)
    else:
        (folder / what).unlink(missing_ok=True)
        (folder / what).mkdir()
    with pytest.raises(StorageFailed, match=rf"cache {folder}.* folder in XDG_CACHE_HOME\.$") as found:
        evaluate(small.PLAIN, data(root))
    assert "--gallery" not in str(found.value)


def _empty_journal(self, folder, parts):
    self._found = {}
