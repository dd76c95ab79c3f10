"""Photos described in shards and merged: the gallery is that of one process, however often anything ends."""

import dataclasses
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from resight import cli, indexer
from resight.errors import BadQuery, BadSetting, DescribedOtherwise, GalleryError, NoGallery, NotFitted
from resight.gallery import Gallery, Writer, snapshot_of
from resight.gallery.merging import take_files
from resight.indexer import Shard
from resight.indexer.shard import number_of
from resight.progress import Silent
from resight.searcher import Searcher
from support import small
from support.ending import Ended, Ends

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

PHOTOS, SAMPLE, SHARDS = 26, 6, 3
SPEED = {"engine": "openvino", "workers": 1}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """Photos of two shapes, a copy, one of one colour, and two that are none; `one` and `many` are alike."""
    home = tmp_path_factory.mktemp("shards")
    root = home / "one"
    names = small.album(root, PHOTOS)
    for seed, name in enumerate(names[::3]):
        small.draw(root / name, 300 + seed, (48, 64))
    shutil.copy(root / names[4], root / "a" / "copy.png")
    Image.new("RGB", (64, 48), (9, 99, 9)).save(root / "b" / "plain.png")
    for name in ("a/none.png", "c/none.jpg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"no photo")
    shutil.copytree(root, home / "many")
    small.index(root, small.FITTED, local_features=True, sample=SAMPLE)
    small.index(home / "many", small.FITTED, local_features=True, sample=SAMPLE, fit_only=True)
    return home


@pytest.fixture
def root(prepared, tmp_path) -> Path:
    """The photos, with a gallery that has its fit, and nothing but the sample."""
    return shutil.copytree(prepared / "many", tmp_path / "many")


@pytest.fixture(scope="module")
def described(prepared) -> Path:
    """The photos with all of their shards, none of them merged yet."""
    root = shutil.copytree(prepared / "many", prepared / "described")
    for number in range(1, 1 + SHARDS):
        indexer.index_shard(root, (number, SHARDS), **SPEED)
    return root


@pytest.fixture
def ready(described, tmp_path) -> Path:
    return shutil.copytree(described, tmp_path / "ready")


def shards(root: Path) -> list[Path]:
    return sorted((root / ".resight" / "shards").iterdir())


def merge(root: Path, *more: Path) -> indexer.Merged:
    return indexer.merge(root / ".resight", more or shards(root))


def written(folder: Path) -> dict[str, bytes]:
    """Its files, but for what SQLite shares between readers."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if "sqlite-" not in path.name}


def assert_equal(one: Path, other: Path) -> None:
    """Files, failures, descriptors to 1e-6, regions and local features are the same."""
    left, right = small.contents(one), small.contents(other)
    assert left.keys() == right.keys()
    for name, (content, *own) in left.items():
        assert content == right[name][0], name
        if own:
            np.testing.assert_allclose(own[0], right[name][1], atol=1e-6, err_msg=name)
            assert own[1:] == list(right[name][2:]), name


def rankings(root: Path) -> dict[str, list[tuple[str, float]]]:
    with Gallery(root / ".resight") as gallery:
        searcher = Searcher(gallery, "openvino")
        return {
            name: [(hit.relative, round(hit.score, 5)) for hit in searcher.search(root / name, 30)]
            for name in ("a/000.png", "b/025.png", "a/copy.png")
        }


# the rule


def test_each_photo_has_one_shard_that_no_other_photo_changes():
    names = [f"{i // 100}/{i}.jpg" for i in range(4000)]
    sizes = Counter(number_of(name, 8) for name in names)
    assert sizes.keys() == set(range(1, 9))
    assert min(sizes.values()) > 430
    assert [Shard(k, 8).holds("0/7.jpg") for k in range(1, 9)].count(True) == 1
    assert number_of("2019/rome.jpg", 8) == 6  # written down: machines of two versions must agree
    assert number_of("caf\udce9.jpg", 8) == 5


def test_what_the_sample_of_a_fit_holds_leaves_the_shards_alike():
    """The sample has the smallest hashes of the same paths."""
    names = [f"{i}.jpg" for i in range(8000)]
    left = set(names) - indexer.fits.sample(names, 4000)
    sizes = Counter(number_of(name, 8) for name in left)
    assert min(sizes.values()) > 0.8 * max(sizes.values())


@pytest.mark.parametrize("text", ["2", "0/8", "9/8", "a/b", "1/0", "1/2/3", "-1/2"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(BadSetting, match="2/8"):
        Shard.parse(text)


# one process and many


def test_the_merged_gallery_is_that_of_one_process(prepared, ready):
    report = merge(ready)
    assert (report.shards, report.same, report.failed, report.interrupted) == (SHARDS, 1, 1, False)
    assert report.described + report.same + report.failed + SAMPLE == PHOTOS + 4  # one of the sample failed
    assert report.local_features == report.described
    assert report.warnings == {"one colour": 1}
    assert_equal(prepared / "one" / ".resight", ready / ".resight")
    assert rankings(prepared / "one") == rankings(ready)
    assert not small.damage(ready / ".resight")
    after = small.index(ready)
    assert (after.described, after.same, after.failed, after.unchanged) == (0, 0, 0, PHOTOS + 4)
    with snapshot_of(ready / ".resight") as one, snapshot_of(prepared / "one" / ".resight") as other:
        assert one.fit == other.fit
        assert one.fitted_on() == other.fitted_on()
        assert list(one.warnings.files()) == list(other.warnings.files())


@pytest.mark.parametrize("values", [small.PLAIN, small.KEEP], ids=["plain", "keep"])
def test_a_recipe_without_a_fit_needs_no_sample_and_regions_stay(values, prepared, tmp_path):
    one, many = (shutil.copytree(prepared / "one", tmp_path / name) for name in ("one", "many"))
    for root in (one, many):
        shutil.rmtree(root / ".resight")
    small.index(one, values)
    begun = small.index(many, values, fit_only=True)
    assert (begun.described, begun.left) == (0, PHOTOS + 4)
    for number in (1, 2):
        indexer.index_shard(many, (number, 2), **SPEED)
    merge(many)
    assert_equal(one / ".resight", many / ".resight")


def test_a_merge_twice_and_a_shard_twice_change_nothing(ready):
    first = shards(ready)[0]
    before = written(first)
    again = indexer.index_shard(ready, (1, SHARDS), **SPEED)
    assert (again.gallery, again.described) == (first, 0)
    assert again.photos == again.unchanged + again.failed
    merge(ready)
    assert written(first) == before
    rows = small.execute(ready / ".resight", "SELECT rows FROM generations")
    twice = merge(ready)
    assert (twice.shards, twice.again, twice.described) == (0, SHARDS, 0)
    assert small.execute(ready / ".resight", "SELECT rows FROM generations") == rows
    after = indexer.index_shard(ready, (1, SHARDS), **SPEED)
    assert (after.described, after.failed, after.unchanged) == (0, 0, again.photos)


def test_new_photos_make_another_shard_beside_the_old_one(ready):
    merge(ready)
    for i in range(8):
        small.draw(ready / "d" / f"{i}.png", 600 + i)
    new = indexer.index_shard(ready, (1, 1), out=ready.parent / "new", **SPEED)
    assert (new.described, new.unchanged, new.gallery) == (8, PHOTOS + 4, ready.parent / "new")
    assert merge(ready, new.gallery).described == 8
    assert small.index(ready).unchanged == PHOTOS + 12
    small.draw(ready / "d" / "9.png", 700)
    with pytest.raises(GalleryError, match="another shard in"):
        indexer.index_shard(ready, (1, 1), out=new.gallery, **SPEED)


def test_what_is_listed_and_turned_is_so_in_shards(root):
    turns = {"a/000.png": 90, "b/001.png": 45}
    only = ["a/000.png", "b/001.png", "a/002.png"]
    small.index(root, only=only, turns=turns, prune=True, local_features=False)
    expected = small.contents(root / ".resight")
    other = root.parent / "other"
    small.index(root, small.FITTED, gallery=other, fit_from=root / ".resight", only=only, fit_only=True)
    report = indexer.index_shard(root, (1, 1), other, only=only, turns=turns, **SPEED)
    assert report.described == 3
    indexer.merge(other, [report.gallery])
    small.assert_same(expected, small.contents(other))
    assert indexer.index_shard(root, (1, 2), other, only=only, turns=turns, **SPEED).described == 0


# what a merge finds changed


def test_what_was_removed_by_hand_stays_away_and_what_changed_is_replaced(ready):
    taken = [path for path, image, _ in _files(shards(ready)[0]) if image][:2]
    before = small.contents(shards(ready)[0])
    small.index(ready)  # which describes all that shards hold
    indexer.remove(ready / ".resight", taken[:1])
    small.draw(ready / taken[1], 900)
    small.index(ready)
    merge(ready)
    found = small.contents(ready / ".resight")
    assert found[taken[0]] == ("removed",)
    assert found[taken[1]][0] == before[taken[1]][0]  # of the shard, and the next `index` sees that it is old
    assert small.index(ready).described == 1
    assert not small.damage(ready / ".resight")


def _files(folder: Path) -> list:
    with snapshot_of(folder) as gallery:
        return list(gallery.catalogue.files())


def test_a_failure_of_a_shard_does_not_undo_what_was_described_since(ready):
    failed = [path for path in shards(ready) for _, image, _ in _files(path) if image is None]
    small.index(ready)
    small.draw(ready / "a" / "none.png", 800)
    small.index(ready)
    stored = small.contents(ready / ".resight")["a/none.png"]
    for path in failed:  # as if the file had been readable at another time, and is in the same state now
        size, changed = ((ready / "a/none.png").stat().st_size, (ready / "a/none.png").stat().st_mtime_ns)
        small.execute(
            path, f"UPDATE files SET size = {size}, mtime_ns = {changed} WHERE relative = 'a/none.png'"
        )
    merge(ready)
    assert small.contents(ready / ".resight")["a/none.png"][0] == stored[0]


# what is refused


def test_shards_of_another_gallery_fit_recipe_or_none_are_refused_before_any_is_taken(ready, root, tmp_path):
    good, other = shards(ready)[0], tmp_path / "other"
    before = small.contents(ready / ".resight")
    own = ready / ".resight"

    def refused(kind: type[Exception], words: str, *folders: Path) -> None:
        with pytest.raises(kind, match=words):
            indexer.merge(own, [good, *folders])
        assert small.contents(own).keys() == before.keys()

    refused(GalleryError, "no shard of one", root / ".resight")
    refused(NoGallery, "There is no gallery", tmp_path / "nothing")
    small.album(other, 3)
    small.index(other, small.FITTED)
    alone = indexer.index_shard(other, (1, 1), **SPEED)
    refused(GalleryError, "described for another gallery", alone.gallery)
    small.execute(own, "UPDATE facts SET value = 'x' WHERE key = 'weights'")
    refused(DescribedOtherwise, "has other weights than its gallery")
    small.execute(own, "UPDATE facts SET value = (SELECT 'y') WHERE key = 'weights'")
    indexer_facts = {"recipe": json.dumps(small.recipe(small.PLAIN).as_dict())}
    small.execute(own, f"UPDATE facts SET value = '{indexer_facts['recipe']}' WHERE key = 'recipe'")
    refused(DescribedOtherwise, "has another recipe than its gallery")


def test_a_shard_of_the_fit_before_is_refused(ready):
    small.index(ready)
    indexer.fit(ready / ".resight", engine="openvino", workers=1)
    with pytest.raises(DescribedOtherwise, match="another fit"):
        merge(ready)


@pytest.mark.parametrize("name", ["vectors-001.f32", "local-001.bin"])
def test_a_damaged_shard_is_refused_whole(name, ready):
    damaged = shards(ready)[1]
    file = damaged / name
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)
    before = small.contents(ready / ".resight").keys()
    with pytest.raises(GalleryError, match=r"is damaged, so nothing of it was taken .* describe it again"):
        merge(ready)
    assert small.contents(ready / ".resight").keys() == before


def test_without_a_fit_that_stays_there_is_no_shard(tmp_path):
    root = tmp_path / "photos"
    small.album(root, 8)
    with pytest.raises(NoGallery):
        indexer.index_shard(root, (1, 2), **SPEED)
    small.index(root, small.FITTED)
    assert indexer.index_shard(root, (1, 2), **SPEED).described == 0
    small.draw(root / "new.png", 50)
    with pytest.raises(NotFitted, match="--fit-only"):
        indexer.index_shard(root, (1, 1), **SPEED)
    with pytest.raises(BadQuery, match="is of the folder"):
        indexer.index_shard(tmp_path, (1, 1), root / ".resight", **SPEED)
    with pytest.raises(BadQuery, match="There is no folder"):
        indexer.index_shard(tmp_path / "none", (1, 1), root / ".resight", **SPEED)


# ends


class Stops(Silent):
    """Asks for an end after so many steps; says how many photos were worked on."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done = steps, 0

    def step(self, failures: int = 0) -> None:
        self.done += 1

    def stopping(self) -> bool:
        return self.done >= self.steps


def test_a_shard_that_is_stopped_goes_on_and_describes_nothing_twice(root, prepared):
    reports, folder = [], root / ".resight" / "shards"
    while not reports or reports[-1].interrupted:
        assert not folder.exists() or [path.suffix for path in folder.iterdir()] == [".unfinished"]
        reports.append(indexer.index_shard(root, (1, 1), progress=Stops(4), **SPEED))
    assert len(reports) > 3
    assert sum(each.described + each.same + each.failed for each in reports) == PHOTOS + 4 - SAMPLE
    begun = reports[0].gallery
    unready = shutil.copytree(begun, root.parent / "unready")
    _set_ready(unready, False)
    with pytest.raises(GalleryError, match="not whole"):
        merge(root, unready)
    merge(root, begun)
    assert_equal(prepared / "one" / ".resight", root / ".resight")


def _set_ready(folder: Path, ready: bool) -> None:
    ((text,),) = small.execute(folder, "SELECT value FROM facts WHERE key = 'shard'")
    changed = json.dumps(json.loads(text) | {"ready": ready})
    small.execute(folder, f"UPDATE facts SET value = '{changed}' WHERE key = 'shard'")


def test_a_merge_that_is_stopped_goes_on(ready, prepared):
    reports = [indexer.merge(ready / ".resight", shards(ready), Stops(4 + SHARDS))]
    while reports[-1].interrupted:
        reports.append(indexer.merge(ready / ".resight", shards(ready), Stops(30)))
    assert len(reports) == 2
    assert len(small.execute(ready / ".resight", "SELECT * FROM descriptors")) == PHOTOS + 1
    assert sum(each.described for each in reports) == PHOTOS + 4 - SAMPLE - 2
    assert_equal(prepared / "one" / ".resight", ready / ".resight")


def test_a_merge_that_ends_at_any_step_is_done_again_and_holds_nothing_twice(tmp_path):
    """Galleries of vectors from nowhere, since there are many steps."""
    rng = np.random.default_rng(0)
    shard = tmp_path / "shard"
    with Writer(shard) as writer:
        writer.begin(tmp_path, small.recipe(small.PLAIN), "weights")
        writer.local.restart(_version())
        for count, name in enumerate("abcd"):
            small.add(writer, name, rng, small.random_features(rng, count))
        writer.set_file("bad", 1, 1, failure="no photo")
        writer.commit()
    expected, at = small.contents(shard), 0
    while True:
        at += 1
        folder = tmp_path / f"{at}"
        try:
            _take(folder, shard, Ends(at, Ended()))
        except Ended:
            pass
        else:
            break
        _take(folder, shard, None)
        small.assert_same(expected, small.contents(folder))
        assert not small.damage(folder)
        assert len(small.execute(folder, "SELECT * FROM images")) == 4
        shutil.rmtree(folder)
    assert at > 20


def _version() -> str:
    from resight.local_features import VERSION

    return VERSION


def _take(folder: Path, shard: Path, disk: Ends | None) -> None:
    with Writer(folder, disk=disk) as writer, snapshot_of(shard) as other:
        if writer.catalogue.fact("root") is None:
            writer.begin(folder.parent, small.recipe(small.PLAIN), "weights")
        if not writer.committed.local_features.usable:
            writer.local.restart(_version())
        for number, _ in enumerate(take_files(writer, other)):
            if number % 2:
                writer.commit()
        writer.drop_orphans()


# the command


def said(*arguments: Path | str) -> tuple[str, int]:
    done = CliRunner().invoke(cli.app(), [str(each) for each in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.stdout, done.exit_code


def test_the_command_makes_shards_and_merges_them(tmp_path):
    root, recipe = tmp_path / "photos", small.toml(small.PLAIN, tmp_path)
    small.album(root, 5)
    (root / "bad.png").write_bytes(b"no photo")
    told, code = said("index", root, "--recipe", recipe, "--fit-only")
    assert "Left to shards: 6 photos" in told
    assert code == 0
    codes = [
        said("index", root, "--shard", part, "--out", tmp_path / part[0], "--workers", "1")[1]
        for part in ("1/2", "2/2")
    ]
    assert sorted(codes) == [0, 1]
    text, code = said("merge", root, tmp_path / "1", tmp_path / "2", "--json")
    assert code == 1
    report = json.loads(text)
    assert (report["shards"], report["described"], report["failed"]) == (2, 5, 1)
    assert report.keys() == {field.name for field in dataclasses.fields(indexer.Merged)}
    told, code = said("merge", root, tmp_path / "1", tmp_path / "2")
    first, second, *_ = told.splitlines()
    assert first == "0 shards: nothing to do."
    assert second == "Merged before, and passed over: 2 shards."
    assert code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--shard", "1/2", "--fit-only"), "--fit-only is said without --shard"),
        (("--shard", "1/2", "--no-local-features"), "--local-features is said without --shard"),
        (("--shard", "1/2", "--recipe", "default"), "--recipe is said without --shard"),
        (("--out", "x"), "--out is for --shard"),
        (("--shard", "3/2"), "such as 2/8, not 3/2"),
    ],
)
def test_options_that_do_not_go_together_are_one_sentence(options, words, tmp_path):
    done = CliRunner().invoke(cli.app(), ["index", str(tmp_path), *options])
    assert isinstance(done.exception, BadSetting)
    assert words in str(done.exception)
