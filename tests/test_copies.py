"""Copies of a query among what it should find: told from other photos, kept, marked and shown."""

import csv
import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from resight import images
from resight.dataset import BenchmarkQuery, Truth
from resight.datasets import open_dataset
from resight.errors import BadImage, StorageFailed
from resight.evaluator import Evaluation, copies
from resight.evaluator.results import keep
from resight.images import likeness
from resight.pages.evaluation import write_evaluation
from resight.progress import Silent, Stopped
from resight.types import Box
from support import small
from support.four import data, evaluate, made

pytestmark = [pytest.mark.filterwarnings(small.RANDOM_WEIGHTS), pytest.mark.usefixtures("own_evaluations")]
COUNT = 8
MARK = "2 of 8 queries should find a copy of their own photo, the same picture in another encoding or size"


@pytest.fixture
def root(tmp_path):
    """Three instances of two photos each, and one whose second photo is a smaller JPEG of the first."""
    root = tmp_path / "set"
    for instance, photo in itertools.product("abc", "12"):
        small.draw(root / instance / f"{photo}.png", ord(instance) * 10 + int(photo), (200, 150))
    first = small.draw(root / "d" / "1.png", 7, (200, 150))
    with Image.open(first) as whole:
        whole.resize((100, 75)).convert("RGB").save(root / "d" / "2.jpg", quality=60)
    return root


def evaluated(root, **more):
    return evaluate(small.PLAIN, open_dataset(str(root)), **more)


# Pictures


def seen(path):
    return likeness.small(images.read(path, enough=likeness.enough))


def test_the_difference_is_that_of_plain_loops(root):
    paths = sorted(root.rglob("*.png"))
    pictures = np.stack([seen(path) for path in paths])
    found = likeness.difference(pictures[0], pictures)
    for value, other in zip(found, pictures, strict=True):
        one, two = pictures[0].astype(np.float64), other.astype(np.float64)
        squares = [(two[y, x, c] - one[y, x, c]) ** 2 for y in range(16) for x in range(16) for c in range(3)]
        spread = []
        for each in (one, two):
            mean = [np.mean([each[y, x, c] for y in range(16) for x in range(16)]) for c in range(3)]
            spread.append(np.sqrt(np.mean([
                (each[y, x, c] - mean[c]) ** 2 for y in range(16) for x in range(16) for c in range(3)
            ])))  # fmt: skip
        assert value == pytest.approx(np.sqrt(np.mean(squares)) / max(1, min(spread)), rel=1e-4)
    assert found[0] == 0


@pytest.mark.parametrize("colour", [0, 255])
def test_a_flat_picture_is_a_copy_of_the_same_colour_alone(colour):
    flat = np.full((1, 16, 16, 3), colour, np.uint8)
    others = np.concatenate([flat, flat ^ 4])
    found = likeness.difference(flat[0], others)
    assert found.tolist() == [0, 4]


def test_copies_of_real_photos_are_told_from_other_photos_of_the_same(test_data, tmp_path):
    """One photo of each cover: its copies, and the other photos that show the same cover."""
    set_ = open_dataset(str(test_data / "dvd_covers"))
    for number in range(0, 50, 5):
        path = set_.root / set_.photos[number]
        own = seen(path)
        with Image.open(path) as photo:
            half = photo.convert("RGB").resize((photo.width // 2, photo.height // 2))
            half.save(tmp_path / "half.png")
            photo.convert("RGB").save(tmp_path / "low.jpg", quality=30)
            photo.convert("RGB").save(tmp_path / "same.webp", quality=50)
        made = np.stack([seen(tmp_path / name) for name in ("half.png", "low.jpg", "same.webp")])
        assert likeness.difference(own, made).max() <= likeness.COPY / 1.5
        others = [i for i, label in enumerate(set_.labels) if label == set_.labels[number] and i != number]
        pictures = np.stack([seen(set_.root / set_.photos[i]) for i in others])
        assert likeness.difference(own, pictures).min() >= likeness.COPY * 1.5


# Evaluations


def test_a_copy_is_marked_in_the_result_its_files_and_the_page(root, tmp_path):
    found = evaluated(root)
    by_photo = {answer.photo: answer for answer in found.answers}
    assert {name: one.copies for name, one in by_photo.items() if one.copies} == {
        "d/1.png": ("d/2.jpg",), "d/2.jpg": ("d/1.png",)
    }  # fmt: skip
    (mark,) = found.caveats
    assert mark.startswith(f"{MARK} (d/1.png and d/2.jpg, d/2.jpg and d/1.png)")
    others = np.mean([one.values["map"] for name, one in by_photo.items() if name[0] != "d"])
    assert mark.endswith(f"; map is {others:.4f} without these queries")
    assert others < found.means["map"]
    run = keep(found, tmp_path / "results")
    loaded = Evaluation.load(run)
    assert [one.copies for one in loaded.answers] == [one.copies for one in found.answers]
    assert loaded.caveats == found.caveats
    with (tmp_path / "results" / "evaluate.csv").open() as file:
        assert MARK in next(csv.DictReader(file))["marks"]
    write_evaluation(tmp_path / "page.html", found)
    page = (tmp_path / "page.html").read_text()
    assert MARK in page
    assert page.count(", a copy of the query") == 2  # each in the other's row


def test_a_result_of_before_there_were_copies_is_read(root, tmp_path):
    run = keep(evaluated(root), tmp_path / "results")
    values = json.loads(run.read_text())
    for each in values["answers"]:
        del each["copies"]
    run.write_text(json.dumps(values))
    assert {answer.copies for answer in Evaluation.load(run).answers} == {()}


def test_crops_are_no_copies(tmp_path):
    assert evaluate(small.PLAIN, data(made(tmp_path))).caveats == ()


def test_a_copy_to_the_last_byte_is_one_too(root):
    shutil.copy(root / "d" / "1.png", root / "d" / "3.png")
    found = evaluated(root)
    assert found.caveats[0].startswith("3 of 9 queries should find a copy")


def test_all_queries_may_have_copies(root):
    for name in "abc":
        shutil.rmtree(root / name)
    small.draw(root / "distractors" / "x.png", 99)
    (mark,) = evaluated(root).caveats
    assert mark.startswith("2 of 2 queries should find a copy")
    assert "without" not in mark


def test_a_copy_that_is_wrong_or_junk_flatters_nobody(root):
    own = open_dataset(str(root))
    place = {photo: i for i, photo in enumerate(own.photos)}
    truth = Truth(np.array([place["a/1.png"]]), np.array([place["d/2.jpg"]]))
    own = replace(own, questions=(BenchmarkQuery(place["d/1.png"], {"": truth}),), labels=None)
    assert evaluate(small.PLAIN, own).caveats == ()


def test_a_query_with_a_box_and_a_turned_photo_are_compared_as_whole_photos(root):
    own = open_dataset(str(root))
    boxed = tuple(replace(each, box=Box(0, 0, 60, 60)) for each in own.questions)
    assert evaluate(small.PLAIN, replace(own, questions=boxed)).caveats[0].startswith(MARK)
    turned = replace(own, turns={"d/2.jpg": 90})
    assert evaluate(small.PLAIN, turned).caveats == ()


def test_several_protocols_count_a_query_once(root):
    own = open_dataset(str(root))
    both = tuple(
        replace(each, truths=dict.fromkeys(["easy", "hard"], each.truths[""])) for each in own.questions
    )
    (mark,) = evaluate(small.PLAIN, replace(own, questions=both)).caveats
    assert mark.startswith(MARK)
    assert "; easy map is " in mark


# What is kept


def small_file(tmp_path):
    (path,) = (tmp_path / "evaluations").glob("*/small-*.bin")
    return path


def test_pictures_are_made_once(root, tmp_path, monkeypatch):
    first = evaluated(root)
    assert small_file(tmp_path).stat().st_size == COUNT * copies.RECORD.itemsize
    monkeypatch.setattr(copies, "read", None)
    assert evaluated(root).answers == first.answers


@pytest.mark.parametrize("how", ["cut", "changed", "gone"])
def test_what_is_damaged_is_made_again(how, root, tmp_path):
    first = evaluated(root)
    path = small_file(tmp_path)
    whole = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(whole[:1000] if how == "cut" else whole[:900] + bytes(100) + whole[1000:])
    assert evaluated(root).answers == first.answers
    kept, places = copies._read_pictures(path)
    assert len(places) == COUNT
    assert len(kept) * copies.RECORD.itemsize == path.stat().st_size


def test_a_stop_keeps_what_was_made(root, tmp_path, monkeypatch):
    class Stopping(Silent):
        done = 0

        def start(self, what, total=None):
            self.looking = what == "Looking for copies"

        def step(self, failures=0):
            self.done += self.looking

        def stopping(self):
            return self.looking and self.done >= 2

    monkeypatch.setattr(copies, "AT_ONCE", 1)
    with pytest.raises(Stopped):
        evaluated(root, progress=Stopping())
    before = small_file(tmp_path).stat().st_size // copies.RECORD.itemsize
    assert 2 <= before < COUNT
    assert evaluated(root).caveats[0].startswith(MARK)
    assert small_file(tmp_path).stat().st_size == COUNT * copies.RECORD.itemsize


def test_a_photo_that_is_gone_has_no_copies_and_a_full_disk_is_said(root, tmp_path, monkeypatch):
    read = copies.read

    def gone(data, number, enough):
        if data.photos[number] == "d/2.jpg":
            raise BadImage("gone")
        return read(data, number, enough)

    monkeypatch.setattr(copies, "read", gone)
    assert evaluated(root).caveats == ()
    monkeypatch.setattr(copies, "read", read)
    path = small_file(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageFailed, match="XDG_CACHE_HOME"):
        evaluated(root)
