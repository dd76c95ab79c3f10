"""Photos added and removed through the service, and marks: what is acknowledged is there."""

import io
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the service is an extra: pip install 'resight[serve]'")

from PIL import Image

from resight.datasets import open_dataset
from resight.errors import BadQuery, Contradicted, StorageFailed
from resight.gallery import Writer, snapshot_of
from resight.gallery.marks import Marks
from support import serving, small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)


@pytest.fixture
def album(tmp_path):
    root = tmp_path / "album"
    small.album(root, 6)
    small.index(root, small.PLAIN, local_features=True)
    return root


@pytest.fixture
def client(album):
    with serving.served(album, writable=True) as found:
        yield found


def png(seed):
    data = io.BytesIO()
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(patches).resize((64, 48)).save(data, "PNG")
    return data.getvalue()


def add(client, path, data):
    return client.post("/v1/galleries/album/images", params={"path": path}, content=data)


def test_an_added_photo_is_stored_and_found_as_if_it_had_been_indexed(client, album, tmp_path):
    data = png(700)
    answer = add(client, "new/one.png", data)
    assert answer.status_code == 201, answer.text
    assert (album / "new/one.png").read_bytes() == data
    number = answer.json()["id"]
    found = client.post("/v1/galleries/album/search", json={"image": number, "k": 1}).json()["hits"][0]
    assert (found["path"], found["self"]) == ("new/one.png", True)
    other = tmp_path / "other"
    (other / "new").mkdir(parents=True)
    (other / "new/one.png").write_bytes(data)
    small.index(other, small.PLAIN, local_features=True)
    one, two = small.contents(album / ".resight"), small.contents(other / ".resight")
    small.assert_same({"new/one.png": one["new/one.png"]}, two)
    assert small.index(album).unchanged == 7
    assert not small.damage(album / ".resight")


def test_a_photo_is_never_stored_over_another_or_outside(client, album, tmp_path):
    before = (album / "a/000.png").read_bytes()
    assert add(client, "a/000.png", png(701)).status_code == 409
    assert (album / "a/000.png").read_bytes() == before
    (album / "led").symlink_to(tmp_path)
    for path in (
        "../out.png", "/tmp/out.png", "a/../../out.png", ".resight/out.png", "led/out.png", "a/./b.png",
        "out.py", "out", "a//b.png", "a\\b.png", "x" * 300 + ".png", ".hidden.png", "a/000.png/b.png",
    ):  # fmt: skip
        assert add(client, path, png(702)).status_code == 422, path
    assert not (tmp_path / "out.png").exists()
    assert add(client, "fine.png", b"no photo").status_code == 422
    assert not (album / "fine.png").exists()


def test_a_removed_photo_is_found_no_more_and_its_file_stays(client, album):
    number = serving.ids(client, "album")["a/002.png"]
    assert client.delete(f"/v1/galleries/album/images/{number}").status_code == 204
    assert client.delete(f"/v1/galleries/album/images/{number}").status_code == 404
    assert (album / "a/002.png").exists()
    assert "a/002.png" not in serving.ids(client, "album")
    assert small.index(album).photos == 6
    assert "a/002.png" not in serving.ids(client, "album")


def test_without_writable_nothing_is_written(album):
    with serving.served(album, load=False) as client:
        number = serving.ids(client, "album")["a/000.png"]
        for answer in (
            add(client, "new.png", png(703)),
            client.delete(f"/v1/galleries/album/images/{number}"),
            client.post("/v1/galleries/album/marks", json={"query": number, "hit": number, "mark": "same"}),
            client.get("/v1/galleries/album/marks"),
        ):
            assert answer.status_code == 403
            assert "--writable" in answer.json()["detail"]
        assert not (album / ".resight/marks.sqlite").exists()


def test_while_another_writes_a_photo_is_refused_for_a_while(client, album):
    with Writer(album / ".resight"):
        answer = add(client, "new.png", png(704))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert not (album / "new.png").exists()
    assert add(client, "new.png", png(704)).status_code == 201


def test_new_photos_of_an_index_beside_it_are_found_without_a_restart(client, album):
    assert client.get("/v1/galleries").json()["galleries"][0]["images"] == 6
    small.draw(album / "later.png", 705)
    small.index(album)
    number = serving.ids(client, "album")["later.png"]
    assert client.post("/v1/galleries/album/search", json={"image": number}).status_code == 200


def test_a_full_disk_is_told_and_nothing_is_lost(client, album, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    before = small.contents(album / ".resight")
    with monkeypatch.context() as patch:
        patch.setattr("resight.serving.placing.os.write", full)
        answer = add(client, "new.png", png(706))
    assert answer.status_code == 507
    with monkeypatch.context() as patch:
        patch.setattr("resight.gallery.vectors.Disk.sync", full)
        answer = add(client, "new.png", png(706))
    assert answer.status_code == 507
    assert not (album / "new.png").exists()
    assert [name for name in (album).iterdir() if "unfinished" in name.name] == []
    small.assert_same(before, small.contents(album / ".resight"))
    assert not small.damage(album / ".resight")
    assert add(client, "new.png", png(706)).status_code == 201


def test_a_full_disk_behind_an_upload_is_told_and_the_uploads_before_stay(client, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    before = serving.upload(client, png(707))
    with monkeypatch.context() as patch:
        patch.setattr("resight.serving.uploads.write_whole", full)
        answer = client.post("/v1/uploads", content=png(708), headers={"content-type": "image/png"})
    assert answer.status_code == 507
    assert "No space left on device" in answer.json()["detail"]
    wanted = {"upload": before["id"], "k": 2}
    assert client.post("/v1/galleries/album/search", json=wanted).status_code == 200
    assert serving.upload(client, png(708))["id"] != before["id"]


# Marks


def test_marks_go_by_content_and_are_told_with_hits(client):
    known = serving.ids(client, "album")
    one, two, three = (known[name] for name in ("a/000.png", "b/001.png", "a/002.png"))
    put = "/v1/galleries/album/marks"
    assert client.post(put, json={"query": one, "hit": two, "mark": "same"}).status_code == 204
    assert client.post(put, json={"query": one, "hit": three, "mark": "different"}).status_code == 204
    hits = client.post("/v1/galleries/album/search", json={"image": one}).json()["hits"]
    marks = {hit["path"]: hit["mark"] for hit in hits}
    assert (marks["b/001.png"], marks["a/002.png"], marks["b/003.png"]) == ("same", "different", None)
    back = client.post("/v1/galleries/album/search", json={"image": two}).json()["hits"]
    assert {hit["path"]: hit["mark"] for hit in back}["a/000.png"] == "same"
    contrary = client.post(put, json={"query": two, "hit": three, "mark": "same"})
    assert contrary.status_code == 409
    assert client.post(put, json={"query": three, "hit": one, "mark": None}).status_code == 204
    assert client.post(put, json={"query": two, "hit": three, "mark": "same"}).status_code == 204
    told = client.get(put).json()
    assert len(told["marks"]) == 2
    assert told["left_out"] == 0


def test_the_csv_of_marks_is_a_data_set(client, album):
    known = serving.ids(client, "album")
    query = serving.upload(client, png(707))
    put = "/v1/galleries/album/marks"
    one, two, three = (known[name] for name in ("a/000.png", "b/001.png", "a/002.png"))
    for body in (
        {"query": one, "hit": two, "mark": "same"},
        {"query": one, "hit": three, "mark": "different"},
        {"query": query["id"], "hit": one, "mark": "same"},
    ):
        assert client.post(put, json=body).status_code == 204
    answer = client.get(f"{put}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    (album / "marks.csv").write_bytes(answer.content)
    dataset = open_dataset(str(album / "marks.csv"))
    labels = dict(zip(dataset.photos, dataset.labels, strict=True))
    assert labels["a/000.png"] == labels["b/001.png"] != labels["a/002.png"]
    (kept,) = set(labels) - {"a/000.png", "b/001.png", "a/002.png"}
    assert (album / kept).read_bytes() == png(707)
    assert labels[kept] == labels["a/000.png"]


def test_marks_are_there_again_and_other_threads_may_ask(tmp_path):
    file, (one, two, three) = tmp_path / "marks.sqlite", (bytes([i]) * 32 for i in (1, 2, 3))
    marks = Marks(file)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: marks.put(one, two, "same"), range(8)))
    with pytest.raises(BadQuery):
        marks.put(one, one, "same")
    marks.close()
    again = Marks(file)
    assert again.of(two) == {one: "same"}
    again.put(two, one, "different")
    again.put(two, three, "same")
    with pytest.raises(Contradicted):
        again.put(one, three, "same")
    again.close()


def test_a_full_disk_is_told_of_a_mark(tmp_path):
    marks = Marks(tmp_path / "marks.sqlite")
    marks.put(bytes(32), bytes([1]) * 32, "same")
    pages = marks._connection.execute("PRAGMA page_count").fetchone()[0]
    marks._connection.execute(f"PRAGMA max_page_count = {pages}")

    def mark_many():
        for number in range(2, 10_000):
            marks.put(bytes(32), number.to_bytes(32, "big"), "different")

    with pytest.raises(StorageFailed):
        mark_many()
    kept = len(marks.all())
    marks.close()
    with sqlite3.connect(tmp_path / "marks.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM marks").fetchone() == (kept,)
    connection.close()


def test_what_a_mark_names_must_be_there(client):
    number = serving.ids(client, "album")["a/000.png"]
    put = "/v1/galleries/album/marks"
    for body, status in (
        ({"query": number, "hit": "0" * 64, "mark": "same"}, 404),
        ({"query": "0" * 64, "hit": number, "mark": "same"}, 404),
        ({"query": "../x", "hit": number, "mark": "same"}, 422),
        ({"query": number, "hit": number, "mark": "same"}, 422),
        ({"query": number, "hit": number, "mark": "perhaps"}, 422),
    ):
        assert client.post(put, json=body).status_code == status, body


def test_the_gallery_is_whole_after_all_this(client, album):
    with snapshot_of(album / ".resight") as snapshot:
        assert snapshot.catalogue.verdict() == "ok"
