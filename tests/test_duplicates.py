"""Copies of pictures and photos of one thing: pairs, what is kept of them, groups, and the command."""

import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from resight.duplicates import Group, finding, groups, judge
from resight.duplicates.grouping import group
from resight.duplicates.judging import Verdict
from resight.duplicates.looking import look_at
from resight.duplicates.verdicts import NAME, append_verdicts, key_of, read_verdicts
from resight.errors import BadSetting
from resight.gallery import snapshot_of
from resight.indexer import index
from resight.progress import Silent, Stopped
from resight.recipe import Recipe
from support import small

LIMIT = 10**8


def picture(seed, size=(360, 270)):
    """Corners and blobs of all sizes, unlike those of any other seed."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.random((side * 3 // 4, side, 3)), size, interpolation=cv2.INTER_CUBIC)
        for side in (4, 12, 40, 90)
    ]
    mixed = np.tensordot([0.3, 0.3, 0.25, 0.15], np.stack(layers), 1)
    return Image.fromarray((255 * np.clip((mixed - 0.5) * 1.8 + 0.5, 0, 1)).astype(np.uint8))


def saved(photo, kind="JPEG", **more):
    file = io.BytesIO()
    photo.convert("RGB").save(file, kind, **more)
    return file.getvalue()


def seen(photo, **more):
    return look_at(saved(photo, **({"quality": 95} | more)), 0, LIMIT)


def through_a_lens(photo, seed):
    """The picture as a photo of it, on another ground."""
    ground = np.array(picture(seed, (480, 400)))
    corners = np.float32([[0, 0], [360, 0], [360, 270], [0, 270]])
    there = np.float32([[90, 60], [410, 120], [340, 300], [60, 350]])
    matrix = cv2.getPerspectiveTransform(corners, there)
    laid = cv2.warpPerspective(np.array(photo), matrix, (480, 400))
    mask = cv2.warpPerspective(np.ones((270, 360), np.uint8), matrix, (480, 400))[..., None]
    return Image.fromarray(np.where(mask > 0, laid, ground))


MADE = {
    "encoded": lambda one: one,
    "smaller": lambda one: one.resize((200, 150)),
    "cut": lambda one: one.crop((40, 30, 310, 240)),
    "turned by 90 degrees": lambda one: one.transpose(Image.Transpose.ROTATE_90),
    "turned by 180 degrees": lambda one: one.transpose(Image.Transpose.ROTATE_180),
    "turned by 7 degrees": lambda one: one.rotate(7, Image.Resampling.BICUBIC),
    "mirrored": lambda one: one.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "colours": lambda one: ImageEnhance.Color(ImageEnhance.Contrast(one).enhance(0.6)).enhance(0.1),
}


# Pairs


@pytest.mark.parametrize("how", MADE)
def test_copies_are_told_however_they_were_made(how):
    one = picture(1)
    other = seen(MADE[how](one), quality=60)
    for verdict in (judge(seen(one), other), judge(other, seen(one))):
        assert verdict.level == "copies", verdict
        if "turned" in how or "mirrored" in how:
            assert how.replace("90", "") in verdict.reason.replace("270", "").replace("90", "")


def test_a_mark_on_white_that_was_turned_on_black_is_a_copy():
    """Edges, where the ground shines through, are in most of the cells that are not white."""
    mark = Image.new("RGB", (260, 260), "white")
    mark.paste(picture(5).resize((200, 60)), (30, 100))
    turned = seen(mark.rotate(7, Image.Resampling.BICUBIC, expand=True), quality=60)
    assert judge(seen(mark), turned).level == judge(turned, seen(mark)).level == "copies"


def test_a_cut_that_was_turned_and_coloured_is_a_copy():
    one = picture(6)
    several = ImageEnhance.Brightness(ImageEnhance.Contrast(one).enhance(1.4)).enhance(0.7)
    several = several.crop((30, 20, 330, 240)).rotate(-5, Image.Resampling.BICUBIC)
    assert judge(seen(one), seen(several, quality=50)).level == "copies"


def test_what_stands_before_the_same_ground_makes_another_picture():
    """As two photos of a burst: the ground is the same to a pixel, the thing in the middle is not."""
    first, second = np.array(picture(7)), np.array(picture(7))
    second[40:240, 60:300] = np.array(picture(8))[40:240, 60:300]
    assert judge(seen(Image.fromarray(first)), seen(Image.fromarray(second))).level == "same"


def test_another_view_of_a_thing_is_no_copy_and_another_thing_is_neither():
    one = picture(2)
    assert judge(seen(one), seen(through_a_lens(one, 3))).level == "same"
    assert judge(seen(one), seen(picture(4))).level == "none"


def test_pictures_without_a_point_are_compared_as_they_are():
    flat = Image.new("RGB", (200, 150), (40, 90, 200))
    shaded = Image.fromarray(np.tile(np.linspace(0, 255, 200, dtype=np.uint8)[None, :, None], (150, 1, 3)))
    assert judge(seen(flat), seen(flat.resize((100, 75)))).level == "copies"
    assert judge(seen(shaded), seen(shaded, quality=30)).level == "copies"
    assert judge(seen(flat), seen(shaded)).level == "none"


def drawing(*angles):
    """A disc and a wedge a turn, in two flat colours on white: hardly a point."""
    image = Image.new("RGB", (224, 224), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 30, 194, 194), (40, 90, 160))
    for angle in angles:
        draw.pieslice((50, 50, 174, 174), angle, angle + 40, (250, 200, 40))
    return image.resize((224, 224), Image.Resampling.LANCZOS)


FLAT = {
    "turned": lambda one: one.rotate(8, Image.Resampling.BICUBIC, expand=True, fillcolor="white"),
    "cut": lambda one: one.crop((12, 20, 200, 208)),
    "turned by a quarter and cut": lambda one: one.transpose(Image.Transpose.ROTATE_90).crop(
        (20, 20, 204, 204)
    ),
}


@pytest.mark.parametrize("how", FLAT)
def test_a_flat_drawing_is_laid_over_its_copies_without_points(how):
    one, other = seen(drawing(0, 130)), seen(FLAT[how](drawing(0, 130)), quality=70)
    assert min(len(each.features.points) for each in (one, other)) < 40
    assert judge(one, other).level == judge(other, one).level == "copies"
    another = seen(FLAT[how](drawing(0, 130, 230)), quality=70)
    assert judge(one, another).level != "copies" != judge(another, one).level


def test_a_strip_and_a_flat_picture_are_not_aligned():
    strip, flat = seen(picture(3).crop((0, 0, 360, 9))), seen(Image.new("RGB", (200, 100), "white"))
    drawn = seen(drawing(0, 130))
    assert {judge(*pair).level for pair in ((strip, drawn), (drawn, strip), (flat, drawn))} == {"none"}


# What is kept


def test_verdicts_are_kept_and_what_a_kill_has_cut_is_passed_over(tmp_path):
    a, b, c = ((bytes([number]) * 32, 0) for number in range(3))
    assert key_of(a, b) == key_of(b, a) != key_of(a, c)
    assert key_of(a, (a[0], 90)) != key_of(a, a)
    made = [(key_of(a, b), Verdict("copies", "one picture, cut", 30)), (key_of(a, c), Verdict("none"))]
    append_verdicts(tmp_path, made)
    assert read_verdicts(tmp_path) == dict(made)
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[:-7])
    assert read_verdicts(tmp_path) == dict(made[:1])
    append_verdicts(tmp_path, made[1:])
    assert (tmp_path / NAME).read_bytes() == whole
    (tmp_path / NAME).write_bytes(whole[:40] + b"?" + whole[41:])
    assert read_verdicts(tmp_path) == dict(made[1:])


def test_groups_are_what_is_joined_by_pairs():
    verdicts = {
        (1, 2): Verdict("copies", "one picture, cut"), (2, 5): Verdict("copies", "one picture, cut"),
        (5, 7): Verdict("same", "30 points agree"), (8, 9): Verdict("none"),
    }  # fmt: skip
    assert group("copies", verdicts, [5, 9]) == (
        Group("copies", (1, 2, 5), "cut"),
        Group("copies", (9,), "the same file"),
    )
    (same,) = group("same", verdicts, [5, 9])
    assert same.images == (1, 2, 5, 7)
    assert "30 points agree" in same.reason


# A gallery


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """Fourteen pictures, three of them copied, one photographed, one file twice."""
    root = tmp_path_factory.mktemp("duplicates") / "photos"
    root.mkdir()
    for seed in range(14):
        (root / f"{seed:02d}.jpg").write_bytes(saved(picture(seed), quality=90))
    for seed, how in ((1, "cut"), (2, "turned by 90 degrees"), (3, "encoded"), (1, "turned by 7 degrees")):
        (root / f"{seed:02d} {how}.jpg").write_bytes(saved(MADE[how](picture(seed)), quality=50))
    (root / "04 seen.jpg").write_bytes(saved(through_a_lens(picture(4), 99), quality=90))
    (root / "05 again.jpg").write_bytes((root / "05.jpg").read_bytes())
    index(root, recipe=Recipe.load("sift-vlad"), engine="openvino", workers=1, local_features=True)
    return root


EXPECTED = {
    ("copies", ("01 cut.jpg", "01 turned by 7 degrees.jpg", "01.jpg")),
    ("copies", ("02 turned by 90 degrees.jpg", "02.jpg")),
    ("copies", ("03 encoded.jpg", "03.jpg")),
    ("copies", ("05 again.jpg", "05.jpg")),
}
SEEN = ("same", ("04 seen.jpg", "04.jpg"))


def names(root, found):
    with snapshot_of(root / ".resight") as opened:
        return {
            (each.level, tuple(sorted(name for i in each.images for name in opened.catalogue.files_of(i))))
            for each in found
        }


def forget(root):
    for path in (root / ".resight").glob("duplicates*"):
        path.unlink()


def test_groups_of_a_gallery_and_again_without_a_look(album, monkeypatch):
    forget(album)
    assert names(album, groups(album / ".resight", "copies")) == EXPECTED
    monkeypatch.setattr(finding, "judge", None)
    monkeypatch.setattr(finding, "candidates", None)
    assert SEEN in names(album, groups(album / ".resight", "same"))
    with pytest.raises(BadSetting, match="copies or same, not of 'near'"):
        groups(album / ".resight", "near")


def test_a_stop_keeps_what_was_compared(album):
    class Stopping(Silent):
        done = 0

        def step(self, failures=0):
            self.done += 1

        def stopping(self):
            return self.done >= 3

    forget(album)
    with pytest.raises(Stopped):
        groups(album / ".resight", "copies", Stopping())
    assert len(read_verdicts(album / ".resight")) == 3
    counting = Stopping()
    counting.stopping = lambda: False
    assert names(album, groups(album / ".resight", "copies", counting)) == EXPECTED
    assert counting.done == len(read_verdicts(album / ".resight")) - 3


def test_the_command_as_text_json_and_page(album, tmp_path):
    page = tmp_path / "page.html"
    process = small.command("duplicates", album, "--level", "copies", "--html", page)
    out, error = process.communicate()
    assert process.returncode == 0, error
    assert out.startswith("copies: 3 files (")
    assert "\n  03 encoded.jpg\n  03.jpg\n" in out
    text = page.read_text()
    assert text.count("Copies of one picture</h2>") == 4
    assert text.count("<svg") == 8
    process = small.command("duplicates", album, "--json")
    out, _ = process.communicate()
    told = json.loads(out)["groups"]
    assert {each["level"] for each in told} == {"copies", "same"}
    assert ["04 seen.jpg"] in [image["files"] for each in told for image in each["images"]]
    process = small.command("duplicates", album, "--level", "near")
    _, error = process.communicate()
    assert (process.returncode, "not of 'near'" in error) == (2, True)
