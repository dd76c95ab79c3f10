"""Vectors of anybody's own model are measured as `evaluate` measures a recipe."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import resight
from resight.dataset import BenchmarkQuery, Truth
from resight.errors import BadQuery
from resight.evaluator import Study, compare, prepare, score_vectors, vectors
from resight.types import Box
from support import small
from support.four import EACH, ENGINE, INSTANCES, data, evaluate, made

pytestmark = [pytest.mark.filterwarnings(small.RANDOM_WEIGHTS), pytest.mark.usefixtures("own_evaluations")]
COUNT = INSTANCES * EACH


@pytest.fixture
def root(tmp_path):
    return made(tmp_path)


def descriptors(values, own):
    return Study(own, [small.recipe(values)], ENGINE).descriptors(small.recipe(values))


def protocols(own):
    """Easy and hard, with junk, for every second query; a database without its first photo."""
    questions = []
    for i, each in enumerate(own.questions[::2]):
        first, last = np.split(each.truths[""].positive, [1])
        truths = {"easy": Truth(first, last), "hard": Truth(last, first), "none": Truth(first[:0], first)}
        questions.append(replace(each, truths=truths, name=f"query {i}"))
    measures = ("map-trapezoid", "map", "map@3", "mp@5", "nar", "r@1")
    return replace(own, questions=tuple(questions), database=np.arange(1, COUNT), measures=measures)


@pytest.mark.parametrize("values", [small.PLAIN, small.KEEP], ids=["a row", "regions"])
@pytest.mark.parametrize("changed", ["as it is", "protocols and junk", "query kept"])
def test_measures_equal_those_of_evaluate_to_the_last_digit(root, values, changed):
    own = data(root)
    if changed == "protocols and junk":
        own = protocols(own)
    elif changed == "query kept":
        own = replace(own, keeps_query=True)
    whole, alone = evaluate(values, own), score_vectors(own, descriptors(values, own))
    assert alone.means == whole.means
    assert alone.caveats == whole.caveats == ()
    for one, other in zip(alone.answers, whole.answers, strict=True):
        assert (one.query, one.values, one.ranks) == (other.query, other.values, other.ranks)
        assert [(hit.photo, hit.verdict) for hit in one.top] == [
            (hit.photo, hit.verdict) for hit in other.top
        ]
        np.testing.assert_allclose(
            [hit.score for hit in one.top], [hit.score for hit in other.top], atol=1e-6
        )
    assert [alone.facts[key] for key in ("queries", "photos")] == [
        whole.facts[key] for key in ("queries", "photos")
    ]


def random(count, rows, seed=0):
    found = np.random.default_rng(seed).standard_normal((count, rows, 16))
    return list((found / np.linalg.norm(found, axis=2, keepdims=True)).astype(np.float32))


@pytest.mark.parametrize("rows", [1, 3])
def test_every_score_is_that_of_the_best_pair_made_one_by_one(root, rows):
    own, given = data(root), random(COUNT, rows)
    for i, answer in enumerate(score_vectors(own, given).answers):
        pairs = {own.photos[j]: max(float(a @ b) for a in given[i] for b in given[j]) for j in range(COUNT)}
        del pairs[own.photos[i]]
        assert [hit.photo for hit in answer.top] == sorted(pairs, key=lambda photo: -pairs[photo])
        np.testing.assert_allclose([hit.score for hit in answer.top], sorted(pairs.values())[::-1], atol=1e-6)


def test_few_at_a_time_are_all_at_once_and_a_matrix_is_a_row_a_photo(root, monkeypatch):
    own = data(root)
    given = [rows[: 1 + i % 3] for i, rows in enumerate(random(COUNT, 3))]
    whole = score_vectors(own, given)
    monkeypatch.setattr(vectors, "PRODUCTS", 60)
    for one, other in zip(score_vectors(own, given).answers, whole.answers, strict=True):
        assert (one.values, one.ranks) == (other.values, other.ranks)
        np.testing.assert_allclose(
            [hit.score for hit in one.top], [hit.score for hit in other.top], atol=1e-6
        )
    matrix = np.concatenate(random(COUNT, 1))
    assert score_vectors(own, matrix).answers == score_vectors(own, random(COUNT, 1)).answers


def test_a_photo_without_vectors_is_in_no_ranking_and_is_named(root):
    own, given = data(root), random(COUNT, 2)
    given[1], given[5] = None, np.empty((0, 16))
    found = score_vectors(own, given)
    assert found.caveats == (
        "2 photos have no vector (0/1.png, 1/2.png)",
        "2 queries have no vector and count as found last",
    )
    assert all(hit.photo not in ("0/1.png", "1/2.png") for answer in found.answers for hit in answer.top)
    assert [answer.values["map"] for answer in found.answers if answer.failure] == [0.0, 0.0]


def test_a_cropped_query_has_vectors_of_its_own_or_a_caveat(root):
    own, given = data(root), random(COUNT, 1)
    boxed = replace(own, questions=tuple(replace(each, box=Box(0, 0, 9, 9)) for each in own.questions))
    plain = score_vectors(boxed, given)
    assert plain.caveats == ("queries not cropped",)
    others = random(COUNT, 1, seed=1)
    cropped = score_vectors(boxed, given, others)
    assert cropped.caveats == ()
    first = {hit.photo: hit.score for hit in cropped.answers[0].top}
    assert first["2/0.png"] == pytest.approx(float((others[0] @ given[6].T).item()), abs=1e-6)
    assert score_vectors(boxed, given, given).answers == plain.answers


def test_results_of_one_set_can_be_kept_loaded_and_compared(root, tmp_path):
    own = data(root)
    one, other = (score_vectors(own, random(COUNT, 1, seed), name=f"epoch {seed}") for seed in (1, 2))
    one.save(tmp_path / "one.json")
    loaded = resight.Evaluation.load(tmp_path / "one.json")
    assert loaded.means == one.means
    assert loaded.recipe == "epoch 1"
    assert compare(loaded, other).test.queries == COUNT
    assert one.facts["fingerprint"] != other.facts["fingerprint"]
    with pytest.raises(BadQuery, match="not of the same data"):
        compare(one, score_vectors(replace(own, questions=own.questions[1:]), random(COUNT, 1)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda rows: rows[1:], "has 12 photos, and there are vectors of 11"),
        (
            lambda rows: [*rows[1:], np.ones((1, 7))],
            "as many numbers each, and there are 7 of 3/2.png, 16 of",
        ),
        (lambda rows: [*rows[1:], np.full((1, 16), np.nan)], r"vectors of 3/2\.png are not finite"),
        (lambda rows: [*rows[1:], np.ones((1, 1, 16))], "vectors of 3/2.png have 3 axes"),
        (lambda rows: [None] * COUNT, "No photo .* has a vector"),
    ],
)
def test_vectors_that_do_not_fit_are_refused_in_one_sentence(root, change, sentence):
    with pytest.raises(BadQuery, match=sentence):
        score_vectors(data(root), change(random(COUNT, 1)))


def test_queries_that_do_not_fit_are_refused(root):
    own, given = data(root), random(COUNT, 1)
    with pytest.raises(BadQuery, match="12 queries, and there are vectors of 3"):
        score_vectors(own, given, given[:3])
    with pytest.raises(BadQuery, match=r"query 0/0\.png has vectors of 7 numbers, and the photos of 16"):
        score_vectors(own, given, [np.ones((1, 7)), *given[1:]])
    with pytest.raises(BadQuery, match="no query with anything to find"):
        score_vectors(replace(own, questions=(BenchmarkQuery(0, {"": Truth(np.array([], int))}),)), given)


# A bench, and a study that needs descriptors alone


def test_descriptors_of_a_study_ask_no_query(root, monkeypatch):
    monkeypatch.setattr("resight.evaluator.asking._ask_one", None)
    found = descriptors(small.KEEP, data(root))
    assert len(found) == COUNT
    assert all(rows.ndim == 2 for rows in found)


def test_a_bench_holds_what_is_searched_and_asks_nothing(root):
    own = data(root)
    with prepare(small.recipe(small.PLAIN), own, **ENGINE) as bench:
        assert bench.data is own
        assert bench.candidates.size == COUNT
        assert bench.shared.tested == 0
        assert not list(bench.folder.glob("answers-*"))


def test_the_example_of_the_documents_runs(root, monkeypatch):
    page = Path(__file__).resolve().parent.parent / "docs" / "evaluation.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf8"), re.M | re.S)
    (block,) = [each for each in blocks if "score_vectors(" in each]
    assert len(block.strip().splitlines()) <= 12
    monkeypatch.chdir(root.parent)
    root.rename(root.parent / "photos")
    names = {}
    exec(compile(block, str(page), "exec"), names)
    assert set(names["found"].means) == {"map", "r@1", "map-trapezoid"}
    assert len(names["found"].answers) == COUNT
