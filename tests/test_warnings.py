"""Photos that are damaged, or show nothing, are indexed with a warning that every output shows."""

import json
import shutil
import sqlite3
import warnings

import numpy as np
import pytest
from PIL import Image

from resight import images
from resight.errors import BadImage, DescribedOtherwise
from resight.gallery import Gallery, database, snapshot_of
from resight.images import EARLIER_PATHS, PIXEL_PATH, jpegs
from resight.images.decoding import opened
from resight.searcher import Searcher
from support import small
from support.bad_files import draw, encoded
from test_cli import run

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

JPEG = encoded(draw(200, 150), format="JPEG", quality=90)
CUT = JPEG[: len(JPEG) // 2] + b"\xff\xd9"


def of(data: bytes) -> tuple[str, ...]:
    return images.read(data).warnings


# One photo


def holed(data: bytes, at: int, count: int) -> bytes:
    return data[:at] + bytes(count) + data[at + count :]


def test_a_damaged_jpeg_carries_a_warning():
    assert of(CUT) == ("damaged",)
    noisy = encoded(
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)), format="JPEG"
    )
    assert of(holed(noisy, len(noisy) // 2, 4096)) == ("damaged",)
    flips = []
    for at in range(700, len(JPEG) - 2, 61):
        flipped = JPEG[:at] + bytes([JPEG[at] ^ 16]) + JPEG[at + 1 :]
        try:
            found = of(flipped)
        except BadImage:
            continue
        assert bool(found) == (jpegs.flaw(flipped, opened(flipped)) is not None)
        flips.append(found)
    assert ("damaged",) in flips


def test_a_damaged_jpeg_of_four_inks_carries_a_warning_too():
    inks = encoded(draw(200, 150).convert("CMYK"), format="JPEG")
    assert of(inks) == ()
    assert of(inks[: len(inks) // 2] + b"\xff\xd9") == ("damaged",)


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"quality": 30}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_that_lacks_only_its_end_is_whole(how, mode):
    whole = encoded(draw(200, 150).convert(mode), format="JPEG", **how)
    for cut in (whole[:-2], whole[:-1]):
        photo = images.read(cut)
        assert photo.warnings == ()
        assert (photo.pixels == images.read(whole).pixels).all()
    with pytest.raises(BadImage, match="truncated"):
        images.read(whole[: len(whole) * 3 // 4])


def test_what_a_camera_fills_up_with_is_no_damage():
    assert of(JPEG[:-2] + bytes(40) + b"\xff\xd9") == ()
    assert of(JPEG[:-2] + b"\0\x12\x34\x56\x78" + b"\xff\xd9") == ("damaged",)
    assert of(JPEG + b"a film behind the photo") == ()


def test_a_picture_of_one_colour_carries_a_warning():
    for mode, colour in (("RGB", (200, 30, 30)), ("L", 255), ("RGBA", (0, 0, 0, 0))):
        assert of(encoded(Image.new(mode, (90, 70), colour), format="PNG")) == ("one colour",)
    assert of(encoded(Image.new("RGB", (90, 70), (10, 200, 30)), format="JPEG")) == ("one colour",)
    spot = Image.new("L", (900, 700), 255)
    spot.putpixel((451, 333), 0)
    assert of(encoded(spot, format="PNG")) == ()
    assert of(encoded(draw(90, 70), format="PNG")) == ()


def test_a_turned_photo_keeps_its_warning():
    for turn in (90, 30):
        assert "damaged" in images.read(CUT, turn=turn).warnings


# A gallery


@pytest.fixture
def root(tmp_path):
    small.album(tmp_path, 4)
    (tmp_path / "cut.jpg").write_bytes(CUT)
    Image.new("RGB", (64, 48), "white").save(tmp_path / "blank.png")
    return tmp_path


def test_warnings_are_in_every_output(root):
    recipe = small.toml(small.PLAIN, root)
    done = run("index", root, "--recipe", recipe)
    assert done.exit_code == 0
    assert "Described with a warning: 1 damaged, 1 of one colour." in done.output.splitlines()
    assert "`resight info --failures` says which carry a warning, and why." in done.output.splitlines()
    gallery = root / ".resight"
    listed = run("info", "--gallery", gallery, "--failures").output.splitlines()
    assert listed == ["blank.png: indexed, but it is of one colour", "cut.jpg: indexed, but it is damaged"]
    told = json.loads(run("info", "--gallery", gallery, "--failures", "--json").output)
    assert told == {"failures": {}, "warnings": {"blank.png": ["one colour"], "cut.jpg": ["damaged"]}}
    told = json.loads(run("info", "--gallery", gallery, "--json").output)
    assert told["warnings"] == {"one colour": 1, "damaged": 1}
    assert (
        "warnings        1 damaged, 1 of one colour" in run("info", "--gallery", gallery).output.splitlines()
    )
    assert json.loads(run("show", root / "cut.jpg", "--gallery", gallery, "--json").output)["warnings"] == [
        "damaged"
    ]
    assert "warning     damaged" in run("show", root / "cut.jpg", "--gallery", gallery).output.splitlines()
    page = root / "page.html"
    found = run("search", root / "cut.jpg", "--gallery", gallery, "--html", page)
    assert "(the query itself, damaged)" in found.output
    assert "the query itself, damaged<" in page.read_text()
    assert ", of one colour<" in page.read_text()
    told = json.loads(run("search", root / "cut.jpg", "--gallery", gallery, "--json").output)
    assert {hit["relative"]: hit["warnings"] for hit in told["hits"]}["cut.jpg"] == ["damaged"]
    assert sum(len(hit["warnings"]) for hit in told["hits"]) == 2
    again = json.loads(run("index", root, "--json").output)
    assert again["warnings"] == {}


def test_the_report_of_index_counts_what_was_described(root):
    assert small.index(root, small.PLAIN).warnings == {"damaged": 1, "one colour": 1}
    assert small.index(root).warnings == {}


def test_strict_refuses_what_would_carry_a_warning(root):
    report = small.index(root, small.PLAIN, strict=True)
    assert (report.described, report.failed, report.warnings) == (4, 2, {})
    with snapshot_of(root / ".resight") as gallery:
        failed = {name: why for name, _, why in gallery.catalogue.files() if why}
        assert failed == {
            "cut.jpg": "refused, since it is damaged",
            "blank.png": "refused, since it is of one colour",
        }
        assert gallery.warnings.count() == {}
    assert small.index(root).described == 0
    assert small.index(root, retry=True).warnings == {"damaged": 1, "one colour": 1}


def test_a_damaged_query_is_said_to_be(root, tmp_path_factory):
    small.index(root, small.PLAIN)
    query = tmp_path_factory.mktemp("other") / "query.jpg"
    query.write_bytes(encoded(draw(200, 150, seed=7), format="JPEG")[:-600] + b"\xff\xd9")
    with Gallery(root / ".resight") as gallery, pytest.warns(UserWarning, match="query.jpg is damaged"):
        Searcher(gallery).search(query)


# Galleries that an earlier Resight made


def made_earlier(root) -> None:
    """The gallery as format 3 and the first pixel path left it."""
    connection = sqlite3.connect(root / ".resight" / database.NAME)
    with connection:
        connection.execute("ALTER TABLE images DROP COLUMN warnings")
        connection.execute("UPDATE facts SET value = 3 WHERE key = 'format'")
        connection.execute("UPDATE facts SET value = ? WHERE key = 'pixel_path'", (EARLIER_PATHS[0],))
    connection.close()


@pytest.mark.parametrize("recipe", [small.PLAIN, small.FITTED], ids=["plain", "fitted"])
def test_an_earlier_gallery_is_searched_and_brought_up_to_date(recipe, root, tmp_path_factory):
    draw(64, 48).save(root / "plain.jpg", quality=95)
    (root / "broken.png").write_bytes(b"no photo")
    small.index(root, recipe)
    before = small.contents(root / ".resight")
    made_earlier(root)
    other = small.draw(tmp_path_factory.mktemp("other") / "query.png", 99)
    with Gallery(root / ".resight") as gallery:
        found = Searcher(gallery).search(root / "plain.jpg")
        assert [hit.warnings for hit in found] == [()] * len(found)
        with gallery.snapshot() as snapshot:
            assert snapshot.warnings.count() == {}
        with pytest.raises(DescribedOtherwise, match="run `resight index` once, which describes those again"):
            Searcher(gallery).search(other)
    with pytest.raises(DescribedOtherwise, match="run `resight index` once"):
        small.indexer.fit(root / ".resight", engine="openvino", workers=1)
    report = small.index(root)
    assert report.fitted == ""
    assert (report.described, report.unchanged, report.failed) == (5, 2, 1)  # two files are JPEGs
    assert report.warnings == {"one colour": 1}
    small.assert_same(before, small.contents(root / ".resight"))
    assert not small.damage(root / ".resight")
    with Gallery(root / ".resight") as gallery:
        with gallery.snapshot() as snapshot:
            fact = snapshot.catalogue.fact
            assert (fact("format"), fact("pixel_path")) == (4, PIXEL_PATH)
        Searcher(gallery).search(other)
    assert small.index(root).unchanged == 8


@pytest.mark.parametrize("later", [False, True])
def test_a_migration_that_fails_leaves_the_earlier_format(root, monkeypatch, tmp_path_factory, later):
    from resight.gallery import migrations

    small.index(root, small.PLAIN)
    made_earlier(root)
    steps = shutil.copytree(migrations.FOLDER, tmp_path_factory.mktemp("steps") / "all")
    if later:
        (steps / "0004.sql").write_text("ALTER TABLE files ADD COLUMN more;\nINSERT INTO nowhere VALUES (1);")
    else:
        (steps / "0003.sql").write_text((steps / "0003.sql").read_text() + "INSERT INTO nowhere VALUES (1);")
    monkeypatch.setattr(migrations, "FOLDER", steps)
    with pytest.raises(Exception, match="nowhere"):
        small.index(root)
    connection = sqlite3.connect(root / ".resight" / database.NAME)
    assert connection.execute("SELECT value FROM facts WHERE key = 'format'").fetchone() == (3,)
    assert "warnings" not in [row[1] for row in connection.execute("PRAGMA table_info(images)")]
    connection.close()
    monkeypatch.undo()
    assert small.index(root).failed == 0


# How large a photo may be


def test_the_limit_of_megapixels_is_kept_and_raised(root, tmp_path_factory):
    report = small.index(root, small.PLAIN, max_megapixels=0.01)
    assert report.failed == 1  # cut.jpg has 0.03
    with Gallery(root / ".resight") as opened, opened.snapshot() as gallery:
        failed = {name: why for name, _, why in gallery.catalogue.files() if why}
        assert failed == {"cut.jpg": "200 x 150 pixels is over the limit of 0.01 megapixels"}
        query = tmp_path_factory.mktemp("other") / "query.png"
        draw(200, 150, seed=5).save(query)
        with pytest.raises(Exception, match=r"over the limit of 0\.01 megapixels"):
            Searcher(opened).search(query)
        Searcher(opened, max_megapixels=1).search(query)
    assert small.index(root).described == 0  # the limit is the gallery's
    assert small.index(root, max_megapixels=1).described == 1
    assert small.index(root).unchanged == 6
    told = json.loads(run("info", "--gallery", root / ".resight", "--json").output)
    assert told["max_megapixels"] == 1.0


def test_the_limit_is_an_option_of_index_and_search(root):
    recipe = small.toml(small.PLAIN, root)
    done = run("index", root, "--recipe", recipe, "--max-megapixels", "0.01")
    assert done.exit_code == 1
    assert run("index", root, "--max-megapixels", "300").exit_code == 0
    (root / "new.png").write_bytes(encoded(draw(200, 150, seed=8), format="PNG"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run("search", root / "new.png", "--max-megapixels", "1", "--gallery", root).exit_code == 0
