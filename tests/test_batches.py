"""Photos of one shape are described together, and come to what each comes to alone."""

import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from resight import engines, indexer, progress
from resight.describing import describer
from resight.gallery import snapshot_of
from resight.indexer import opening, refit
from resight.recipe import Backbone
from resight.workers.batches import WAITING, in_batches
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)

SIZES = [(64, 48), (48, 64), (64, 64), (64, 48), (33, 64)]
LARGE = small.PLAIN | {"regions": "rmac-grid", "backbone": small.NETWORK | {"layers": ["layer2", "layer3"]}}
POINTS = {"network": "opencv:sift:count=50"}
KINDS = {
    "one vector": LARGE,
    "regions kept": small.KEEP,
    "salient": small.PLAIN | {"regions": "salient", "pooling": "gem"},
    "fitted": small.FITTED,
    "fitted on views": small.FITTED | {"each": ["l2", "pair-whitening:dims=8", "l2"]},
    "pooled late": small.PLAIN | {"pooling": "netvlad:k=3"},
    "two sizes": small.PLAIN | {"views": {"sizes": [64, 40]}},
    "with points": {
        "name": "points",
        "parts": [
            {key: value for key, value in small.FITTED.items() if key != "name"},
            {
                "backbone": {"network": "opencv:sift:count=50"},
                "views": {"sizes": [64]},
                "pooling": "vlad:k=3",
            },
        ],
    },
}


class Watched:
    """An engine that remembers how many views it was given at once."""

    def __init__(self, name: str, batch: int) -> None:
        self.named, self.batch, self.sizes = name, batch, []

    def load(self, backbone, name="auto", workers=1, batch=1):
        tensors = self.named == "tensors"  # maps as a GPU has them, though on the CPU
        engine = engines.load(backbone, "torch" if tensors else self.named, workers, self.batch)
        if hasattr(engine, "look"):
            return engine
        run, sizes = engine.__call__, self.sizes

        class Counting(type(engine)):
            def __call__(self, pixels):
                sizes.append(len(pixels))
                maps = run(pixels)
                return [torch.from_numpy(each) for each in maps] if tensors else maps

        engine.__class__ = Counting
        return engine


@pytest.fixture
def network(monkeypatch):
    def use(name: str, batch: int) -> Watched:
        watched = Watched(name, batch)
        for room in (describer, opening, refit):
            monkeypatch.setattr(room, "load", watched.load)
        return watched

    return use


def album(root, count: int = 13) -> list[str]:
    for number in range(count):
        small.draw(root / f"{number:03d}.png", number, SIZES[number % len(SIZES)])
    return [f"{number:03d}.png" for number in range(count)]


def near(one: dict, other: dict, tolerance: float) -> None:
    assert one.keys() == other.keys()
    for name, (content, *described) in one.items():
        assert content == other[name][0]
        np.testing.assert_allclose(described[0], other[name][1], atol=tolerance, err_msg=name)
        assert described[1] == other[name][2]


# What a batch promises


@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_does_not_depend_on_its_batch_or_on_its_engine(kind, network, tmp_path):
    root, values = tmp_path / "photos", KINDS[kind]
    album(root)
    # Some photos are kept for the fit, and others are not.
    first = small.index(root, values, gallery=tmp_path / "first", workers=2, sample=9)
    found = {}
    for name, batch in (("torch", 1), ("tensors", 4), ("openvino", 1), ("openvino", 4)):
        watched = network(name, batch)
        folder = tmp_path / f"{name}-{batch}"
        borrowed = {"fit_from": first.gallery} if first.fitted else {}
        report = small.index(root, values, gallery=folder, workers=2, **borrowed, sample=9)
        assert (report.described, report.failed) == (13, 0)
        assert not small.damage(folder)
        assert max(watched.sizes) == (4 if batch > 1 else 1)
        assert batch == 1 or min(watched.sizes) < 4  # an odd tail
        found[name, batch] = small.contents(folder)
    near(found["tensors", 4], found["torch", 1], 1e-5)
    near(found["openvino", 4], found["openvino", 1], 1e-5)
    near(found["tensors", 4], found["openvino", 1], 1e-4)


@pytest.mark.parametrize("kind", ["fitted", "fitted on views", "pooled late", "with points"])
def test_a_fit_in_batches_is_a_fit_photo_by_photo(kind, network, tmp_path):
    root = tmp_path / "photos"
    album(root)
    fitted = {}
    for name, batch in (("torch", 1), ("tensors", 4)):
        watched = network(name, batch)
        report = small.index(root, KINDS[kind], gallery=tmp_path / f"{batch}", workers=2, local_features=True)
        assert "13 photos" in report.fitted
        assert report.local_features == 13
        assert max(watched.sizes) == batch
        with snapshot_of(report.gallery) as gallery:
            fitted[batch] = gallery.parameters()[0]
    for step, own in fitted[1].items():
        for key, value in own.items():
            np.testing.assert_allclose(fitted[4][step][key], value, rtol=1e-2, atol=1e-3, err_msg=step)


def test_a_refit_reads_photos_again_in_batches(network, tmp_path):
    root = tmp_path / "photos"
    album(root)
    network("openvino", 1)
    small.index(root, small.FITTED)
    before = small.contents(root / ".resight")
    small.execute(root / ".resight", "UPDATE images SET kept_shapes = NULL")
    watched = network("tensors", 4)
    (root / "003.png").write_bytes(b"no photo any more")
    assert "12 photos" in indexer.fit(root / ".resight")
    assert max(watched.sizes) == 4
    assert set(before) - set(small.contents(root / ".resight")) == {"003.png"}


def test_a_photo_that_fails_fails_alone(network, tmp_path):
    root = tmp_path / "photos"
    album(root)
    (root / "bad.png").write_bytes(b"no photo")
    watched = network("torch", 8)
    load, refused = watched.load, []

    def picky(*arguments, **more):
        engine = load(*arguments, **more)

        class Picky(type(engine)):
            def __call__(self, pixels):
                if (pixels.astype(int).sum(axis=(1, 2, 3)) % 3 == 0).any():
                    refused.append(len(pixels))
                    raise RuntimeError("of no size")
                return super().__call__(pixels)

        engine.__class__ = Picky
        return engine

    for room in (describer, opening, refit):
        room.load = picky
    report = small.index(root, small.PLAIN, workers=2)
    failed = {name: found[0] for name, found in small.contents(root / ".resight").items() if len(found) == 1}
    assert report.failed == len(failed) >= 2
    assert set(failed.values()) >= {"the network cannot describe it: of no size"}
    assert refused.count(1) == len(failed) - 1
    assert report.described == 14 - len(failed)


# Where memory ends


def test_a_batch_that_memory_does_not_hold_is_halved_and_stays_so():
    engine = engines.load(Backbone("timm:test_resnet", "random", ("layer3",)), "torch", batch=8)
    pixels = np.random.default_rng(0).integers(0, 256, (7, 64, 48, 3), np.uint8)
    whole, module, sizes = engine(pixels), engine._module, []

    def small_memory(batch):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("no room")
        return module(batch)

    engine._module = small_memory
    halved = engine(pixels)
    np.testing.assert_allclose(halved[0], whole[0], atol=1e-5)
    assert sizes[0] == 7
    assert sum(size for size in sizes if size <= 2) == 7
    assert engine.batch in (1, 2)
    engine._module = lambda batch: (_ for _ in ()).throw(torch.OutOfMemoryError("none at all"))
    with pytest.raises(torch.OutOfMemoryError):
        engine(pixels[:1])


def test_threads_share_a_network_of_torch():
    from concurrent.futures import ThreadPoolExecutor

    engine = engines.load(Backbone("timm:test_resnet", "random", ("layer2", "layer3")), "torch")
    chance = np.random.default_rng(0)
    photos = [chance.integers(0, 256, (1, 40 + 8 * (n % 3), 64, 3), np.uint8) for n in range(24)]
    alone = [engine(one) for one in photos]
    with ThreadPoolExecutor(4) as pool:
        for one, other in zip(alone, pool.map(engine, photos), strict=True):
            for mine, theirs in zip(one, other, strict=True):
                np.testing.assert_allclose(theirs, mine, atol=1e-5)


# The groups


@dataclass(frozen=True)
class Thing:
    number: int
    shape: str | None
    nbytes: int = 1


class Batches:
    """What was begun, and in which thread things were made ready."""

    def __init__(self, shapes: str, size: int = 1) -> None:
        self.things = [Thing(number, None if one == "-" else one, size) for number, one in enumerate(shapes)]
        self.begun: list[list[int]] = []
        self.waiting = self.most = 0
        self.threads: set[int] = set()

    def prepare(self, thing: Thing) -> Thing:
        self.threads.add(threading.get_ident())
        time.sleep(0.001)
        return thing

    def begin(self, group):
        numbers = [thing.number for thing in group]
        self.begun.append(numbers)
        self.waiting += 1
        self.most = max(self.most, self.waiting)

        def wait():
            self.waiting -= 1
            return numbers

        return wait

    def run(self, batch: int, stopping=lambda: False, **more) -> list[int]:
        return list(
            in_batches(
                self.prepare, self.begin, self.things,
                batch=lambda: batch, workers=3, stopping=stopping, **more,
            )
        )  # fmt: skip


@pytest.mark.parametrize("shapes", ["", "a", "aab", "abcabcabcabd" * 5, "a-b-a", "abcdefghijklmnop" * 9])
@pytest.mark.parametrize("batch", [1, 2, 4])
def test_every_item_has_its_result_once_in_groups_of_its_shape(shapes, batch):
    work = Batches(shapes)
    assert sorted(work.run(batch)) == list(range(len(shapes)))
    for group in work.begun:
        assert len({shapes[number] for number in group}) == 1
        assert len(group) <= batch
        assert group == sorted(group)
    assert work.most <= 2
    assert threading.get_ident() not in work.threads


def test_no_result_is_much_later_than_its_item():
    rare = "b" + "a" * 99 + "c" + "a" * 99 + "".join(chr(200 + n) for n in range(100)) + "a" * 100
    work, batch = Batches(rare), 4
    places = {number: place for place, number in enumerate(work.run(batch))}
    assert max(places[number] - number for number in places) <= len(rare)
    waiting, most = set(), 0
    for number in range(len(rare)):  # never more than the bound, and what was begun last, is waited for
        waiting.add(number)
        begun = {each for group in work.begun if max(group) <= number for each in group}
        most = max(most, len([one for one in waiting - begun if one < number]))
    assert most <= WAITING * batch + batch


def test_a_bound_of_bytes_begins_what_has_waited_longest():
    work = Batches("abcdefgh" * 2, size=10)
    work.run(100, waiting_bytes=35)
    assert work.begun[0] == [0]
    assert all(len(group) == 1 for group in work.begun)


def test_a_stop_leaves_what_is_not_full_and_ends_what_was_begun():
    work, seen = Batches("ab" * 500), []

    def stopping():
        return len(work.begun) >= 3

    seen = work.run(4, stopping)
    assert seen == [number for group in work.begun for number in group]
    assert len(seen) < 60


def test_a_batch_may_become_smaller_on_the_way():
    work, left = Batches("a" * 20), [8]
    begin = work.begin

    def begin_and_halve(group):
        left[0] = 2
        return begin(group)

    found = in_batches(
        work.prepare, begin_and_halve, work.things, batch=lambda: left[0], workers=2, stopping=lambda: False
    )
    assert sorted(found) == list(range(20))
    assert [len(group) for group in work.begun] == [8] + [2] * 6


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_the_faster_layout_of_memory_gives_the_same_maps(engine):
    if engine == "openvino":
        assert engines.load(Backbone("timm:test_resnet", "random", ("layer3",)), engine, batch=4).batch == 4
        return
    loaded = engines.load(Backbone("timm:test_resnet", "random", ("layer3",)), engine, batch=4)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 48, 3), np.uint8)
    before = loaded(pixels)[0].copy()
    layouts = (torch.contiguous_format, torch.channels_last)
    assert loaded._faster(pixels) in layouts
    for loaded._module.layout in layouts:
        np.testing.assert_allclose(loaded(pixels)[0], before, atol=1e-5)


def test_auto_takes_a_gpu_for_many_photos_alone(monkeypatch):
    assert engines.chosen("torch", 1) == "torch"
    for there, many in ((False, "openvino"), (True, "torch")):
        monkeypatch.setattr("resight.engines._device.has_gpu", lambda there=there: there)
        assert (engines.chosen("auto", 0), engines.chosen("auto", 8)) == (many, many)
        assert engines.chosen("auto", 1) == "openvino"


def test_the_device_is_named_without_torch(monkeypatch, tmp_path):
    card = tmp_path / "0000:01:00.0"
    card.mkdir()
    (card / "information").write_text("Model: \t NVIDIA H100 80GB HBM3\nIRQ:  \t 45\n")
    (tmp_path / "cpuinfo").write_text("model name\t: A Processor\nflags\t\t: fpu avx512_bf16\n")
    monkeypatch.setattr("resight.engines._device.GPUS", tmp_path)
    monkeypatch.setattr("resight.engines._device.CPU", tmp_path / "cpuinfo")
    monkeypatch.setattr("resight.engines._device.has_gpu", lambda: True)
    assert engines.device() == "NVIDIA H100 80GB HBM3"
    assert engines.device("openvino") == "A Processor"


def test_float32_is_kept_full_until_the_last_thread_leaves():
    from resight.engines.torch import _without_tf32

    room = torch.backends.cudnn
    before = room.allow_tf32
    try:
        for setting in (True, False):
            room.allow_tf32 = setting
            first, second = _without_tf32("cuda"), _without_tf32("cuda")
            first.__enter__()
            second.__enter__()
            first.__exit__(None, None, None)  # who came first need not leave last
            assert not room.allow_tf32
            second.__exit__(None, None, None)
            assert room.allow_tf32 == setting
    finally:
        room.allow_tf32 = before


class Stops(progress.Silent):
    """Asks for an end after so many photos."""

    def __init__(self, photos: int) -> None:
        self.left = photos

    def step(self, failures: int = 0) -> None:
        self.left -= 1

    def stopping(self) -> bool:
        return self.left <= 0


@pytest.mark.parametrize("values", [small.PLAIN, small.FITTED])
def test_a_stop_keeps_what_was_described_and_the_next_run_goes_on(values, network, tmp_path):
    root = tmp_path / "photos"
    album(root, 40)
    network("tensors", 4)
    stopped = small.index(root, values, workers=2, progress=Stops(5))
    assert stopped.interrupted
    assert 5 <= stopped.described < 40
    assert not small.damage(root / ".resight")
    with snapshot_of(root / ".resight") as gallery:
        assert gallery.catalogue.count()["images"] == stopped.described
    again = small.index(root, workers=2)
    assert (again.described, again.unchanged) == (40 - stopped.described, stopped.described)
    assert not small.damage(root / ".resight")
