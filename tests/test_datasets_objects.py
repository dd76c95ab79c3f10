"""ILIAS, INSTRE, The Met and Stanford Online Products: small copies as they are, and as they go wrong."""

import json

import numpy as np
import pytest

from resight import methods
from resight.errors import BadData, BadSetting, DataMissing
from resight.metrics import measure
from resight.types import Box
from support import replicas_objects as replicas

OURS = ["ilias", "instre", "met", "stanford-online-products"]


def opened(name, root, settings=""):
    return methods.find("datasets", f"{name}:{settings}")(root)


def replica(name, root):
    return getattr(replicas, name.replace("-", "_"))(root)


def right(data):
    """What each query should find, in paths."""
    return {q.name: {data.photos[i] for i in q.truths[""].positive} for q in data.questions}


@pytest.mark.parametrize("name", OURS)
def test_every_replica_opens_and_its_numbers_agree(name, tmp_path):
    data = opened(name, replica(name, tmp_path / "set"))
    assert len(set(data.photos)) == len(data.photos) > 0
    assert all((data.root / photo).is_file() for photo in data.photos)
    assert data.database.dtype == np.int64
    assert not data.keeps_query
    assert data.labels is None or len(data.labels) == len(data.photos)
    for question in data.questions:
        truth = question.truths[""]
        assert len(truth.positive) > 0
        assert question.photo not in truth.positive
        assert set(truth.positive) <= set(data.database)
        assert len(truth.junk) == 0
        assert (question.photo in data.database) == (name == "stanford-online-products")
    assert len({question.name for question in data.questions}) == len(data.questions)


@pytest.mark.parametrize("name", OURS)
def test_every_set_says_what_it_needs(name):
    module = methods.module("datasets", name)
    assert len(module.ABOUT) > 30
    assert module.ABOUT.endswith(".")
    assert len({source.file for source in module.NEEDED}) == len(module.NEEDED)
    for source in module.NEEDED:
        assert source.note
        assert source.url.startswith(("https://", "http://")) or "by hand" in source.note


@pytest.mark.parametrize("name", OURS)
def test_a_photo_that_is_gone_and_a_truth_that_is_gone_are_told(name, tmp_path):
    data = opened(name, replica(name, tmp_path / "set"))
    (data.root / data.photos[0]).unlink()
    with pytest.raises(DataMissing, match=rf"1 of the \d+ photos that .* the first being '{data.photos[0]}'"):
        opened(name, data.root)
    with pytest.raises(DataMissing, match=rf"no file .*`resight data {name}` tells where to get it"):
        opened(name, tmp_path / "none")


# ILIAS


def test_ilias_asks_for_the_positives_of_an_object_among_those_of_all(tmp_path):
    data = opened("ilias", replicas.ilias(tmp_path))
    assert (len(data.database), len(data.questions), data.measures) == (6, 4, ("map@1000",))
    assert right(data)["ilias_core/bold_bimp_000/query/Q000_01.jpg"] == {
        f"ilias_core/bold_bimp_000/pos/P000_0{shift}.jpg" for shift in range(2)
    }
    assert all(question.box is None for question in data.questions)
    assert "whole" in data.protocol
    assert "0 of 1000 shards of distractors are ranked" in data.caveats
    assert {
        f"{n} are here" for n in ("4 of 1232 queries", "6 of 4715 positives", "3 of 1000 objects")
    } <= set(data.caveats)
    assert any("equal score" in caveat for caveat in data.caveats)
    assert any("cannot be described" in caveat for caveat in data.caveats)


def test_ilias_ranks_shards_of_distractors_from_the_first(tmp_path):
    replicas.ilias(tmp_path)
    data = opened("ilias", tmp_path, "shards=1")
    assert (len(data.database), len(data.photos)) == (9, 13)
    assert {data.photos[i] for i in range(6, 9)} == {f"yfcc100m/yfcc100m-000000/{n}a0f.jpg" for n in range(3)}
    assert right(data) == right(opened("ilias", tmp_path))
    with pytest.raises(DataMissing, match=r"no photos \(\.jpg\) in .*yfcc100m-000001"):
        opened("ilias", tmp_path, "shards=2")
    for wrong in (-1, 1001):
        with pytest.raises(BadSetting, match=f"shards from 0 to 1000, not {wrong}"):
            opened("ilias", tmp_path, f"shards={wrong}")


def test_ilias_ranks_the_distractors_that_the_list_of_mini_ilias_names(tmp_path):
    replicas.ilias(tmp_path)
    replicas.write_lines(tmp_path / "image_ids" / "mini_ilias_yfcc100m_ids.txt", "0a0f", "2a0f", "feed")
    replicas.cut(tmp_path / "yfcc100m" / "yfcc100m-000999" / "feed.jpg", 760, 0)
    data = opened("ilias", tmp_path, "mini=true")
    assert [data.photos[i] for i in range(6, len(data.database))] == [
        "yfcc100m/yfcc100m-000000/0a0f.jpg", "yfcc100m/yfcc100m-000000/2a0f.jpg",
        "yfcc100m/yfcc100m-000999/feed.jpg",
    ]  # fmt: skip
    assert not any("of distractors" in caveat or "mini-ILIAS" in caveat for caveat in data.caveats)
    (tmp_path / data.photos[7]).unlink()
    few = opened("ilias", tmp_path, "mini=true")
    assert "2 of 3 distractors of mini-ILIAS are here" in few.caveats
    with pytest.raises(BadSetting, match="'shards' or 'mini', not both"):
        opened("ilias", tmp_path, "mini=true,shards=1")


def test_ilias_crops_to_the_union_of_the_boxes_where_it_is_asked_to(tmp_path):
    replicas.ilias(tmp_path)
    data = opened("ilias", tmp_path, "queries=crop")
    assert data.questions[0].box == Box(2, 1, 48.5, 32)
    assert data.questions[1].box == Box(4, 3, 50, 40)
    assert any("queries are cropped" in caveat for caveat in data.caveats)
    table = tmp_path / "ilias_core" / "bold_bimp_000" / "query" / "Q000_00_bbox.txt"
    for text, told in (
        ("1 2 3\n", "line 1: a box is four numbers x y width height, not '1 2 3'"),
        ("1 2 3 4\n1 2 0 4\n", "line 2: the box .* no width"),
        ("\n", "holds no box"),
    ):
        table.write_text(text)
        with pytest.raises(BadData, match=told):
            opened("ilias", tmp_path, "queries=crop")
    assert opened("ilias", tmp_path).questions  # boxes are not read for whole queries


def test_the_measure_of_ilias_is_that_of_its_code():
    """The mean precision at the hits among the first k, times hits / min(k, positives), step by step."""
    draw = np.random.default_rng(1)
    for k in (5, 20, 1000):
        for total in (1, 3, 8):
            ranks = np.sort(draw.choice(60, total, replace=False))
            precisions: list[float] = []
            for place in range(min(k, 60)):
                if place in ranks:
                    precisions.append((len(precisions) + 1) / (place + 1))
            hits = len(precisions)
            expected = sum(precisions) / hits * hits / min(k, total) if hits else 0
            assert measure(f"map@{k}")(ranks, total, 60) == pytest.approx(expected)


def test_ilias_refuses_lists_that_cannot_be(tmp_path):
    replicas.ilias(tmp_path)
    table = tmp_path / "image_ids" / "positive_ids.txt"
    before = table.read_text()
    for text, told in (
        (before + before.splitlines()[0] + "\n", "names the photo 'bold_bimp_000/pos/P000_00.jpg' twice"),
        (before + "../x.jpg,1,2\n", "'../x.jpg' leads out"),
        (before.split("bold_bimp_002")[0], "no photo for the query 'bold_bimp_002/query"),
        ("", "names no photo"),
    ):
        table.write_text(text)
        with pytest.raises(BadData, match=told):
            opened("ilias", tmp_path)


# INSTRE


def test_instre_reads_matlabs_lists_with_numbers_from_one(tmp_path):
    data = opened("instre", replicas.instre(tmp_path))
    assert (len(data.database), len(data.questions), data.measures) == (5, 4, ("map-trapezoid",))
    assert right(data) == {
        "INSTRE-S1/01a_canada_book/003.jpg": {f"INSTRE-S1/01a_canada_book/00{n}.jpg" for n in (1, 2)},
        "INSTRE-S2/02_toy/003.jpg": {f"INSTRE-S2/02_toy/00{n}.jpg" for n in (1, 2)},
        "INSTRE-M/50/002.jpg": {"INSTRE-M/50/001.jpg"},
        "INSTRE-M/50/003.jpg": {"INSTRE-M/50/001.jpg"},
    }
    assert all(question.box == Box(4, 3, 56, 41) for question in data.questions)
    assert data.caveats == ("5 of 27293 photos are here", "4 of 1250 queries are here")
    whole = opened("instre", tmp_path, "queries=full")
    assert not any(question.box for question in whole.questions)
    assert "full queries, boxes ignored" in whole.caveats
    assert right(whole) == right(data)


def test_instre_may_lie_in_the_folder_of_its_archive(tmp_path):
    here = opened("instre", replicas.instre(tmp_path / "instre"))
    below = opened("instre", tmp_path)
    assert below.photos == tuple(f"instre/{photo}" for photo in here.photos)


def test_instre_refuses_a_truth_that_cannot_be(tmp_path):
    from scipy.io import loadmat, savemat

    table = replicas.instre(tmp_path) / "gnd_instre.mat"
    whole = table.read_bytes()

    def told(match, change):
        table.write_bytes(whole)
        content = {key: value for key, value in loadmat(table).items() if not key.startswith("__")}
        change(content)
        savemat(table, content)
        with pytest.raises(BadData, match=match):
            opened("instre", tmp_path)

    def first(key, *values):
        return lambda content: content["gnd"][0, 0].__setitem__(key, np.array([values]))

    told("numbers from 1, and here are others", first("ok", 0, 1))
    told("numbers from 1, and here are others", first("ok", 6))
    told("whole numbers of photos, at least one", first("ok"))
    told("whole numbers of photos, at least one", first("ok", 1.5))
    told("no width or no height", first("bbx", 30, 3, 20, 41))
    told("a box is four numbers", first("bbx", 30, 3))
    told("has 4 queries, but the truth of 3", lambda content: content.update(gnd=content["gnd"][:, :3]))
    told("searches the query", lambda content: content.update(imlist=content["qimlist"]))
    told("should hold the lists imlist, qimlist and gnd", lambda content: content.pop("gnd"))
    table.write_bytes(b"no file of MATLAB" * 20)
    with pytest.raises(BadData, match="no file of MATLAB that can be read"):
        opened("instre", tmp_path)


# The Met


def test_the_met_asks_for_exhibits_and_says_what_it_does_not_measure(tmp_path):
    data = opened("met", replicas.met(tmp_path))
    assert (len(data.database), len(data.questions), data.measures) == (7, 3, ("r@1", "map"))
    assert right(data)["images/test_met/00000001.jpg"] == {f"images/MET/35/{n}.jpg" for n in range(2)}
    assert data.labels == ("34", "34", "35", "35", "36", "36", "37", "34", "35", "36")
    assert not any("noart" in photo or "other" in photo for photo in data.photos)
    assert data.caveats[0].startswith("GAP, the paper's first measure, is not measured")
    assert data.caveats[1:] == (
        "2 queries that show no exhibit are not asked", "7 of 397121 photos of exhibits are here",
        "4 of 224408 exhibits are here", "3 of 1003 queries of exhibits are here",
    )  # fmt: skip


def test_the_met_has_another_split_and_a_smaller_database(tmp_path):
    replicas.met(tmp_path)
    val = opened("met", tmp_path, "split=val")
    assert [question.name for question in val.questions] == ["images/test_met/00000001.jpg"]
    mini = opened("met", tmp_path, "mini=true")
    assert (len(mini.database), len(mini.questions)) == (2, 1)
    assert "2 queries have nothing to find and are left out" in mini.caveats
    assert "2 of 38307 photos of exhibits are here" in mini.caveats
    with pytest.raises(BadSetting, match="'test' or 'val' for 'split', not 'train'"):
        opened("met", tmp_path, "split=train")
    with pytest.raises(BadData, match=r"No query of valset\.json shows an exhibit"):
        opened("met", tmp_path, "split=val,mini=true")


def test_the_met_may_lie_in_one_folder_and_name_exhibits_in_quotes(tmp_path):
    before = opened("met", replicas.met(tmp_path))
    table = tmp_path / "ground_truth" / "testset.json"
    table.write_text(json.dumps([
        {key: str(value) for key, value in entry.items()} for entry in json.loads(table.read_text())
    ]))  # fmt: skip
    assert right(opened("met", tmp_path)) == right(before)
    for name in ("MET_database.json", "testset.json"):
        (tmp_path / "ground_truth" / name).rename(tmp_path / "images" / name)
    flat = opened("met", tmp_path / "images")
    assert flat.photos == tuple(photo.removeprefix("images/") for photo in before.photos)


def test_the_met_refuses_lists_that_cannot_be(tmp_path):
    replicas.met(tmp_path)
    table = tmp_path / "ground_truth" / "MET_database.json"
    entries = json.loads(table.read_text())
    for content, told in (
        (json.dumps([*entries, entries[0]]), "names the photo 'MET/34/0.jpg' twice"),
        (json.dumps([*entries, {"path": "MET/1/0.jpg"}]), "a list of photos with path and id"),
        (json.dumps([*entries, {"id": "x", "path": "MET/1/0.jpg"}]), "a list of photos with path and id"),
        (json.dumps([*entries, {"id": 1, "path": "../0.jpg"}]), "'../0.jpg' leads out"),
        (json.dumps({"id": 1}), "a list of photos with path and id"),
        ("[", "is no JSON"),
        ("[]", "No query of testset.json shows"),
    ):
        table.write_text(content)
        with pytest.raises(BadData, match=told):
            opened("met", tmp_path)


# Stanford Online Products


def test_products_ask_for_the_other_photos_of_their_class(tmp_path):
    data = opened("stanford-online-products", replicas.stanford_online_products(tmp_path))
    assert data.measures == ("r@1", "r@10", "r@100", "r@1000")
    assert (len(data.photos), len(data.questions), set(data.labels)) == (9, 9, {"11319", "11320", "11321"})
    home = "Stanford_Online_Products/bicycle_final"
    assert right(data)[f"{home}/11320_0.JPG"] == {f"{home}/11320_{n}.JPG" for n in (1, 2)}
    assert data.caveats == ("9 of 60502 photos are here", "3 of 11316 products are here")


def test_products_for_training_are_another_split_and_marked(tmp_path):
    replicas.stanford_online_products(tmp_path)
    train = opened("stanford-online-products", tmp_path, "split=train")
    assert set(train.labels) == {"1", "2", "3"}
    assert any("which the protocol does not test" in caveat for caveat in train.caveats)
    inside = opened("stanford-online-products", tmp_path / "Stanford_Online_Products", "split=train")
    assert inside.labels == train.labels
    assert inside.photos[0] == "bicycle_final/1_0.JPG"
    with pytest.raises(BadSetting, match="'test' or 'train' for 'split', not 'val'"):
        opened("stanford-online-products", tmp_path, "split=val")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: the first line should be 'image_id class_id"),
        ("path class_id\n", "line 1: the first line should be"),
        ("{header}\n", "names no photo"),
        ("{header}\n1 x 1 a.JPG\n", "line 2: a photo is three numbers and a path, not '1 x 1 a.JPG'"),
        ("{header}\n1 1 1\n", "line 2: a photo is three numbers"),
        ("{header}\n1 1 1 a.JPG\n2 1 1 ./a.JPG\n", "names the photo './a.JPG' twice"),
        ("{header}\n1 1 1 /etc/a.JPG\n", "'/etc/a.JPG' leads out"),
    ],
)
def test_a_list_of_products_that_cannot_be_is_refused(text, told, tmp_path):
    home = replicas.stanford_online_products(tmp_path) / "Stanford_Online_Products"
    (home / "Ebay_test.txt").write_text(text.format(header="image_id class_id super_class_id path"))
    with pytest.raises(BadData, match=told):
        opened("stanford-online-products", tmp_path)
