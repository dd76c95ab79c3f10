"""Photos that are decoded at once have no more pixels together than the budget, and nobody waits for ever."""

import io
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resight import images
from resight.images import PIXEL_LIMIT, budget
from resight.images.budget import PIXELS_AT_ONCE, PixelBudget
from support import small

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)


class Watched(PixelBudget):
    """A budget that knows what was in memory at once, by its own count and not the budget's."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.now: dict[int, int] = {}
        self.together: list[tuple[int, ...]] = []
        self._watch = threading.Lock()

    def admit(self, pixels: int) -> None:
        super().admit(pixels)
        with self._watch:
            me = threading.get_ident()
            self.now[me] = max(pixels, self.now.get(me, 0))
            self.together.append(tuple(sorted(self.now.values())))

    def _give_back(self) -> None:
        with self._watch:
            self.now.pop(threading.get_ident(), None)
        super()._give_back()


@pytest.fixture
def watched(monkeypatch) -> Watched:
    """A budget of 10,000 pixels in place of the one of the process."""
    own = Watched(10_000)
    monkeypatch.setattr(budget, "SHARED", own)
    return own


def spend(own: PixelBudget, sizes: list[int], threads: int = 8) -> None:
    """Photos of so many pixels, decoded by some threads."""

    def one(pixels: int) -> None:
        with own.hold():
            own.admit(pixels)
            time.sleep(0.002)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, sizes))


def test_the_largest_photo_fits_the_budget():
    assert PIXELS_AT_ONCE == PIXEL_LIMIT


def test_small_photos_are_decoded_together_and_never_more_than_the_budget_holds(watched):
    sizes = np.random.default_rng(0).integers(500, 6000, 200).tolist()
    spend(watched, sizes)
    assert max(map(sum, watched.together)) <= 10_000
    assert max(map(len, watched.together)) >= 3
    assert not watched.now
    assert watched._taken == 0


def test_a_photo_beyond_the_budget_is_decoded_alone(watched):
    spend(watched, [1000, 50_000, 1000, 1000, 10_001, 1000, 50_000] * 6)
    assert {held for held in watched.together if max(held) > 10_000} == {(50_000,), (10_001,)}


def test_a_large_photo_gets_its_turn_while_small_ones_keep_coming(watched):
    stop, done = threading.Event(), threading.Event()

    def small_ones() -> None:
        while not stop.is_set():
            spend(watched, [3000], threads=1)

    def large_one() -> None:
        with watched.hold():
            watched.admit(9000)
        done.set()

    with ThreadPoolExecutor(7) as pool:
        for _ in range(6):
            pool.submit(small_ones)
        time.sleep(0.02)
        pool.submit(large_one)
        served = done.wait(20)
        stop.set()
    assert served


def test_threads_that_find_that_they_need_more_do_not_wait_for_each_other(watched):
    """A JPEG that its fast decoder refuses is decoded again, in full."""
    halfway = threading.Barrier(2)

    def one(_: int) -> None:
        with watched.hold():
            watched.admit(4000)
            halfway.wait()
            watched.admit(9000)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(2), timeout=20))
    assert max(map(sum, watched.together)) <= 10_000


def test_what_is_decoded_inside_one_another_counts_once_and_until_the_outer_end(watched):
    with watched.hold():
        with watched.hold():
            watched.admit(6000)
        watched.admit(2000)
        assert watched._taken == 6000
    assert watched._taken == 0


def test_whoever_fails_gives_back_what_he_had(watched):
    def fail() -> None:
        with watched.hold():
            watched.admit(6000)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert watched._taken == 0


def encoded(kind: str, width: int, height: int, **more: object) -> bytes:
    data = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(data, kind, **more)
    return data.getvalue()


@pytest.mark.parametrize(
    ("kind", "more", "counted"),
    [
        ("PNG", {}, 320 * 160),
        ("WEBP", {}, 320 * 160),
        ("JPEG", {}, 40 * 20),
        ("JPEG", {"progressive": True}, 320 * 160),
    ],
)
def test_what_a_file_counts_for(kind, more, counted, watched):
    images.read(encoded(kind, 320, 160, **more), enough=lambda width, height: (40, 20))
    assert watched.together == [(counted,)]


def test_a_jpeg_counts_for_as_many_pixels_as_are_decoded(watched):
    data = encoded("JPEG", 803, 401)
    for side in (3, 50, 99, 100, 101, 200, 333, 500, 803):
        watched.together.clear()
        photo = images.read(data, enough=lambda width, height, side=side: (side, side // 2))
        assert photo.pixels.shape[0] * photo.pixels.shape[1] == watched.together[0][0]


def test_an_update_keeps_to_the_budget_until_a_photo_is_described(tmp_path: Path, watched):
    """Photos of 3072 pixels, some of 9216, and two beyond the budget, read by six threads."""
    for i in range(24):
        small.draw(tmp_path / "photos" / f"{i:03d}.png", i, (96, 96) if i % 5 == 3 else (64, 48))
    for i in (7, 15):
        small.draw(tmp_path / "photos" / f"{i:03d}.png", i, (128, 96))
    report = small.index(tmp_path / "photos", small.PLAIN, workers=6, local_features=True)
    assert (report.described, report.failed) == (24, 0)
    assert {held for held in watched.together if sum(held) > 10_000} == {(128 * 96,)}
    assert max(map(len, watched.together)) >= 2
    assert not watched.now


FOUR_THREADS = """
import sys, threading
from resight import images

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 >> 20

images.read(sys.argv[1])
before, ended = resident(), threading.Barrier(5)

def one():
    images.read(sys.argv[1])
    ended.wait()
    ended.wait()  # a thread that is alive keeps its heap

threads = [threading.Thread(target=one) for _ in range(4)]
for thread in threads:
    thread.start()
ended.wait()
print(resident() - before)
ended.wait()
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's count of a process's memory")
def test_threads_do_not_keep_the_memory_of_large_photos_that_they_have_read(tmp_path: Path):
    """Of 36 megapixels: 144 MB in Pillow, which each thread kept."""
    Image.new("RGB", (6000, 6000), "green").save(tmp_path / "large.png", compress_level=1)
    done = subprocess.run(
        [sys.executable, "-c", FOUR_THREADS, tmp_path / "large.png"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 120  # MiB
