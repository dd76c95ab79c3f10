"""The building sets, read from small copies in their real file formats, whole and broken."""

import codecs
import pickle
import shutil
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from resight import methods
from resight.datasets._photos_by_name import partial
from resight.errors import BadData, BadSetting, DataMissing
from resight.plain_pickles import reading as _pickles
from resight.types import Box
from support import replicas_buildings as replicas

BUILDINGS = ["oxford5k", "paris6k"]
REVISITED = ["roxford5k", "rparis6k"]
ALL = [*BUILDINGS, *REVISITED, "revisitop1m", "holidays"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A copy of each set, drawn once."""
    folder = tmp_path_factory.mktemp("drawn")
    return {name: getattr(replicas, name)(folder / name) for name in ALL}


@pytest.fixture
def root(request, drawn, tmp_path):
    """A copy that the test may break, of the set that its parameter `name` names."""
    name = request.node.callspec.params["name"]
    shutil.copytree(drawn[name], tmp_path / name)
    return tmp_path / name


def load(name, root, settings=""):
    return methods.find("datasets", f"{name}:{settings}")(root)


def named(dataset, numbers):
    """The names of photos, without folder and suffix."""
    return [dataset.photos[number].rpartition("/")[2].rpartition(".")[0] for number in numbers]


def marks(dataset):
    return " | ".join(dataset.caveats)


def assert_sound(dataset):
    """What every data set keeps, whatever it is of."""
    assert all((dataset.root / path).is_file() for path in dataset.photos)
    assert len(set(dataset.photos)) == len(dataset.photos)
    assert dataset.database.dtype == np.int64
    for question in dataset.questions:
        assert 0 <= question.photo < len(dataset.photos)
        assert (question.photo in dataset.database) == (dataset.name not in REVISITED)
        for truth in question.truths.values():
            for numbers in (truth.positive, truth.junk):
                assert numbers.dtype == np.int64
                assert np.isin(numbers, dataset.database).all()
                assert (np.diff(numbers) > 0).all()
            assert not np.intersect1d(truth.positive, truth.junk).size
            if not dataset.keeps_query:
                assert question.photo not in truth.positive


@pytest.mark.parametrize("name", ALL)
def test_every_set_is_sound_and_says_that_it_is_a_part(name, drawn):
    dataset = load(name, drawn[name])
    assert dataset.name == name
    assert dataset.root == drawn[name]
    assert_sound(dataset)
    assert f"{len(dataset.database)} of " in marks(dataset)


@pytest.mark.parametrize("name", ALL)
def test_every_set_says_what_it_needs(name):
    home = methods.module("datasets", name)
    assert home.ABOUT.endswith(".")
    files = [each.file for each in home.NEEDED]
    assert len(set(files)) == len(files)
    for each in home.NEEDED:
        assert each.url.startswith(("https://www.robots.ox.ac.uk/~vgg/data/", "http://", "ftp://"))
        assert each.url.endswith(each.file.rpartition("/")[2])
        assert each.note


@pytest.mark.parametrize("name", ALL)
def test_an_empty_folder_is_an_error_that_says_where_to_get_the_set(name, tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataMissing, match=rf"`resight data {name}` tells"):
            load(name, folder)


# Oxford and Paris


def test_oxford_has_its_photos_queries_boxes_and_lists(drawn):
    dataset = load("oxford5k", drawn["oxford5k"])
    assert len(dataset.photos) == 15
    assert dataset.photos[0] == "oxbuild_images/all_souls_000013.jpg"
    assert list(dataset.photos) == sorted(dataset.photos)
    np.testing.assert_array_equal(dataset.database, np.arange(15))
    assert [question.name for question in dataset.questions] == [
        "all_souls_1", "all_souls_2", "ashmolean_1", "ashmolean_2",
        "radcliffe_camera_1", "radcliffe_camera_2",
    ]  # fmt: skip
    second = dataset.questions[1]
    assert named(dataset, [second.photo]) == ["all_souls_000014"]
    assert second.box == Box(12.5, 9.1, 72.0, 63.7 - 9.1)
    assert list(second.truths) == [""]
    truth = second.truths[""]
    assert named(dataset, truth.positive) == ["all_souls_000013", "all_souls_000014", "all_souls_000015"]
    assert named(dataset, truth.junk) == ["all_souls_000016"]
    assert second.photo in truth.positive
    assert dataset.keeps_query
    assert dataset.measures == ("map-trapezoid",)
    assert dataset.labels is None
    assert not dataset.turns
    assert dataset.caveats == ("15 of 5063 photos are here", "6 of 55 queries are here")
    assert "6 queries cropped to their boxes" in dataset.protocol
    assert "stays in its ranking" in dataset.protocol


def test_paris_leaves_out_the_damaged_photos_wherever_they_are_named(drawn):
    dataset = load("paris6k", drawn["paris6k"])
    assert (drawn["paris6k"] / f"paris/louvre/{replicas.DAMAGED}.jpg").exists()
    assert len(dataset.photos) == 13
    assert "paris/defense/paris_defense_000605.jpg" in dataset.photos
    assert not [path for path in dataset.photos if replicas.DAMAGED in path]
    louvre = dataset.questions[4]
    assert louvre.name == "louvre_1"
    assert named(dataset, [louvre.photo]) == ["paris_louvre_000001"]
    assert named(dataset, louvre.truths[""].junk) == ["paris_louvre_000004"]
    assert dataset.caveats == ("13 of 6392 photos are here", "6 of 55 queries are here")
    assert "without the 20 damaged photos" in dataset.protocol
    assert dataset.keeps_query


def test_twenty_photos_of_paris_are_damaged():
    home = methods.module("datasets", "paris6k")
    assert len(home.DAMAGED) == 20
    assert replicas.DAMAGED in home.DAMAGED


@pytest.mark.parametrize("name", [*BUILDINGS, *REVISITED])
def test_full_queries_have_no_box_and_are_marked(name, drawn):
    cropped, full = load(name, drawn[name], "queries=crop"), load(name, drawn[name], "queries=full")
    assert all(question.box is not None for question in cropped.questions)
    assert all(question.box is None for question in full.questions)
    assert full.caveats == (*cropped.caveats, "full queries, boxes ignored")
    assert "queries whole" in full.protocol
    assert "queries cropped" in cropped.protocol
    for one, other in zip(cropped.questions, full.questions, strict=True):
        assert (one.photo, one.name) == (other.photo, other.name)
        for protocol, truth in one.truths.items():
            np.testing.assert_array_equal(truth.positive, other.truths[protocol].positive)


@pytest.mark.parametrize("name", [*BUILDINGS, *REVISITED])
def test_another_way_of_asking_is_refused(name, drawn):
    with pytest.raises(BadSetting, match="'crop' or 'full'"):
        load(name, drawn[name], "queries=half")


@pytest.mark.parametrize("name", BUILDINGS)
@pytest.mark.parametrize("folder", ["jpg", "images", ""])
def test_photos_and_truth_are_found_in_the_usual_places(name, folder, root):
    before = load(name, root)
    held, truth = (
        root / ("paris" if name == "paris6k" else "oxbuild_images"),
        next(root.glob("*_*/*.txt")).parent,
    )
    for path in sorted(held.rglob("*.jpg")):
        (root / folder).mkdir(exist_ok=True)
        path.rename(root / folder / path.name)
    shutil.rmtree(held)
    for path in truth.glob("*.txt"):
        path.rename(root / path.name)
    after = load(name, root)
    assert named(after, after.database) == named(before, before.database)
    assert after.photos[0] == f"{folder}/{named(after, [0])[0]}.jpg".lstrip("/")
    assert len(after.questions) == len(before.questions)


@pytest.mark.parametrize("name", BUILDINGS)
def test_other_line_ends_marks_and_suffixes_read_the_same(name, root):
    before = load(name, root)
    for path in root.glob("*_*/*.txt"):
        path.write_bytes(codecs.BOM_UTF8 + b"  " + path.read_bytes().replace(b"\n", b"  \r\n") + b"\r\n")
    for path in sorted(root.rglob("*.jpg"))[::2]:
        path.rename(path.with_suffix(".JPG"))
    after = load(name, root)
    for one, other in zip(before.questions, after.questions, strict=True):
        assert (one.photo, one.box, one.name) == (other.photo, other.box, other.name)

        np.testing.assert_array_equal(one.truths[""].positive, other.truths[""].positive)
        np.testing.assert_array_equal(one.truths[""].junk, other.truths[""].junk)


def rewrite(root, kind, text):
    """The file of one kind of the first query."""
    path = sorted(root.glob(f"*_*/*_{kind}.txt"))[0]
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("query", "", "one line"),
        ("query", "oxc1_all_souls_000013 1 2 3\n", "one line"),
        ("query", "oxc1_all_souls_000013 1 2 3 4 5\n", "one line"),
        ("query", "oxc1_all_souls_000013 1 2 3 4\noxc1_all_souls_000014 1 2 3 4\n", "one line"),
        ("query", "oxc1_all_souls_000013 1 2 three 4\n", "four numbers"),
        ("query", "oxc1_all_souls_000013 1 2 1 4\n", "no width"),
        ("query", "oxc1_all_souls_000013 1 4 3 2\n", "no height"),
        ("query", "oxc1_all_souls_000013 1 2 inf 4\n", "no width"),
        ("query", "oxc1_all_souls_000013 nan 2 3 4\n", "no width"),
        ("query", "oxc1_../../secret 1 2 3 4\n", "no name of a photo"),
        ("good", "../all_souls_000013\n", "no name of a photo"),
        ("ok", "/etc/passwd\n", "no name of a photo"),
        ("ok", "C:\\photo\n", "no name of a photo"),
        ("good", "all souls\n", "no name of a photo"),
        ("junk", "all_souls_000013.jpg\n", "no name of a photo"),
        ("junk", "all_souls_000013\n", "right, and that it is junk"),
        ("good", b"\xff\xfe\x00", "is no text"),
    ],
)
@pytest.mark.parametrize("name", ["oxford5k"])
def test_broken_files_of_truth_are_errors(name, kind, text, told, root):
    rewrite(root, kind, text)
    with pytest.raises(BadData, match=told):
        load(name, root)


@pytest.mark.parametrize("name", BUILDINGS)
@pytest.mark.parametrize("kind", ["good", "ok", "junk"])
def test_a_missing_list_is_an_error_that_names_it(name, kind, root):
    gone = sorted(root.glob(f"*_*/*_{kind}.txt"))[0]
    gone.unlink()
    with pytest.raises(DataMissing, match=f"{gone.name}.*`resight data {name}`"):
        load(name, root)


@pytest.mark.parametrize("name", BUILDINGS)
def test_a_query_that_has_nothing_to_find_is_an_error(name, root):
    rewrite(root, "ok", "")
    assert load(name, root).questions
    rewrite(root, "good", b"\xef\xbb\xbf\r\n")
    with pytest.raises(BadData, match=r"_1 in .* has nothing to find: its lists good and ok are both empty"):
        load(name, root)


@pytest.mark.parametrize("name", BUILDINGS)
def test_lists_without_their_query_are_an_error_and_hidden_files_are_none(name, root):
    query = sorted(root.glob("*_*/*_query.txt"))[0]
    hidden = query.with_name(f"._{query.name}")
    hidden.write_bytes(b"\x00\x05\x16\x07\xff")
    assert len(load(name, root).questions) == 6
    query.unlink()
    with pytest.raises(DataMissing, match=f"no file .*{query.name}"):
        load(name, root)


@pytest.mark.parametrize("name", ["oxford5k"])
def test_a_folder_in_the_place_of_a_list_is_an_error(name, root):
    gone = sorted(root.glob("*_*/*_junk.txt"))[0]
    gone.unlink()
    gone.mkdir()
    with pytest.raises(BadData, match=rf"{gone.name} cannot be read: Is a directory\."):
        load(name, root)


@pytest.mark.parametrize("name", BUILDINGS)
@pytest.mark.parametrize("view", range(4))
def test_a_photo_that_the_truth_names_must_be_there(name, view, root):
    """Query, good, ok or junk; a photo that is in no list may be missing, which is marked."""
    landmark, first = next(iter((replicas.OXFORD if name == "oxford5k" else replicas.PARIS).items()))
    gone = next(root.rglob(f"*{landmark}_{first + view:06d}.jpg"))
    gone.unlink()
    with pytest.raises(DataMissing, match=f"1 photos that the truth of {name} names.*{gone.stem}"):
        load(name, root)


@pytest.mark.parametrize("name", BUILDINGS)
def test_a_photo_that_nothing_names_may_be_missing_and_is_counted(name, root):
    before = len(load(name, root).photos)
    next(path for stem in ("oxford_*", "*general_*") for path in root.rglob(f"{stem}.jpg")).unlink()
    assert f"{before - 1} of " in marks(load(name, root))


@pytest.mark.parametrize("name", BUILDINGS)
def test_two_photos_of_one_name_are_an_error(name, root):
    path = sorted(root.rglob("*_000*.jpg"))[0]
    (path.parent / "again").mkdir()
    shutil.copy(path, path.parent / "again" / f"{path.stem}.JPG")
    with pytest.raises(BadData, match=f"Two photos .* are called {path.stem}"):
        load(name, root)


@pytest.mark.parametrize(
    ("found", "published", "told"),
    [(5062, (5062, 5063), ()), (5063, (5062, 5063), ()), (9, (5062, 5063), ("9 of 5063 photos are here",))],
)
def test_a_whole_set_has_no_mark(found, published, told):
    assert partial("photos", found, *published) == told


@pytest.mark.parametrize(
    ("found", "told"),
    [(900, ()), (1100, ()), (899, ("899 of about 1000 photos are here",)),
     (1101, ("1101 of about 1000 photos are here",))],
)  # fmt: skip
def test_a_round_number_may_be_off_by_a_tenth(found, told):
    assert partial("photos", found, 1000, rounded=True) == told


# ROxford and RParis


@pytest.mark.parametrize("name", REVISITED)
def test_revisited_sets_have_three_protocols_and_queries_apart(name, drawn):
    dataset = load(name, drawn[name])
    four = [path.rpartition("/")[2] for path in dataset.photos]
    np.testing.assert_array_equal(dataset.database, np.arange(12))
    assert [question.photo for question in dataset.questions] == [12, 13, 14]
    assert len(four) == 15
    assert not dataset.keeps_query
    assert dataset.measures == ("map-trapezoid", "mp@1", "mp@5", "mp@10")
    first, _, last = dataset.questions
    assert first.box == Box(12.5, 9.1, 72.0, 63.7 - 9.1)
    assert first.name == four[12].removesuffix(".jpg")
    assert told(first) == {"easy": ([0], [1, 2]), "medium": ([0, 1], [2]), "hard": ([1], [0, 2])}
    assert told(last) == {"easy": ([], [6, 7, 8]), "medium": ([6, 7], [8]), "hard": ([6, 7], [8])}
    published = {"roxford5k": 4993, "rparis6k": 6322}[name]
    assert dataset.caveats == (f"12 of {published} photos are here", "3 of 70 queries are here")
    assert "not among the photos searched" in dataset.protocol


def told(question):
    return {key: (truth.positive.tolist(), truth.junk.tolist()) for key, truth in question.truths.items()}


def change(root, **changes):
    """The pickle with other content; a function changes the truth of the first query."""
    path = next(root.glob("gnd_*.pkl"))
    content = pickle.loads(path.read_bytes())
    for key, value in changes.items():
        if callable(value):
            value(content[key])
        else:
            content[key] = value
    path.write_bytes(pickle.dumps(content, 2))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"imlist": None}, "lists imlist, qimlist and gnd"),
        ({"gnd": {}}, "lists imlist, qimlist and gnd"),
        ({"gnd": []}, "3 queries, but the truth of 0"),
        ({"imlist": lambda names: names.append(7)}, "'7' is no name"),
        ({"imlist": lambda names: names.append("../secret")}, "no name of a photo"),
        ({"qimlist": lambda names: names.__setitem__(0, "a/b")}, "no name of a photo"),
        ({"imlist": lambda names: names.append(names[0])}, "names a photo twice"),
        ({"qimlist": lambda names: names.__setitem__(0, "other_000000")}, "a query is not among"),
        ({"gnd": lambda truth: truth[0].pop("hard")}, "bbx, easy, hard and junk"),
        ({"gnd": lambda truth: truth.__setitem__(0, [])}, "bbx, easy, hard and junk"),
        ({"gnd": lambda truth: truth[0].update(easy=[12])}, "numbers from 0"),
        ({"gnd": lambda truth: truth[0].update(junk=np.array([-1]))}, "numbers from 0"),
        ({"gnd": lambda truth: truth[0].update(easy=[0.5])}, "whole numbers"),
        ({"gnd": lambda truth: truth[0].update(easy=np.array([True]))}, "whole numbers"),
        ({"gnd": lambda truth: truth[0].update(easy="all")}, "whole numbers"),
        ({"gnd": lambda truth: truth[0].update(easy=[[1], [2]])}, "whole numbers"),
        ({"gnd": lambda truth: truth[0].update(easy=[[1], [2, 3]])}, "whole numbers"),
        ({"gnd": lambda truth: truth[0].update(junk=[0])}, "named twice among easy, hard and junk"),
        ({"gnd": lambda truth: truth[0].update(easy=[], hard=np.empty(0))}, "nothing to find, neither easy"),
        ({"gnd": lambda truth: truth[0].update(bbx=[1, 2, 3])}, "four numbers"),
        ({"gnd": lambda truth: truth[0].update(bbx=None)}, "four numbers"),
        ({"gnd": lambda truth: truth[0].update(bbx=np.array([5, 5, 5, 9]))}, "no width"),
        ({"gnd": lambda truth: truth[0].update(bbx=[1, 2, float("nan"), 4])}, "no width"),
    ],
)
@pytest.mark.parametrize("name", ["roxford5k"])
def test_broken_pickles_of_truth_are_errors(name, changes, told, root):
    change(root, **changes)
    for queries in ("crop", "full"):
        with pytest.raises(BadData, match=told):
            load(name, root, f"queries={queries}")


@pytest.mark.parametrize("name", ["rparis6k"])
def test_lists_tuples_and_numbers_of_numpy_are_read_alike(name, root):
    before = load(name, root)

    def retype(truths):
        for each in truths:
            each.update(easy=list(map(int, each["easy"])), hard=tuple(map(np.int32, each["hard"])))
            each.update(bbx=np.array(each["bbx"]))

    change(root, gnd=retype)

    after = load(name, root)
    for one, other in zip(before.questions, after.questions, strict=True):
        assert one.box == other.box
        for protocol in one.truths:
            np.testing.assert_array_equal(one.truths[protocol].positive, other.truths[protocol].positive)


@pytest.mark.parametrize("name", REVISITED)
def test_no_code_in_a_pickle_runs(name, root):
    class Code:
        def __reduce__(self):
            return exec, (f"open({str(root / 'ran')!r}, 'w')",)

    change(root, more=Code())
    with pytest.raises(BadData, match=r"builtin\w*\.exec"):
        load(name, root)
    assert not (root / "ran").exists()


@pytest.mark.parametrize("name", REVISITED)
def test_a_photo_of_a_revisited_set_may_be_missing_only_if_nothing_names_it(name, root):
    before = load(name, root)
    (root / "jpg" / "other_000000.jpg").unlink()
    change(root, imlist=lambda names: names.insert(0, names.pop(-3)), gnd=shifted)
    after = load(name, root)
    assert_sound(after)
    assert "11 of " in marks(after)
    for one, other in zip(before.questions, after.questions, strict=True):
        assert named(before, [one.photo]) == named(after, [other.photo])
        for protocol, truth in one.truths.items():
            assert named(before, truth.positive) == named(after, other.truths[protocol].positive)
            assert named(before, truth.junk) == named(after, other.truths[protocol].junk)
    for number in (before.questions[0].photo, before.questions[0].truths["hard"].positive[0]):
        path = root / before.photos[number]
        path.rename(root / "away")
        with pytest.raises(DataMissing, match=path.stem):
            load(name, root)
        (root / "away").rename(path)


def shifted(truths):
    """A photo was put before all others."""
    for each in truths:
        each.update({kind: each[kind] + 1 for kind in ("easy", "hard", "junk")})


@pytest.mark.parametrize("name", REVISITED)
def test_a_pickle_that_is_none_is_an_error(name, root, monkeypatch):
    next(root.glob("gnd_*.pkl")).write_bytes(b"<html>404</html>")
    with pytest.raises(BadData, match="damaged, or no pickle"):
        load(name, root)
    next(root.glob("gnd_*.pkl")).write_bytes(b"\x80\x02" + bytes(_pickles.LARGEST))
    with pytest.raises(BadData, match="more than 8 MiB"):
        load(name, root)
    next(root.glob("gnd_*.pkl")).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(type(root), "is_file", lambda self: True)
        (root / f"gnd_{name}.pkl").mkdir()
        with pytest.raises(BadData, match="cannot be read: Is a directory"):
            load(name, root)
    (root / f"gnd_{name}.pkl").rmdir()
    with pytest.raises(DataMissing, match=rf"gnd_{name}\.pkl"):
        load(name, root)


# A million distractors


@pytest.mark.parametrize("name", ["revisitop1m"])
def test_distractors_come_in_the_order_of_their_list_and_ask_nothing(name, root):
    dataset = load(name, root)
    assert dataset.photos == tuple(f"jpg/{n % 2}a/{n:08x}.jpg" for n in range(6))
    assert dataset.questions == ()
    assert dataset.measures == ()
    assert dataset.caveats == ("6 of 1001001 photos are here",)
    lists = (root / "revisitop1m.txt").read_text().splitlines()
    (root / "revisitop1m.txt").unlink()
    (root / "imlist.txt").write_bytes(codecs.BOM_UTF8 + "\r\n".join(reversed(lists)).encode())
    assert load(name, root).photos == tuple(reversed(dataset.photos))
    (root / "imlist.txt").unlink()
    assert load(name, root).photos == tuple(sorted(dataset.photos))
    for path in (root / "jpg").iterdir():
        path.rename(root / path.name)
    (root / "jpg").rmdir()
    assert load(name, root).photos == tuple(sorted(path.removeprefix("jpg/") for path in dataset.photos))


@pytest.mark.parametrize("name", ["revisitop1m"])
def test_distractors_that_are_listed_and_missing_are_counted(name, root):
    (root / "jpg/0a/00000002.jpg").unlink()
    dataset = load(name, root)
    assert len(dataset.photos) == 5
    assert dataset.caveats == (
        "5 of the 6 photos that revisitop1m.txt names are here",
        "5 of 1001001 photos are here",
    )
    shutil.rmtree(root / "jpg")
    with pytest.raises(DataMissing, match=r"None of the photos that .*revisitop1m\.txt names"):
        load(name, root)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("../secret.jpg", "leads out"), ("0a/../../secret.jpg", "leads out"), ("/etc/passwd", "leads out"),
        ("..\\secret.jpg", "leads out"), ("C:secret.jpg", "leads out"), ("0a/00000000.jpg", "twice"),
        ("./0a//00000000.jpg", "twice"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["revisitop1m"])
def test_broken_lists_of_distractors_are_errors(name, line, told, root):
    with (root / "revisitop1m.txt").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(BadData, match=told):
        load(name, root)


# Holidays


def test_holidays_has_groups_queries_and_turns(drawn):
    dataset = load("holidays", drawn["holidays"])
    assert named(dataset, dataset.database) == [
        "100000", "100001", "100002", "100100", "100101", "100600", "100601",
    ]  # fmt: skip
    assert dataset.labels == ("1000",) * 3 + ("1001",) * 2 + ("1006",) * 2
    assert [(q.name, q.photo, q.box) for q in dataset.questions] == [
        ("100000", 0, None), ("100100", 3, None), ("100600", 5, None),
    ]  # fmt: skip
    assert [q.truths[""].positive.tolist() for q in dataset.questions] == [[1, 2], [4], [6]]
    assert all(not len(q.truths[""].junk) for q in dataset.questions)
    assert not dataset.keeps_query
    assert dataset.measures == ("map-trapezoid",)
    assert dataset.turns == {"jpg/100600.jpg": 90}
    assert dataset.caveats == ("7 of 1491 photos are here", "3 of 500 queries are here")
    assert "removed from its ranking" in dataset.protocol
    assert "turned upright" in dataset.protocol


def test_turning_a_photo_of_holidays_as_it_says_makes_it_upright(drawn):
    dataset = load("holidays", drawn["holidays"])
    upright = []
    for path in ("jpg/100600.jpg", "jpg/100601.jpg"):
        with Image.open(dataset.root / path) as image:
            degrees = -dataset.turns.get(path, 0)  # Pillow turns the other way
            upright.append(image.rotate(degrees, expand=True))

    one, other = (np.asarray(image, float) for image in upright)
    assert one.shape == other.shape == (*replicas.SIZE[::-1], 3)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.5


def test_holidays_as_they_are_have_no_turns_and_the_protocol_says_so(drawn):
    turned, plain = (load("holidays", drawn["holidays"], f"turned={turn}") for turn in ("true", "false"))
    assert not plain.turns
    assert "as they are, not turned upright" in plain.protocol
    assert plain.caveats == turned.caveats
    assert plain.photos == turned.photos


def test_the_list_of_turns_is_that_of_holidays():
    turns = methods.module("datasets", "holidays")._upright()
    assert len(turns) == 228
    assert Counter(turns.values()) == {90: 200, 270: 27, 180: 1}

    assert all(methods.module("datasets", "holidays").NUMBER.fullmatch(name) for name in turns)


@pytest.mark.parametrize("name", ["holidays"])
def test_holidays_may_lie_in_two_folders_or_in_the_root(name, root):
    before = load(name, root)
    (root / "jpg2").mkdir()
    (root / "jpg").rename(root / "jpg1")
    for path in sorted((root / "jpg1").iterdir())[3:]:
        path.rename(root / "jpg2" / path.with_suffix(".JPG").name)
    after = load(name, root)
    assert after.photos[0] == "jpg1/100000.jpg"
    assert after.turns == {"jpg2/100600.JPG": 90}
    assert after.labels == before.labels
    for path in (*(root / "jpg1").iterdir(), *(root / "jpg2").iterdir()):
        path.rename(root / path.name)
    assert load(name, root).turns == {"100600.JPG": 90}
    assert len(load(name, root).questions) == 3


@pytest.mark.parametrize("name", ["holidays"])
def test_what_is_missing_of_holidays_is_said(name, root):
    (root / "jpg/100000.jpg").unlink()
    (root / "jpg/100101.jpg").unlink()
    dataset = load(name, root)
    assert_sound(dataset)
    assert [question.name for question in dataset.questions] == ["100100", "100600"]
    assert not len(dataset.questions[0].truths[""].positive)
    assert dataset.caveats == (
        "5 of 1491 photos are here",
        "2 of 500 queries are here",
        "1 queries whose other photos are not here: 100100",
        "1 groups whose query is not here: 100000",
    )


@pytest.mark.parametrize("stranger", ["cover.jpg", "99900.jpg", "1000000.jpg", "150000.jpg", "１000００.jpg"])
@pytest.mark.parametrize("name", ["holidays"])
def test_a_photo_that_is_none_of_holidays_is_an_error(name, stranger, root):
    replicas.photo(root / "jpg" / stranger, 1)
    with pytest.raises(BadData, match="is no photo of Holidays"):
        load(name, root)
