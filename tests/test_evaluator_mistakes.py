"""What a user gets wrong, or what changed behind the back: refused, or marked, never a figure in silence."""

import json
import os
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest

from resight import evaluator
from resight.dataset import Truth
from resight.errors import BadData, BadQuery, BadSetting, FittedOnTest, GalleryError, UnknownMethod
from resight.evaluator import Evaluation, Study, compare, workspace
from resight.gallery import Writer, snapshot_of
from resight.progress import Silent
from resight.searcher.collection import Collection
from support import small
from support.four import EACH, ENGINE, INSTANCES, data, evaluate, made

pytestmark = [pytest.mark.filterwarnings(small.RANDOM_WEIGHTS), pytest.mark.usefixtures("own_evaluations")]


@pytest.fixture
def root(tmp_path):
    return made(tmp_path)


class Listening(Silent):
    def __init__(self):
        self.stages, self.said = [], []

    def start(self, what, total):
        self.stages.append((what, total))

    def say(self, sentence):
        self.said.append(sentence)


# what is ranked


def test_distractors_named_twice_are_refused_before_the_work(root, tmp_path):
    small.album(tmp_path / "more", 5, seed=3)
    (tmp_path / "link").symlink_to(tmp_path / "more", target_is_directory=True)
    gallery = small.index(tmp_path / "more", small.PLAIN, gallery=tmp_path / "ready").gallery
    watching = Listening()
    for names in (["more", "more"], ["more", "link"], [gallery, "more"], [gallery, gallery]):
        others = [tmp_path / name for name in names]
        with pytest.raises(BadQuery, match="named twice"):
            evaluate(small.PLAIN, data(root), distractors=others, progress=watching)
    assert not watching.stages


def test_distractors_of_one_content_are_marked(root, tmp_path):
    small.album(tmp_path / "more", 5, seed=3)
    shutil.copytree(tmp_path / "more", tmp_path / "copies")
    gallery = small.index(tmp_path / "copies", small.PLAIN, gallery=tmp_path / "ready").gallery
    words = "5 distractors have the very content of another one, and count twice"
    for others in (tmp_path / "copies",), (gallery,):
        found = evaluate(small.PLAIN, data(root), distractors=[tmp_path / "more", *others])
        assert found.facts["distractors"] == 10
        assert (words in found.caveats) == (others[0] != gallery)
    both = small.index(tmp_path / "more", small.PLAIN, gallery=tmp_path / "other").gallery
    assert words in evaluate(small.PLAIN, data(root), distractors=[both, gallery]).caveats


def test_one_content_under_two_instances_is_marked_although_a_photo_shows_two(root):
    shutil.copy(root / "0" / "1.png", root / "1" / "1.png")
    own = data(root)
    more = (*own.questions, replace(own.questions[5], truths={"": Truth(np.array([9]))}))
    for found in (own, replace(own, labels=None), replace(own, labels=None, questions=more)):
        marks = evaluate(small.PLAIN, found).caveats
        assert marks == ("2 photos have the very content of one that shows something else",)


def test_twins_of_one_instance_are_no_mistake_but_easily_found(root):
    shutil.copy(root / "0" / "1.png", root / "0" / "2.png")
    (mark,) = evaluate(small.PLAIN, data(root)).caveats
    assert mark.startswith("2 of 12 queries should find a copy of their own photo")


def test_photos_that_are_named_as_distractors_are_refused(root):
    (root / "distractors:1").mkdir()
    shutil.copy(root / "0" / "0.png", root / "distractors:1" / "0.png")
    own = data(root)
    with pytest.raises(BadData, match="rename its folder"):
        evaluate(small.PLAIN, replace(own, photos=("distractors:1/0.png", *own.photos[1:])))


def test_an_empty_name_is_nothing(root):
    with pytest.raises(BadQuery, match="empty"):
        evaluate(small.PLAIN, data(root), distractors=[""])


# what it was fitted on


def test_a_gallery_fitted_on_the_test_is_refused_before_anything_is_described(root):
    fitted = small.index(root, small.FITTED, gallery=root.parent / "fitted").gallery
    shutil.copytree(root, root.parent / "copy")
    watching = Listening()
    with pytest.raises(FittedOnTest, match="on 12 of the photos"):
        evaluate(small.FITTED, data(root.parent / "copy"), fit_from=fitted, progress=watching)
    assert not watching.stages


def test_a_fit_on_distractors_alone_is_said_to_be_that(root, tmp_path):
    small.album(tmp_path / "more", 8, seed=3)
    gallery = small.index(tmp_path / "more", small.FITTED, gallery=tmp_path / "ready").gallery
    options = {"fit_from": gallery, "allow_overlap": True}
    for distractors in (gallery, tmp_path / "more"):
        found = evaluate(small.FITTED, data(root), distractors=[distractors], **options)
        assert found.caveats == ("fitted on 8 of the distractors",)
        assert found.facts["overlap"] == 0
    own = evaluate(small.FITTED, data(root), allow_overlap=True)
    assert own.caveats == ("fitted on 12 of the photos that it is tested on",)
    assert own.facts["fit"] == "fitted on 12 photos of its own"


def test_a_study_borrows_a_fit_for_those_recipes_that_have_one(root, tmp_path):
    small.album(tmp_path / "more", 8, seed=3)
    recipes = [small.recipe(small.PLAIN), small.recipe(small.FITTED)]
    study = Study(data(root), recipes, ENGINE | {"fit_from": tmp_path / "more"})
    plain, fitted = (study.evaluation(recipe) for recipe in recipes)
    assert (plain.caveats, fitted.caveats) == ((), ())
    assert "8 photos" in fitted.facts["fit"]
    assert all(found is not None for recipe in recipes for found in study.descriptors(recipe))


# what is kept


def test_damage_to_what_is_kept_is_refused(root):
    evaluate(small.PLAIN, data(root))
    (vectors,) = workspace.cache().glob("*/gallery/vectors-*.f32")
    values = np.fromfile(vectors, np.float32)
    values[5] += 0.25
    values.tofile(vectors)
    with pytest.raises(GalleryError, match=f"damaged.*delete {vectors.parent.parent}"):
        evaluate(small.PLAIN, data(root))
    shutil.rmtree(vectors.parent.parent)
    assert len(evaluate(small.PLAIN, data(root)).answers) == INSTANCES * EACH


def test_what_is_cut_short_names_the_folder_to_delete(root):
    evaluate(small.PLAIN, data(root))
    (vectors,) = workspace.cache().glob("*/gallery/vectors-*.f32")
    os.truncate(vectors, 100)
    with pytest.raises(GalleryError, match=f"delete {vectors.parent.parent}"):
        evaluate(small.PLAIN, data(root))


def test_an_evaluation_waits_for_another_that_describes_the_same(root):
    evaluate(small.PLAIN, data(root))
    (gallery,) = workspace.cache().glob("*/gallery")
    held, waited, watching = threading.Event(), threading.Event(), Listening()
    watching.say = lambda sentence: (watching.said.append(sentence), waited.set())

    def hold():
        with Writer(gallery):
            held.set()
            waited.wait(60)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(60)
    assert len(evaluate(small.PLAIN, data(root), progress=watching).answers) == INSTANCES * EACH
    other.join()
    assert sum("waiting for it" in sentence for sentence in watching.said) == 1


# what geometry needs


def test_distractors_whose_photos_are_gone_are_marked_where_geometry_needs_them(root, tmp_path):
    small.album(tmp_path / "more", 5, seed=3)
    gallery = small.index(tmp_path / "more", small.PLAIN, gallery=tmp_path / "ready").gallery
    chain = {"distractors": [gallery], "rerank": ["geometry:top=4"]}
    (tmp_path / "more").rename(tmp_path / "away")
    with pytest.warns(UserWarning, match="gallery stores no|cannot be verified"):
        found = evaluate(small.PLAIN, data(root), **chain)
    assert found.caveats == ("5 photos are gone or have changed, so that geometry cannot verify them",)
    assert evaluate(small.PLAIN, data(root), distractors=[gallery]).caveats == ()


@pytest.mark.parametrize("change", ["gone", "another"])
def test_a_photo_that_is_not_what_was_indexed_has_no_local_features_and_that_is_said(root, change):
    with snapshot_of(small.index(root, small.PLAIN, gallery=root.parent / "own").gallery) as gallery:
        photos = Collection(gallery)
        image = gallery.catalogue.image_of("0/0.png")
        with pytest.warns(UserWarning, match="stores no local features"):
            assert len(photos.features([image])[0])
        if change == "gone":
            (root / "0" / "0.png").unlink()
        else:
            shutil.copy(root / "1" / "0.png", root / "0" / "0.png")
        with pytest.warns(UserWarning, match=r"cannot be verified.*\(1 so far\)"):
            assert len(photos.features([image])[0]) == 0
        assert len(photos.features([image])[0]) == 0  # and it is said once


# settings and results


def test_a_deviation_that_changes_nothing_is_refused(root):
    for deviation, words in (("full-queries", "no query with a box"), ("junk-counted", "no junk")):
        with pytest.raises(BadSetting, match=words):
            evaluate(small.PLAIN, data(root), deviate=[deviation])
    with pytest.raises(BadSetting, match="in their own rankings already"):
        evaluate(small.PLAIN, data(root, keeps_query=True), deviate=["query-kept"])


def test_an_unknown_engine_is_refused_although_all_is_described(root):
    evaluate(small.PLAIN, data(root))
    with pytest.raises(UnknownMethod, match="torch2"):
        evaluate(small.PLAIN, data(root), engine="torch2")


def test_settings_that_no_memory_or_precision_is_enough_for_are_refused(root):
    for sentence in ("diffusion:k=1000000000", "augmentation:k=1000000000"):
        with pytest.raises(BadSetting, match="at most 10,000"):
            evaluate(small.PLAIN, data(root), rerank=[sentence])
    with pytest.raises(BadSetting, match="less than 1"):
        evaluate(small.PLAIN, data(root), rerank=["diffusion:alpha=0.99999999"])


def test_recipes_and_sets_may_be_named(root, tmp_path):
    recipe = small.toml(small.PLAIN, tmp_path)
    named = evaluator.evaluate(str(recipe), str(root), **ENGINE)
    assert named.means["map"] == evaluate(small.PLAIN, data(root)).means["map"]


def test_results_without_a_measure_in_common_are_not_compared(root):
    own = data(root)
    one, other = (evaluate(small.PLAIN, replace(own, measures=(name,))) for name in ("map", "nar"))
    with pytest.raises(BadQuery, match="map; nar"):
        compare(one, other)


def test_what_is_no_run_is_refused(tmp_path):
    names = {"recipe": "a", "dataset": "b", "root": "c"}
    values = names | {"facts": {}, "means": {}, "answers": [], "marks": []}
    (tmp_path / "run.json").write_text(json.dumps(values))
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("run.json", "protocol"), ("pipe", "not a file"), ("absent", "no such file")):
        with pytest.raises(BadQuery, match=words):
            Evaluation.load(tmp_path / name)


def test_a_run_that_cannot_be_written_whole_leaves_no_half(root, tmp_path, monkeypatch):
    found = evaluate(small.PLAIN, data(root))
    found.save(tmp_path / "run.json")
    before = (tmp_path / "run.json").read_bytes()
    assert json.loads(before)["answers"][3]["query"] == found.answers[3].query
    monkeypatch.setattr("resight.evaluator.answers._brief", lambda answer: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        found.save(tmp_path / "run.json")
    assert (tmp_path / "run.json").read_bytes() == before
