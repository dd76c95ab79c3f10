"""A process is killed, a disk fills up, the power fails: what was acknowledged stays, and work goes on."""

import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from resight import indexer
from resight.errors import BadQuery, NoGallery, StorageFailed
from resight.gallery import Gallery, Writer, snapshot_of
from resight.gallery.vectors import Disk
from resight.local_features import VERSION
from support import small
from support.ending import FULL, Ended, Ends

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

VERBS = ("index", "batches", "update", "remove", "compact", "refit")
FIRST = ("index", "batches")  # which make a gallery
RARE = ("batches", "refit")  # killed in the soak alone


# kill -9 at random moments


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> dict[str, "Scene"]:
    """For each verb a gallery before it, the same after it undisturbed, and how long it took."""
    home = tmp_path_factory.mktemp("scenes")
    small.album(home / "warm", 1)
    small.index(home / "warm", small.FITTED)  # the network is converted now, and not while a clock runs
    return Scenes(home)


class Scenes(dict):
    """Made when they are asked for."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.home = home

    def __missing__(self, verb: str) -> "Scene":
        self[verb] = Scene(verb, self.home / verb)
        return self[verb]


class Scene:
    """A gallery on which one verb is due."""

    def __init__(self, verb: str, home: Path) -> None:
        self.verb, self.before, after = verb, home / "before", home / "after"
        self.files = ("b/*",) if verb == "remove" else ()
        small.album(self.before, 14)
        if verb not in FIRST:
            small.index(self.before, small.FITTED, local_features=verb in ("remove", "compact"))
        if verb == "update":
            for seed, name in enumerate(("a/000.png", "c/new.png", *(f"c/{i}.png" for i in range(10))), 500):
                small.draw(self.before / name, seed)
            (self.before / "b" / "001.png").rename(self.before / "c" / "moved.png")
            (self.before / "b" / "003.png").unlink()
            (self.before / "c" / "bad.png").write_bytes(b"no photo")
        if verb == "compact":
            indexer.remove(self.before / ".resight", ["b/00*"])
        if verb == "refit":  # some photos must pass the network again, others are kept
            small.execute(self.before / ".resight", "UPDATE images SET kept_shapes = NULL WHERE id % 2")
        self.seconds = min(self._undisturbed(each) for each in (home / "once", after))
        small.index(after, small.FITTED)
        self.after = small.contents(after / ".resight")

    def _undisturbed(self, root: Path) -> float:
        shutil.copytree(self.before, root)
        run = small.process(self.verb, root, *self.files)
        begun = time.monotonic()
        assert run.stdout.readline() == "done\n"
        seconds = time.monotonic() - begun
        assert run.communicate() == ("", "")
        return seconds

    def kill(self, root: Path, moment: float) -> None:
        """Kill the verb at a share of its time; then all must be well, and a rerun ends as it should."""
        shutil.copytree(self.before, root)
        gallery = root / ".resight"
        run = small.process(self.verb, root, *self.files)
        time.sleep(moment * self.seconds)
        acknowledged = small.contents(gallery) if _begun(gallery) else {}
        run.send_signal(signal.SIGKILL)
        run.communicate()

        if _begun(gallery):
            assert not small.damage(gallery)
            self._assert_kept(acknowledged, small.contents(gallery))
        if self.verb not in (*FIRST, "update"):  # the next `index` finds a gallery to go on with
            small.index(root, small.FITTED)
            assert not small.damage(gallery)
            self._assert_kept(acknowledged, small.contents(gallery))
        with suppress(BadQuery):  # `remove` was done already
            small.do(self.verb, root, list(self.files))
        small.index(root, small.FITTED)
        assert not small.damage(gallery)
        small.assert_same(small.contents(gallery), self.after)
        self._assert_tidy(gallery)

    def _assert_kept(self, acknowledged: dict, now: dict) -> None:
        """A file is as it was acknowledged, or the verb came further between the look and the kill."""
        for name, (content, *described) in acknowledged.items():
            found = now.get(name, (None,))
            assert found[0] == content or found[0] == self.after.get(name, (None,))[0], name
            if found[0] == content and described and len(described[0]):
                assert len(found[1]), f"{name} lost its descriptor"
                assert found[3] == described[2] or not described[2], f"{name} lost its local features"

    @staticmethod
    def _assert_tidy(gallery: Path) -> None:
        with snapshot_of(gallery) as opened:
            kept = f"kept-{opened.catalogue.fact('kept'):03d}.f32"
            wanted = {"catalogue.sqlite", "writer.lock", kept, opened.generation.parameters}
            wanted.add(f"vectors-{opened.generation.number:03d}.f32")
            if opened.catalogue.fact("local_rows"):
                wanted.add(f"local-{opened.catalogue.fact('local'):03d}.bin")
        assert {path.name for path in gallery.iterdir() if "sqlite-" not in path.name} == wanted


def _begun(gallery: Path) -> bool:
    try:
        Gallery(gallery).close()
    except NoGallery:
        return False
    return True


def campaign(scene: Scene, home: Path, kills: int, seed: int) -> None:
    rng = random.Random(f"{scene.verb} {seed}")
    for number in range(kills):
        moment = rng.random()
        try:
            scene.kill(home / f"{number}", moment)
        except BaseException as error:
            error.add_note(f"{scene.verb}, seed {seed}, kill {number} at {moment} of {scene.seconds:.3f} s")
            raise
        shutil.rmtree(home / f"{number}")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in RARE])
def test_two_kills(verb, scenes, tmp_path):
    campaign(scenes[verb], tmp_path, kills=2, seed=random.SystemRandom().randrange(10**6))


@pytest.mark.soak
@pytest.mark.parametrize("verb", VERBS)
def test_two_hundred_kills(verb, scenes, tmp_path):
    campaign(scenes[verb], tmp_path, kills=40, seed=random.SystemRandom().randrange(10**6))


# a process that ends, or a disk that fails, at every single step


def script(folder: Path, disk: Disk, acknowledged: dict[str, bytes]) -> None:
    """All that a writer can do, on vectors from nowhere; `acknowledged` is what must survive."""
    rng = np.random.default_rng(0)
    with Writer(folder, disk=disk) as writer:
        if writer.catalogue.fact("root") is None:
            writer.begin(folder.parent, small.recipe(small.FITTED), "weights")
        if not writer.committed.local_features.usable:
            writer.local.restart(VERSION)
        for count, name in enumerate("abcdef"):
            if writer.catalogue.image_of(name) is None:
                small.add(writer, name, rng, small.random_features(rng, count))
            if name in "ce":
                writer.commit()
                acknowledged |= rows(folder)
        for name in "ab":
            acknowledged.pop(name, None)
            writer.forget_file(name)
        writer.drop_orphans()
        acknowledged |= rows(folder)
        own = writer.generations.save_parameters({"each.0.1": {"mean": np.ones(4, np.float32)}})
        for purpose in ("refit", "compact"):
            number = writer.generations.start(purpose, own, {"photos": 4})
            for image in writer.generations.waiting(number):
                writer.generations.copy(image, number)
            if purpose == "compact":
                assert writer.local.rewrite(lambda: False)
            writer.generations.switch(number)
            acknowledged |= rows(folder)


def rows(folder: Path) -> dict[str, bytes]:
    """What another process sees: the vectors and local features of every file."""
    return {name: found[1].tobytes() + (found[3] or b"") for name, found in small.contents(folder).items()}


@pytest.mark.parametrize(("error", "raised"), [(Ended(), Ended), (FULL, StorageFailed)])
def test_a_writer_that_ends_at_any_step_loses_nothing(error, raised, tmp_path):
    at = 0
    while True:
        at += 1
        folder, acknowledged = tmp_path / f"{at}", {}
        disk = Ends(at, error)
        try:
            script(folder, disk, acknowledged)
        except raised:
            pass
        else:
            break
        if _begun(folder):
            found = rows(folder)
            assert acknowledged.items() <= found.items() or set("ab") & acknowledged.keys(), at
            assert {**found, **acknowledged} == found, at
            assert not small.damage(folder), at
        script(folder, Disk(), {})
        assert rows(folder).keys() == set("cdef"), at
        assert not small.damage(folder), at
    assert at > 40
    assert disk.steps == at - 1


class Recorder(Disk):
    """Writes down every step."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []

    def write(self, file: int, data: bytes, offset: int) -> None:
        self.steps.append(("write", _name(file)))
        super().write(file, data, offset)

    def sync(self, file: int) -> None:
        self.steps.append(("sync", _name(file)))
        super().sync(file)

    def commit(self, connection: sqlite3.Connection) -> None:
        self.steps.append(("commit", ""))
        super().commit(connection)

    def rename(self, old: Path, new: Path) -> None:
        self.steps.append(("rename", old.name))
        super().rename(old, new)

    def sync_names(self, folder: Path) -> None:
        self.steps.append(("names", folder.name))
        super().sync_names(folder)


def _name(file: int) -> str:
    return Path(os.readlink(f"/proc/self/fd/{file}")).name


def test_bytes_and_names_are_on_the_disk_before_the_row_that_points_at_them(tmp_path):
    disk = Recorder()
    script(tmp_path / "gallery", disk, {})
    unsynced: set[str] = set()
    unnamed: set[str] = set()
    known: set[str] = set()
    for step, name in disk.steps:
        if step == "write":
            unsynced.add(name)
            if name not in known and not name.endswith(".unfinished"):
                unnamed.add(name)
        elif step == "sync":
            unsynced.discard(name)
        elif step == "names":
            known |= unnamed - unsynced
            unnamed &= unsynced
        elif step == "rename":
            assert name not in unsynced
        elif step == "commit":
            assert not unsynced
            assert not unnamed
    done = [step for step, _ in disk.steps]
    assert {"write", "sync", "commit", "rename", "names"} == set(done)
    own = done.index("rename")
    assert done[own - 2 : own + 2] == ["write", "sync", "rename", "names"]


def test_the_catalogue_itself_is_synced_at_every_commit(tmp_path, monkeypatch):
    opened = small.watch_connections(monkeypatch)
    with Writer(tmp_path / "gallery"):
        assert opened[0].execute("PRAGMA synchronous").fetchone() == (2,)
        assert opened[0].execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("end", [b"", b"\0" * 7, b"\xff" * 33])
def test_the_file_of_vectors_may_end_anywhere_behind_the_last_committed_row(end, tmp_path):
    folder, rng = tmp_path / "gallery", np.random.default_rng(0)
    with Writer(folder) as writer:
        writer.begin(tmp_path, small.recipe(small.PLAIN), "weights")
        for name in "abc":
            small.add(writer, name, rng)
        writer.commit()
        vectors = folder / "vectors-001.f32"
        committed = vectors.stat().st_size
        for name in "de":
            small.add(writer, name, rng)
        written = vectors.read_bytes()
        assert len(written) > committed
        left = tmp_path / "left"
        shutil.copytree(folder, left, ignore=shutil.ignore_patterns("*.lock"))
    expected = rows(folder)
    for length in range(committed, len(written) + 1):
        (left / vectors.name).write_bytes(written[:length] + end)
        assert rows(left) == expected
        assert not small.damage(left)
        with Writer(left):
            pass
    with Writer(left) as writer:
        small.add(writer, "d", rng)
        writer.commit()
        assert (left / vectors.name).stat().st_size * 3 == committed * 4
    assert expected.items() <= rows(left).items()
    assert not small.damage(left)


# a full disk


@pytest.mark.parametrize("kilobytes", [1, 40, 70, 100])
def test_a_full_disk_loses_nothing(kilobytes, tmp_path):
    root, gallery = tmp_path / "photos", tmp_path / "photos" / ".resight"
    small.album(root, 8)
    small.index(root, small.FITTED)
    before = small.contents(gallery)
    for i in range(12):
        small.draw(root / "c" / f"{i}.png", 700 + i)
    env = {"LARGEST_FILE": str(1024 * kilobytes)}
    run = small.process("update", root, env=env)
    _, said = run.communicate()
    assert run.returncode == 3, said
    assert said.count("\n") == 1
    found = small.contents(gallery)
    assert before.keys() <= found.keys()
    assert not small.damage(gallery)
    report = small.index(root)
    assert report.described + len(found) == 20
    assert not small.damage(gallery)
    assert len(small.contents(gallery)) == 20


def test_a_writer_that_failed_once_is_opened_again(tmp_path):
    rng = np.random.default_rng(0)
    writer = Writer(tmp_path / "gallery", disk=Ends(16, FULL))
    writer.begin(tmp_path, small.recipe(small.PLAIN), "weights")

    def fill() -> None:
        for name in "abcdefgh":
            small.add(writer, name, rng)
            writer.commit()

    with pytest.raises(StorageFailed, match="No space left"):
        fill()
    acknowledged = rows(tmp_path / "gallery")
    assert acknowledged
    with pytest.raises(StorageFailed, match="open it again"):
        writer.commit()
    writer.close()
    with Writer(tmp_path / "gallery") as writer:
        small.add(writer, "z", rng)
        writer.commit()
    assert acknowledged.items() <= rows(tmp_path / "gallery").items()


# two writers, and a writer that is asked to stop


def test_the_second_writer_is_told_at_once(tmp_path):
    small.album(tmp_path, 1)
    small.index(tmp_path, small.PLAIN)
    with Writer(tmp_path / ".resight"):
        for verb in (["index", tmp_path], ["compact"], ["fit"], ["remove", "a/000.png"]):
            begun = time.monotonic()
            run = small.command(*verb, cwd=tmp_path)
            _, said = run.communicate()
            assert run.returncode == 3
            assert said.count("\n") == 1
            assert "Another process is writing" in said
            assert time.monotonic() - begun < 5
        with snapshot_of(tmp_path / ".resight") as gallery:
            assert gallery.catalogue.count()["files"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_after_the_photo_and_the_same_command_goes_on(number, tmp_path):
    root, gallery = tmp_path / "photos", tmp_path / "photos" / ".resight"
    count = 300
    photos = [small.draw(tmp_path / f"{i}.jpg", i, (1600, 1200)).read_bytes() for i in range(5)]
    root.mkdir()
    for i in range(count):  # bytes behind a photo's end make it another content
        (root / f"{i}.jpg").write_bytes(photos[i % 5] + i.to_bytes(2))
    recipe = small.toml(small.FITTED, tmp_path)
    run = small.command("index", root, "--recipe", recipe, "--engine", "openvino")
    while not _begun(gallery):
        time.sleep(0.01)
    time.sleep(0.2)
    run.send_signal(number)
    _, said = run.communicate()
    assert run.returncode == 130, said
    assert "Stopping after the photos that are being read" in said
    assert "the same command goes on from here" in said
    assert not small.damage(gallery)
    done = len(small.contents(gallery))
    assert 0 < done < count
    report = small.index(root)
    assert report.unchanged == done
    assert report.photos == len(small.contents(gallery)) == count
    assert not small.damage(gallery)
