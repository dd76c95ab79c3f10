"""Folders and CSVs of one's own, trademarks, landmarks and the rest: as they are, and as they go wrong."""

import os
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from resight import methods
from resight.dataset import Dataset
from resight.datasets import _listing, open_dataset
from resight.errors import BadData, BadQuery, BadSetting, DataMissing, UnknownMethod
from support import replicas_others as replicas

OURS = [
    "folder", "google-landmarks-v1", "google-landmarks-v2-clean", "metu", "mirflickr25k", "mpeg-cdvs", "npu",
]  # fmt: skip


def opened(name, root) -> Dataset:
    return methods.find("datasets", name)(root)


def right(data: Dataset) -> dict[str, set[str]]:
    """What each question should find, in paths."""
    return {q.name: {data.photos[i] for i in q.truths[""].positive} for q in data.questions}


def by_loops(data: Dataset) -> dict[str, set[str]]:
    """Leave-one-out, straight from the labels."""
    found = {}
    for i, label in enumerate(data.labels):
        others = {
            data.photos[j]
            for j in data.database
            if j != i and label != "" and data.labels[j] == label
        }  # fmt: skip
        if others:
            found[data.photos[i]] = others
    return found


@pytest.mark.parametrize("name", OURS)
def test_every_replica_opens_and_its_numbers_agree(name, tmp_path):
    data = opened(name, getattr(replicas, name.replace("-", "_"))(tmp_path / "set"))
    assert len(set(data.photos)) == len(data.photos) > 0
    assert all((data.root / photo).is_file() for photo in data.photos)
    assert data.database.dtype == np.int64
    assert set(data.database) <= set(range(len(data.photos)))
    assert not data.keeps_query
    assert data.labels is None or len(data.labels) == len(data.photos)
    for question in data.questions:
        truth = question.truths[""]
        assert list(question.truths) == [""]
        assert len(truth.positive) > 0
        assert question.photo not in truth.positive
        assert set(truth.positive) <= set(data.database)
        assert len(truth.junk) == 0
    if data.labels:
        assert right(data) == by_loops(data)


@pytest.mark.parametrize("name", OURS)
def test_every_set_says_what_it_needs(name):
    module = methods.module("datasets", name)
    assert len(module.ABOUT) > 30
    assert module.ABOUT.endswith(".")
    for source in module.NEEDED:
        assert source.file
        assert source.url.startswith("https://") or not source.url
        assert source.note


# Folders


def test_subfolders_are_instances_and_the_rest_shows_none(tmp_path):
    data = opened("folder", replicas.folder(tmp_path / "mine"))
    assert (data.name, data.measures) == ("mine", ("map", "r@1", "map-trapezoid"))
    assert data.photos == tuple(sorted(data.photos))
    assert len(data.questions) == 12
    assert right(data)["thing0/more/2.png"] == {"thing0/0.png", "thing0/1.png"}
    labels = dict(zip(data.photos, data.labels, strict=True))
    assert labels["loose.jpg"] == labels["distractors/0.png"] == ""
    assert len(data.database) == len(data.photos) == 16


def test_a_folder_passes_over_what_is_hidden_and_ends_at_loops_of_links(tmp_path):
    root = replicas.folder(tmp_path / "mine", instances=1)
    replicas.cut(root / ".resight" / "x.png", 0, 0)
    replicas.cut(root / "thing0" / ".hidden.png", 0, 0)
    (root / "thing0" / "notes.txt").write_text("no photo")
    (root / "thing0" / "loop").symlink_to(root)
    outside = replicas.folder(tmp_path / "other", instances=1)
    (root / "linked").symlink_to(outside / "thing0")
    data = opened("folder", root)
    assert [p for p in data.photos if p.startswith("thing0")] == [
        f"thing0/{n}.png" for n in ("0", "1", "more/2")
    ]
    assert sum(p.startswith("linked/") for p in data.photos) == 3


@pytest.mark.parametrize("backwards", [False, True])
def test_what_links_lead_to_is_named_alike_whatever_the_file_system_lists_first(
    tmp_path, monkeypatch, backwards
):
    @contextmanager
    def scandir(path):
        with listed(path) as entries:
            yield sorted(entries, key=lambda entry: entry.name, reverse=backwards)

    listed = os.scandir
    monkeypatch.setattr("resight.images.folder.os.scandir", scandir)
    root, outside = replicas.folder(tmp_path / "mine", instances=2), tmp_path / "other"
    replicas.folder(outside, instances=1)
    for link, end in (("a/y", root / "thing1"), ("b", root / "thing1"), ("d", outside), ("c", outside)):
        (root / link).parent.mkdir(exist_ok=True)
        (root / link).symlink_to(end)
    (root / "round").symlink_to("round")
    found = _listing.photos_under(root)
    assert {path.partition("/")[0] for path in found} == {"c", "distractors", "loose.jpg", "thing0", "thing1"}
    assert sum(path.startswith("thing1/") for path in found) == 3


def test_a_folder_without_a_pair_says_how_to_make_one(tmp_path):
    with pytest.raises(DataMissing, match="no photos in"):
        opened("folder", tmp_path)
    replicas.cut(tmp_path / "a" / "1.png", 1, 0)
    with pytest.raises(BadData, match="make a sub-folder for each instance"):
        opened("folder", tmp_path)
    with pytest.raises(DataMissing, match="no folder or CSV"):
        opened("folder", tmp_path / "none")


# CSVs


def photos(root, *names):
    for name in names:
        replicas.cut(root / name, 1, 0)


def csv_of(root, header, *rows):
    path = root / "groundtruth.csv"
    path.write_text("\n".join([header, *rows, ""]))
    return path


def test_roles_and_boxes_of_a_csv(tmp_path):
    root = replicas.table(tmp_path / "shop")
    data = opened("folder", root)
    assert data.name == "shop"
    assert "role" in data.protocol
    ranked = {data.photos[i] for i in data.database}
    assert ranked == {f"photos/{i}{s}.png" for i in range(3) for s in range(2)} | {"photos/no.png"}
    assert [q.name for q in data.questions] == [f"photos/q{i}.png 4,2.5,50,40" for i in range(3)]
    assert data.questions[0].box.as_list() == [4, 2.5, 50, 40]
    assert right(data)["photos/q1.png 4,2.5,50,40"] == {"photos/10.png", "photos/11.png"}
    alone = opened("folder", root / "groundtruth.csv")
    assert (alone.name, alone.photos, right(alone)) == (data.name, data.photos, right(data))
    (root / "other.csv").write_bytes((root / "groundtruth.csv").read_bytes())
    assert methods.find("datasets", "folder:truth=other.csv")(root).photos == data.photos
    assert opened("folder", root / "other.csv").name == "other"


def test_a_photo_may_have_several_boxes_and_instances(tmp_path):
    photos(tmp_path, "a.png", "b.png", "c.png")
    csv_of(
        tmp_path, "instance,path,x,y,w,h",
        "cup,a.png,0,0,10,10", "cup,a.png,20,0,10,10", "jug,a.png,,,,", "cup,b.png,,,,", "jug,./c.png,,,,",
    )  # fmt: skip
    data = opened("folder", tmp_path)
    assert data.photos == ("a.png", "b.png", "c.png")
    assert data.labels is None
    asked = [(q.name, sorted(q.truths[""].positive)) for q in data.questions]
    assert asked == [
        ("a.png 0,0,10,10", [1]), ("a.png 20,0,10,10", [1]), ("a.png", [2]), ("b.png", [0]), ("c.png", [0]),
    ]  # fmt: skip


def test_a_row_without_an_instance_is_ranked_and_asks_nothing(tmp_path):
    photos(tmp_path, "a.png", "b.png", "c.png")
    csv_of(tmp_path, "path,instance", "a.png,x", "b.png,x", "c.png,")
    data = opened("folder", tmp_path)
    assert (list(data.database), len(data.questions), data.labels) == ([0, 1, 2], 2, ("x", "x", ""))
    assert "leave-one-out" in data.protocol


def test_a_query_with_nothing_to_find_is_left_out_and_marked(tmp_path):
    photos(tmp_path, "a.png", "b.png", "c.png")
    csv_of(tmp_path, "path,instance,role", "a.png,x,query", "b.png,x,database", "c.png,y,query")
    data = opened("folder", tmp_path)
    assert [q.name for q in data.questions] == ["a.png"]
    assert data.caveats == ("1 queries have nothing to find and are left out",)


WRONG = [
    ("path,name", ["a.png,x"], "line 1: there is no column 'instance'"),
    ("path,instance,x,y,w,h", ["a.png,x,1,2,3,", "b.png,x,,,,"], "line 2: x, y, w, h are four numbers"),
    ("path,instance,x,y,w,h", ["b.png,x,,,,", "a.png,x,1,2,0,4"], "line 3: a box needs w and h above zero"),
    ("path,instance,x,y,w,h", ["a.png,x,1,2,nan,4"], "line 2: a box needs"),
    ("path,instance,x,y,w,h", ["a.png,x,1,two,3,4"], "line 2: x, y, w, h .* not '1,two,3,4'"),
    ("path,instance,path", ["a.png,x,b.png", "b.png,x,a.png"], "line 1: two columns are called 'path'"),
    ("path,instance,role,role", ["a.png,x,,query", "b.png,x,,"], "line 1: two columns are called 'role'"),
    ("path,instance,Role", ["a.png,x,query", "b.png,x,"], "line 1: the column 'Role' must be written 'role'"),
    ("path,instance", ['a.png,"x', "b.png,x"], "line 2: unexpected end of data; close its quotation"),
    ("path,instance", ['a.png,"x', 'b.png,x"', "b.png,x"], "line 3: a cell has several lines"),
    ("path,instance", ["a.png,x", "../a.png,x"], "line 3: '../a.png' leads out"),
    ("path,instance", ["b/../../a.png,x"], "line 2: .* leads out"),
    ("path,instance", ["/etc/a.png,x"], "line 2: '/etc/a.png' leads out"),
    ("path,instance,role", ["a.png,,query"], "line 2: a query must name the instance"),
    ("path,instance,role", ["a.png,x,querry"], "line 2: a role is .* not 'querry'"),
    ("path,instance,role", ["a.png,x,distractor"], "line 2: a distractor shows no instance"),
    ("path,instance,role", ["a.png,x,query", "b.png,x,", "a.png,y,"], "line 4: .* not ranked, in one row"),
    ("path,instance,role", ["a.png,x,", "b.png,x,", "a.png,,distractor"], "line 4: 'a.png' shows"),
    ("path,instance,role", ["a.png,,distractor", "b.png,x,", "./a.png,x,"], "line 4: .* in another"),
    ("path,instance", ["a.png,x", "b.png,x", "a.png,x"], "line 4: it says the same as line 2"),
    ("path,instance", [",x"], "line 2: the path is empty"),
    ("path,instance", ["a.png"], "line 2: 1 cells, but the header has 2"),
    ("path,instance", ["a.png,x", "b.png,y"], "asks nothing"),
    ("path,instance,role", ["a.png,x,database", "b.png,x,database"], "asks nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "lines", "told"), WRONG, ids=[each[2] for each in WRONG])
def test_a_csv_that_is_wrong_is_refused_with_its_line(tmp_path, header, lines, told):
    photos(tmp_path, "a.png", "b.png")
    csv_of(tmp_path, header, *lines)
    with pytest.raises(BadData, match=told):
        opened("folder", tmp_path)


def test_photos_that_are_not_there_are_counted(tmp_path):
    photos(tmp_path, "a.png")
    csv_of(tmp_path, "path,instance", "a.png,x", "b.png,x", "no/c.png,x")
    with pytest.raises(DataMissing, match=r"2 of the 3 photos .* the first being 'b.png'"):
        opened("folder", tmp_path)
    with pytest.raises(DataMissing, match=r"no file .*other\.csv"):
        methods.find("datasets", "folder:truth=other.csv")(tmp_path)


def test_a_truth_that_cannot_be_read_is_an_error_and_never_passed_over(tmp_path):
    root = replicas.folder(tmp_path / "mine")
    for truth, told in (("thing0", "Is a directory"), ("loose.jpg/truth.csv", "Not a directory")):
        with pytest.raises(BadData, match=rf"{truth} cannot be read: {told}\."):
            methods.find("datasets", f"folder:truth={truth}")(root)
    (root / "groundtruth.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(DataMissing, match=r"no file .*groundtruth\.csv"):
        opened("folder", root)
    (root / "groundtruth.csv").unlink()
    (root / "groundtruth.csv").symlink_to("groundtruth.csv")
    with pytest.raises(BadData, match=r"groundtruth\.csv cannot be read"):
        opened("folder", root)


def test_a_cell_may_be_long(tmp_path):
    ids = [replicas.photo_id(str(number)) for number in range(9000)]
    replicas.cut(tmp_path / f"{ids[-1]}.jpg", 0, 0)
    replicas.write_csv(tmp_path / "train_clean.csv", "landmark_id,images", [[1, " ".join(ids)]])
    data = opened("google-landmarks-v2-clean", tmp_path)
    assert "1 of 9000 photos of train_clean.csv are here" in data.caveats


def test_a_csv_in_another_encoding_or_empty_is_refused(tmp_path):
    (tmp_path / "groundtruth.csv").write_bytes("path,instance\n\xe9.png,x\n".encode("latin1"))
    with pytest.raises(BadData, match="UTF-8"):
        opened("folder", tmp_path)
    (tmp_path / "groundtruth.csv").write_bytes(b"")
    with pytest.raises(BadData, match="line 1"):
        opened("folder", tmp_path)


def test_a_spreadsheets_mark_and_quoted_line_ends_do_no_harm(tmp_path):
    photos(tmp_path, "a.png", "b,c.png")
    (tmp_path / "groundtruth.csv").write_bytes(
        b'\xef\xbb\xbfpath,instance,note\r\na.png,x,"two\nlines"\r\n\r\n"b,c.png",x,\r\n'
    )
    assert opened("folder", tmp_path).photos == ("a.png", "b,c.png")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_are_separated_as_spreadsheets_do_it(tmp_path, separator, ends, mark):
    photos(tmp_path, "a;1.png", "b.png")
    lines = ["path,instance,x,y,w,h,role", "'a;1.png',x,1,2,3.5,4,query", "b.png,x,,,,,database", ""]
    text = ends.join(lines).replace(",", separator).replace("'", '"')
    (tmp_path / "groundtruth.csv").write_bytes(mark + text.encode())
    data = opened("folder", tmp_path)
    assert data.photos == ("a;1.png", "b.png")
    assert right(data) == {"a;1.png 1,2,3.5,4": {"b.png"}}


def test_a_header_that_commas_separate_is_never_read_otherwise(tmp_path):
    photos(tmp_path, "a.png", "b.png")
    csv_of(tmp_path, "path,instance,a;b", "a.png,x;y,1", "b.png,x;y,2")
    assert opened("folder", tmp_path).labels == ("x;y", "x;y")
    (tmp_path / "groundtruth.csv").write_text("file;instance\na.png;x\nb.png;x\n")
    with pytest.raises(BadData, match=r"no column 'path'; .* separated by commas, semicolons or tabs"):
        opened("folder", tmp_path)
    (tmp_path / "groundtruth.csv").write_text("path;instance;x;y;w;h\na.png;x;1,5;2;3;4\nb.png;x;;;;\n")
    with pytest.raises(BadData, match=r"four numbers, as 12\.5, or empty, not '1,5,2,3,4'"):
        opened("folder", tmp_path)


DECOMPOSED, COMPOSED = "cafe\u0301", "caf\u00e9"  # as macOS may hold a name, and as most keyboards write it


def test_names_of_a_csv_and_of_the_disk_are_compared_in_one_form(tmp_path):
    on_disk = [f"{DECOMPOSED}/{COMPOSED}.png", f"{DECOMPOSED}/b{DECOMPOSED}.png", "plain/c.png"]
    photos(tmp_path, *on_disk)
    csv_of(
        tmp_path, "path,instance", f"{COMPOSED}/{DECOMPOSED}.png,{COMPOSED}",
        f"./{DECOMPOSED}/b{COMPOSED}.png,{DECOMPOSED}", "plain/c.png,other",
    )  # fmt: skip
    data = opened("folder", tmp_path)
    assert data.photos == tuple(on_disk)
    assert data.labels == (COMPOSED, COMPOSED, "other")
    assert right(data) == {on_disk[0]: {on_disk[1]}, on_disk[1]: {on_disk[0]}}
    photos(tmp_path, f"{COMPOSED}/b{COMPOSED}.png")  # what is there as it is written is what is meant
    csv_of(tmp_path, "path,instance", f"{COMPOSED}/b{COMPOSED}.png,x", f"{DECOMPOSED}/b{COMPOSED}.png,x")
    assert opened("folder", tmp_path).photos == (
        f"{COMPOSED}/b{COMPOSED}.png",
        f"{DECOMPOSED}/b{DECOMPOSED}.png",
    )


def test_one_photo_in_two_spellings_is_one_photo(tmp_path):
    photos(tmp_path, f"{DECOMPOSED}.png", "a/b.png")
    csv_of(tmp_path, "path,instance", f"{COMPOSED}.png,x", f"{DECOMPOSED}.png,y", "a\\b.png,x", "a/b.png,y")
    assert opened("folder", tmp_path).photos == (f"{DECOMPOSED}.png", "a/b.png")
    csv_of(tmp_path, "path,instance", f"{COMPOSED}.png,x", f"{DECOMPOSED}.png,x", "a/b.png,x")
    with pytest.raises(BadData, match="line 3: it says the same as line 2"):
        opened("folder", tmp_path)


def test_sub_folders_whose_names_look_alike_are_one_instance(tmp_path):
    photos(tmp_path, f"{DECOMPOSED}/1.png", f"{COMPOSED}/2.png", "other/3.png")
    assert set(opened("folder", tmp_path).labels) == {COMPOSED, "other"}


def test_paths_as_windows_writes_them_are_read(tmp_path):
    photos(tmp_path, "a/b/1.png", "a/2.png", "3.png", f"{DECOMPOSED}/4.png")
    rows = ["a\\b\\1.png,x", ".\\a\\2.png,x", ".\\3.png,x", f"a\\..\\{COMPOSED}\\4.png,x"]
    csv_of(tmp_path, "path,instance", *rows)
    assert opened("folder", tmp_path).photos == ("a/b/1.png", "a/2.png", "3.png", f"{DECOMPOSED}/4.png")
    photos(tmp_path, "a\\b\\1.png", "c:/5.png")  # such a name is a file's own here
    csv_of(tmp_path, "path,instance", *rows, "c:/5.png,x")
    assert opened("folder", tmp_path).photos[::4] == ("a\\b\\1.png", "c:/5.png")
    csv_of(tmp_path, "path,instance", *rows, "a\\gone.png,x")
    with pytest.raises(DataMissing, match=r"the first being 'a/gone\.png'"):
        opened("folder", tmp_path)


@pytest.mark.parametrize(
    "path",
    ["C:\\photos\\a.png", "C:a.png", "c:/photos/a.png", "..\\a.png", "b\\..\\..\\a.png", "\\etc\\a.png",
     "\\\\server\\share\\a.png", "d\u00e9/../../a.png"],
)  # fmt: skip
def test_a_path_of_windows_that_leads_out_names_the_form_that_is_wanted(path, tmp_path):
    photos(tmp_path / "set", "a.png", "b/c.png")
    photos(tmp_path, "a.png", "photos/a.png")
    csv_of(tmp_path / "set", "path,instance", "b/c.png,x", f"{path},x")
    with pytest.raises(
        BadData, match=r"line 3: '.*' leads out .* relative to it .* as a/b\.jpg or a\\b\.jpg\."
    ):
        opened("folder", tmp_path / "set")


@pytest.mark.parametrize(
    ("name", "count", "instances"),
    [("dvd_covers", 250, 50), ("groceries", 1138, 19), ("scenes", 95, 5), ("logos", 1728, 367)],
)
def test_the_real_sets_open(test_data, name, count, instances):
    data = opened("folder", test_data / name)
    assert (data.name, len(data.photos), len(set(data.labels))) == (name, count, instances)
    assert right(data) == by_loops(data)


# Trademarks


def test_metu_takes_the_group_from_the_end_of_a_querys_name(tmp_path):
    data = opened("metu", replicas.metu(tmp_path))
    assert data.measures == ("map@100", "nar")
    assert len(data.photos) == len(data.database) == 15
    assert right(data)["queries/000-01.jpg"] == {"queries/001-01.jpg", "queries/002-01.jpg"}
    assert data.caveats == (
        "METU has 417 queries in 35 groups and 923,343 trademarks; "
        "here are 9 queries in 3 groups and 15 trademarks",
    )
    (tmp_path / "pool").rename(tmp_path / "930k")
    with pytest.raises(DataMissing, match="pool: METU is read from a folder of queries"):
        opened("metu", tmp_path)
    assert len(methods.find("datasets", "metu:pool=930k")(tmp_path).photos) == 15
    for apart in ("queries=930k,pool=930k", "queries=.,pool=930k", "queries=queries,pool=."):
        with pytest.raises(BadSetting, match="two folders that lie apart"):
            methods.find("datasets", f"metu:{apart}")(tmp_path)
    replicas.cut(tmp_path / "queries" / "nothing.jpg", 1, 0)
    with pytest.raises(BadData, match=r"'queries/nothing\.jpg' names no group"):
        methods.find("datasets", "metu:pool=930k")(tmp_path)


def test_npu_is_a_folder_a_group_and_gives_the_pairs_within_groups(tmp_path):
    data = opened("npu", replicas.npu(tmp_path))
    assert data.caveats == ("NPU has 317 groups; here are 3", "9 of 3237 pairs within groups are here")
    module = methods.module("datasets", "npu")
    expected = {
        (i, j) for j in range(9) for i in range(j) if data.labels[i] == data.labels[j] != ""
    }  # fmt: skip
    found = [tuple(pair) for pair in module.pairs(data).tolist()]
    assert set(found) == expected
    assert len(found) == 9
    replicas.cut(tmp_path / "cover.jpg", 9, 0)
    loose = opened("npu", tmp_path)
    assert loose.caveats == (*data.caveats, "1 trademarks lie in no folder of a group, and are ranked")
    with pytest.raises(DataMissing, match="one for each group"):
        opened("npu", tmp_path / "none")
    with pytest.raises(BadData, match="No folder"):
        opened("npu", replicas.npu(tmp_path / "few", each=1))


# Landmarks


def test_landmarks_v1_count_what_is_not_on_the_disk(tmp_path):
    data = opened("google-landmarks-v1", replicas.google_landmarks_v1(tmp_path))
    assert data.caveats == (
        "3 of about 15000 landmarks are here",
        "10 of about 1200000 photos are here",
        "10 of 11 photos of train.csv are here",
    )
    assert len(data.questions) == 9
    assert data.labels.count("") == 1


@pytest.mark.parametrize("layout", ["{i}.jpg", "{a}/{b}/{c}/{i}.jpg", "train/{a}/{b}/{c}/{i}.jpg"])
def test_landmarks_are_found_in_each_layout(tmp_path, layout):
    ids = [replicas.photo_id(str(number)) for number in range(6)]
    for name in ids[:5]:
        replicas.cut(tmp_path / layout.format(a=name[0], b=name[1], c=name[2], i=name), 0, 0)
    replicas.write_csv(tmp_path / "train_clean.csv", "landmark_id,images", [[1, " ".join(ids)]])
    data = opened("google-landmarks-v2-clean", tmp_path)
    assert len(data.photos) == 5
    assert data.caveats[2:] == ("5 of 6 photos of train_clean.csv are here",)


def test_landmarks_can_be_limited_and_refuse_what_is_no_id(tmp_path):
    root = replicas.google_landmarks_v2_clean(tmp_path)
    assert opened("google-landmarks-v2-clean", root).caveats == (
        "3 of 81313 landmarks are here",
        "9 of 1580470 photos are here",
    )
    first = methods.find("datasets", "google-landmarks-v2-clean:limit=2")(root)
    assert set(first.labels) == {"9", "10"}
    assert first.caveats == ("the first 2 of 3 landmarks", "3 of 81313 landmarks are here")
    with pytest.raises(BadSetting, match="limit"):
        methods.find("datasets", "google-landmarks-v2-clean:limit=-1")(root)
    replicas.write_csv(root / "train_clean.csv", "landmark_id,images", [[1, "abc1 ../../etc"]])
    with pytest.raises(BadData, match=r"line 2: '../../etc' is no id"):
        opened("google-landmarks-v2-clean", root)
    replicas.write_csv(root / "train_clean.csv", "landmark_id,images", [[1, "abc1 abc2"]])
    with pytest.raises(DataMissing, match="None of the 2 photos"):
        opened("google-landmarks-v2-clean", root)


def test_a_photo_that_a_table_of_landmarks_names_twice_is_an_error(tmp_path):
    one = replicas.google_landmarks_v1(tmp_path / "one")
    rows = (one / "train.csv").read_text().splitlines()
    (one / "train.csv").write_text("\n".join([*rows, rows[1]]))
    with pytest.raises(BadData, match=r"train\.csv, line 13: '.*' was named before; leave one out"):
        opened("google-landmarks-v1", one)
    two = replicas.google_landmarks_v2_clean(tmp_path / "two")
    for table in ([[9, "abc1 abc2 abc1"]], [[9, "abc1 abc2"], [10, "abc1 abc3"]]):
        replicas.write_csv(two / "train_clean.csv", "landmark_id,images", table)
        with pytest.raises(BadData, match=rf"line {1 + len(table)}: 'abc1' was named before"):
            opened("google-landmarks-v2-clean", two)
    replicas.write_csv(two / "train_clean.csv", "landmark_id,images", [["", "abc1 abc2"]])
    with pytest.raises(BadData, match="line 2: the landmark_id is empty"):
        opened("google-landmarks-v2-clean", two)


def test_what_shows_no_landmark_is_not_counted_as_one(tmp_path):
    root = replicas.google_landmarks_v1(tmp_path)
    header, *rows = (root / "train.csv").read_text().splitlines()
    (root / "train.csv").write_text("\n".join([header, *reversed(rows)]))
    first = methods.find("datasets", "google-landmarks-v1:limit=2")(root)
    assert set(first.labels) == {"7000", "7002"}
    assert first.caveats[0] == "the first 2 of 3 landmarks"


# MIRFLICKR and CDVS


def test_mirflickr_asks_nothing_and_goes_by_number(tmp_path):
    data = opened("mirflickr25k", replicas.mirflickr25k(tmp_path))
    assert data.photos == tuple(f"mirflickr/im{number}.jpg" for number in range(1, 13))
    assert data.questions == ()
    assert data.caveats == ("12 of 25000 photos of MIRFLICKR are here",)
    with pytest.raises(DataMissing, match=r"neither mirflickr/im1\.jpg"):
        opened("mirflickr25k", tmp_path / "mirflickr" / "none")
    assert opened("mirflickr25k", tmp_path / "mirflickr").photos[0] == "im1.jpg"


def test_cdvs_reads_its_lists(tmp_path):
    data = opened("mpeg-cdvs", replicas.mpeg_cdvs(tmp_path))
    assert (len(data.questions), len(data.database), len(data.photos)) == (10, 24, 34)
    assert data.caveats == ("34 of about 35000 photos are here", "10 of 8313 queries are here")
    found = right(data)
    assert found["category_3/query/1.jpg"] == {f"category_3/reference/1_{s}.jpg" for s in range(2)}
    reduced = methods.find("datasets", "mpeg-cdvs:categories=1b+5")(tmp_path)
    assert reduced.questions[0].name == "category_1a/query/0_1b.jpg"
    assert len(reduced.questions) == 4
    assert "the categories are not 1a, 2, 3, 4, 5" in reduced.caveats
    again = methods.find("datasets", "mpeg-cdvs:categories=5+4+3+2+1a")(tmp_path)
    assert again.caveats == data.caveats


def test_cdvs_reads_lists_with_a_mark_and_paths_in_any_form_alike(tmp_path):
    plain = opened("mpeg-cdvs", replicas.mpeg_cdvs(tmp_path))
    for path in tmp_path.glob("*.txt"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"category_3/", b"./category_3//"))
    marked = opened("mpeg-cdvs", tmp_path)
    assert (marked.photos, right(marked)) == (plain.photos, right(plain))
    database = tmp_path / "database_images.txt"
    database.write_bytes(database.read_bytes() + b"category_3/reference/0_0.jpg\n")
    with pytest.raises(BadData, match="name one photo a line, and each once"):
        opened("mpeg-cdvs", tmp_path)


def test_cdvs_refuses_lists_that_contradict_the_database(tmp_path):
    replicas.mpeg_cdvs(tmp_path)
    queries = tmp_path / "4_retrieval.txt"
    before = queries.read_text()
    for text, told in [
        (before + "\nx.jpg y.jpg\n", r"line 4: 'y.jpg' is not in database_images.txt"),
        ("x.jpg\n", "line 1: .* nothing to find but itself"),
        ("../x.jpg y.jpg\n", "line 1: '../x.jpg' leads out"),
        (f"{before}\n{before.splitlines()[0]}\n", "ask 'category_4/query/0.jpg' twice"),
        ("", "no queries"),
    ]:
        queries.write_text(text)
        with pytest.raises(BadData, match=told):
            opened("mpeg-cdvs", tmp_path)
    queries.write_text(before)
    (tmp_path / "category_2" / "reference" / "0_0.jpg").unlink()
    with pytest.raises(DataMissing, match="1 of the 34 photos"):
        opened("mpeg-cdvs", tmp_path)
    queries.unlink()
    with pytest.raises(DataMissing, match=r"4_retrieval\.txt: the lists of CDVS are"):
        opened("mpeg-cdvs", tmp_path)
    for wrong in ("6", "1a+1a", ""):
        with pytest.raises(BadSetting, match="categories out of"):
            methods.find("datasets", f"mpeg-cdvs:categories={wrong}")(tmp_path)


# Opening


def test_a_data_set_is_opened_by_path_by_root_and_below_the_folder_of_all(tmp_path, monkeypatch):
    monkeypatch.delenv("RESIGHT_DATA", raising=False)
    mine = replicas.folder(tmp_path / "mine")
    assert open_dataset(str(mine)).name == "mine"
    assert open_dataset(str(replicas.table(tmp_path / "t") / "groundtruth.csv")).name == "t"
    replicas.google_landmarks_v2_clean(tmp_path / "all" / "google_landmarks_v2_clean")
    with pytest.raises(DataMissing, match=r"--root .* RESIGHT_DATA .*`resight data metu`"):
        open_dataset("metu")
    monkeypatch.setenv("RESIGHT_DATA", str(tmp_path / "all"))
    assert len(open_dataset("google-landmarks-v2-clean").questions) == 9
    assert len(open_dataset("google_landmarks_v2_clean:limit=1").questions) == 3
    with pytest.raises(DataMissing, match=r"not at .*metu: `resight data metu`"):
        open_dataset("metu")
    assert open_dataset("metu", replicas.metu(tmp_path / "elsewhere")).name == "metu"
    assert open_dataset("folder", mine).name == "mine"
    with pytest.raises(DataMissing, match="by its path"):
        open_dataset("folder")
    monkeypatch.chdir(mine)
    for empty in ("", " "):
        with pytest.raises(BadQuery, match="empty name"):
            open_dataset(empty)
        with pytest.raises(BadQuery, match="empty name"):
            open_dataset(empty, mine)
    assert open_dataset(".").name == "mine"
    with pytest.raises(UnknownMethod, match="No folder"):
        open_dataset("x" * 5000)
    with pytest.raises(DataMissing, match="no folder or CSV file"):
        open_dataset(str(tmp_path / "gone"))
    with pytest.raises(
        UnknownMethod, match=r"No folder, CSV file or data set called 'oxfrod'\. Did you mean .*oxford5k"
    ):
        open_dataset("oxfrod")


def test_opening_imports_neither_pictures_nor_numbers_before_a_set_is_opened():
    code = "import sys, resight.datasets; print(sorted({'numpy', 'cv2', 'PIL', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.stdout == "[]\n", done.stderr


def test_a_folder_that_is_called_like_a_published_set_is_never_taken_for_it(tmp_path, monkeypatch):
    replicas.folder(tmp_path / "roxford5k")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RESIGHT_DATA", raising=False)
    with pytest.raises(DataMissing, match="--root"):
        open_dataset("roxford5k")
    assert open_dataset("./roxford5k").name == "folder-roxford5k"
    for photo in (tmp_path / "roxford5k").glob("thing[1-9]/**/*.png"):
        photo.unlink()
    for photo in (tmp_path / "roxford5k" / "distractors").glob("*.png"):
        photo.unlink()
    (tmp_path / "roxford5k" / "loose.jpg").unlink()
    assert open_dataset("./roxford5k").caveats == ("all photos show one instance, so any ranking is right",)
