"""Small copies of every data set through `evaluate`, scored again from their raw files by slow forms."""

import pickle

import numpy as np
import pytest

from resight import evaluator, methods
from resight.datasets import open_dataset
from resight.errors import BadQuery, FittedOnTest
from support import replicas_buildings, replicas_objects, replicas_others, small

pytestmark = [pytest.mark.filterwarnings(small.RANDOM_WEIGHTS), pytest.mark.usefixtures("own_evaluations")]
SUPPORT = (replicas_buildings, replicas_objects, replicas_others)
REPLICAS = {
    name: next(made for each in SUPPORT if (made := getattr(each, name.replace("-", "_"), None)))
    for name in methods.names("datasets")
}
NOTHING_ASKED = {"mirflickr25k", "revisitop1m"}
MEASURES = {
    "oxford5k": {"map-trapezoid"},
    "paris6k": {"map-trapezoid"},
    "holidays": {"map-trapezoid"},
    "metu": {"map@100", "nar"},
    "ilias": {"map@1000"},
    "instre": {"map-trapezoid"},
    "met": {"r@1", "map"},
    "stanford-online-products": {"r@1", "r@10", "r@100", "r@1000"},
}


def opened(name, tmp_path, settings=""):
    root = REPLICAS[name](tmp_path / name)
    return open_dataset(f"{name}{settings}", root)


def evaluate(data, **more):
    return evaluator.evaluate(small.recipe(small.PLAIN), data, engine="openvino", workers=1, **more)


@pytest.mark.parametrize("name", sorted(set(REPLICAS) - NOTHING_ASKED))
def test_a_small_copy_goes_through_from_its_files_to_its_measures(name, tmp_path):
    data = opened(name, tmp_path)
    found = evaluate(data)
    plain = {measure.split()[-1] for measure in found.means}
    assert plain == MEASURES.get(name, plain)
    assert found.facts["protocol"] == data.protocol
    assert set(data.caveats) <= set(found.caveats)
    best = found.means[next(iter(found.means))]
    assert best > 0.5  # photos of an instance are cuts of one drawing
    for answer in found.answers:
        assert len({one.photo for one in answer.top}) == len(answer.top)
        assert data.keeps_query or answer.photo not in {one.photo for one in answer.top}


@pytest.mark.parametrize("name", sorted(NOTHING_ASKED))
def test_a_set_that_asks_nothing_is_refused_but_serves_for_fits_and_distractors(name, tmp_path, monkeypatch):
    data = opened(name, tmp_path)
    with pytest.raises(BadQuery, match="no query"):
        evaluate(data)
    monkeypatch.setenv("RESIGHT_DATA", str(tmp_path))
    (tmp_path / name).rename(tmp_path / name.replace("-", "_"))
    asked = opened("folder", tmp_path)
    found = evaluator.evaluate(
        small.recipe(small.FITTED), asked, fit_from=name, distractors=[name], engine="openvino", workers=1,
        allow_overlap=True,
    )  # fmt: skip
    assert found.facts["distractors"] == len(data.photos)


# scored again, from the raw files


def compute_ap(right: set, junk: set, ranked: list) -> float:
    """As the makers of Oxford5k describe it: a walk down the ranking, precision and recall at each step."""
    old_recall, old_precision, ap, found, seen = 0.0, 1.0, 0.0, 0, 0
    for name in ranked:
        if name in junk:
            continue
        if name in right:
            found += 1
        seen += 1
        recall, precision = found / len(right), found / seen
        ap += (recall - old_recall) * (old_precision + precision) / 2
        old_recall, old_precision = recall, precision
    return ap


def stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


@pytest.mark.parametrize(("name", "folder"), [("oxford5k", "gt_files_170407"), ("paris6k", "paris_120310")])
def test_oxford_and_paris_are_as_their_text_files_say(name, folder, tmp_path):
    data = opened(name, tmp_path)
    found, values = evaluate(data), []
    for answer in found.answers:
        right, junk = set(), set()
        for kind, names in (("good", right), ("ok", right), ("junk", junk)):
            names |= set((data.root / folder / f"{answer.query}_{kind}.txt").read_text().split())
        values.append(compute_ap(right, junk, [stem(one.photo) for one in answer.top]))
        assert answer.values["map-trapezoid"] == pytest.approx(values[-1], abs=1e-12)
        assert answer.box is not None
    assert found.means["map-trapezoid"] == pytest.approx(np.mean(values), abs=1e-12)
    assert len(values) == 6


@pytest.mark.parametrize("name", ["roxford5k", "rparis6k"])
def test_the_revisited_sets_are_as_their_pickle_says(name, tmp_path):
    data = opened(name, tmp_path)
    found = evaluate(data)
    truth = pickle.loads((data.root / f"gnd_{name}.pkl").read_bytes())
    asked = {query: truth["gnd"][i] for i, query in enumerate(truth["qimlist"])}
    kinds = {"easy": (["easy"], ["junk", "hard"]), "medium": (["easy", "hard"], ["junk"]),
             "hard": (["hard"], ["junk", "easy"])}  # fmt: skip
    for protocol, (right, junk) in kinds.items():
        values = []
        for answer in found.answers:
            own = asked[stem(answer.photo)]
            names = [{truth["imlist"][i] for kind in chosen for i in own[kind]} for chosen in (right, junk)]
            if names[0]:
                values.append(compute_ap(*names, [stem(one.photo) for one in answer.top]))
        assert found.means[f"{protocol} map-trapezoid"] == pytest.approx(np.mean(values), abs=1e-12)
    assert set(truth["qimlist"]).isdisjoint(stem(one.photo) for a in found.answers for one in a.top)


def test_holidays_is_as_the_numbers_of_its_photos_say(tmp_path):
    data = opened("holidays", tmp_path)
    found = evaluate(data)
    for answer in found.answers:
        ranked = [stem(one.photo) for one in answer.top]
        assert stem(answer.photo) not in ranked
        right = {stem(path) for path in data.photos if stem(path)[:4] == stem(answer.photo)[:4]}
        right.remove(stem(answer.photo))
        assert answer.values["map-trapezoid"] == pytest.approx(compute_ap(right, set(), ranked), abs=1e-12)


# deliberate mistakes on them


def test_uncropped_queries_are_marked_however_they_are_asked_for(tmp_path):
    data = opened("oxford5k", tmp_path)
    right = evaluate(data)
    by_setting = evaluate(open_dataset("oxford5k:queries=full", data.root))
    by_deviation = evaluate(data, deviate=["full-queries"])
    assert [a.values for a in by_setting.answers] == [a.values for a in by_deviation.answers]
    assert [a.top for a in right.answers] != [a.top for a in by_setting.answers]
    for wrong in (by_setting, by_deviation):
        assert len(wrong.caveats) == len(right.caveats) + 1
        assert any("crop" in mark or "box" in mark for mark in wrong.caveats)


def test_junk_that_counts_is_marked(tmp_path):
    data = opened("oxford5k", tmp_path)
    wrong = evaluate(data, deviate=["junk-counted"])
    for answer in wrong.answers:
        folder = data.root / "gt_files_170407"
        right = {
            name
            for kind in ("good", "ok")
            for name in (folder / f"{answer.query}_{kind}.txt").read_text().split()
        }
        ranked = [stem(one.photo) for one in answer.top]
        assert answer.values["map-trapezoid"] == pytest.approx(compute_ap(right, set(), ranked), abs=1e-12)
        assert "junk" not in {one.verdict for one in answer.top}
    assert "junk counted as wrong" in wrong.caveats


def test_a_query_in_its_own_ranking_is_marked(tmp_path):
    data = opened("holidays", tmp_path)
    right, wrong = evaluate(data), evaluate(data, deviate=["query-kept"])
    assert all(answer.photo == answer.top[0].photo for answer in wrong.answers)
    assert right.means != wrong.means
    assert "the query stays in its own ranking" in wrong.caveats


def test_a_fit_on_the_test_is_refused_or_marked(tmp_path):
    data = opened("paris6k", tmp_path)
    recipe = small.recipe(small.FITTED)
    with pytest.raises(FittedOnTest):
        evaluator.evaluate(recipe, data, engine="openvino")
    with pytest.raises(FittedOnTest):
        evaluator.evaluate(recipe, data, fit_from=data.root / "paris" / "eiffel", engine="openvino")
    marked = evaluator.evaluate(recipe, data, allow_overlap=True, engine="openvino")
    assert any(mark.startswith("fitted on 13 of the photos") for mark in marked.caveats)


def test_holidays_lying_on_its_side_is_another_protocol(tmp_path):
    data = opened("holidays", tmp_path)
    lying = open_dataset("holidays:turned=false", data.root)
    assert "as they are" in evaluate(lying).facts["protocol"]
    assert evaluate(data).facts["data_hash"] != evaluate(lying).facts["data_hash"]
