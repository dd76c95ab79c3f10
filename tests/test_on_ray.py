"""A folder described by two workers of a Ray cluster on this machine: the gallery is that of one process."""

import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from resight import engines, indexer
from resight.describing import describer_like
from resight.errors import BadSetting, ClusterUnavailable
from resight.gallery import snapshot_of
from resight.indexer import shard_task
from resight.indexer.counts import Counts
from resight.indexer.excluding import read_exclusions
from resight.indexer.on_ray import OnRay
from resight.indexer.shard_job import job_for
from resight.indexer.walk import file_states
from resight.processors import processors
from resight.progress import Silent
from resight.roots import root_at
from support import small
from test_shards import PHOTOS, SAMPLE, assert_equal, prepared

pytestmark = pytest.mark.filterwarnings(small.RANDOM_WEIGHTS)
__all__ = ["prepared"]  # the photos, and the gallery that one process makes of them


@pytest.fixture
def root(prepared, tmp_path, monkeypatch) -> Path:
    """The photos alone, and a Ray that has two cores, whatever the machine has."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'resight[ray]'")
    begin = ray.init
    monkeypatch.setattr(ray, "init", lambda *a, **b: begin(*a, **b, num_cpus=2))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    photos = shutil.copytree(prepared / "many", tmp_path / "photos")
    shutil.rmtree(photos / ".resight")
    return photos


class Killer(threading.Thread):
    """Kills the process that writes a shard, so many times."""

    def __init__(self, shards: Path, times: int) -> None:
        super().__init__(daemon=True)
        self.shards, self.times, self.killed, self.over = shards, times, set(), threading.Event()

    def run(self) -> None:
        while len(self.killed) < self.times and not self.over.wait(0.002):
            for process in self._writing():
                if process not in self.killed and len(self.killed) < self.times:
                    os.kill(process, signal.SIGKILL)
                    self.killed.add(process)
                    time.sleep(0.3)

    def _writing(self):
        """Processes that hold the lock of a shard below the folder."""
        for process in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError):
                held = [
                    os.readlink(f"/proc/{process}/fd/{file}") for file in os.listdir(f"/proc/{process}/fd")
                ]
                if any(file.startswith(f"{self.shards}/") and file.endswith(".lock") for file in held):
                    yield int(process)


def killed(root: Path, times: int) -> tuple[indexer.Report, int]:
    killer = Killer(root.absolute() / ".resight" / "shards", times)
    killer.start()
    report = small.index(root, small.FITTED, local_features=True, sample=SAMPLE, on="ray")
    killer.over.set()
    killer.join()
    return report, len(killer.killed)


def test_two_workers_of_which_one_is_killed_make_the_gallery_of_one_process(root, prepared):
    before = signal.getsignal(signal.SIGTERM)
    report, kills = killed(root, 1)
    assert kills == 1
    assert signal.getsignal(signal.SIGTERM) is before
    assert (report.described + report.same + report.failed, report.left) == (PHOTOS + 4, 0)
    assert_equal(prepared / "one" / ".resight", root / ".resight")
    assert not small.damage(root / ".resight")
    rows = small.execute(root / ".resight", "SELECT rows FROM generations")
    assert rows == small.execute(root / ".resight", "SELECT count(*) FROM images")
    assert not (root / ".resight" / "shards").exists()
    assert small.index(root, on="ray").unchanged == PHOTOS + 4  # and no cluster is started for it


def test_a_worker_of_one_core_keeps_to_one(monkeypatch, tmp_path):
    """OpenVINO would take all, and the other worker's with them."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
    seen = []

    def write_shard(*_, **__):
        seen.append(processors())
        return Counts()

    monkeypatch.setattr(shard_task, "write_shard", write_shard)
    for workers in (1, 2):
        shard_task.describe_in_task(None, tmp_path / "shard", engine="auto", workers=workers, batch=None)
    assert seen == [1, 2]
    assert processors() == 2


def test_a_worker_loads_the_network_once(root, monkeypatch, tmp_path):
    small.index(root, small.FITTED, sample=SAMPLE, fit_only=True)
    loaded, load = [], engines.load
    monkeypatch.setattr(
        engines, "load", lambda backbone, *more: loaded.append(backbone) or load(backbone, *more)
    )
    shard_task._load.cache_clear()
    place = root_at(root)
    with snapshot_of(root / ".resight") as gallery:
        found = sorted(file_states(place.walk(gallery.folder, read_exclusions(gallery.catalogue))))[:6]
        describer = describer_like(gallery, "openvino", 1, 0)
        made = [job_for(gallery, describer, place, str(part), found[part::2]) for part in (0, 1)]
    for job in made:
        shard_task.describe_in_task(job, tmp_path / job.name, engine="openvino", workers=1, batch=None)
        with snapshot_of(tmp_path / job.name) as shard:
            assert len(shard.vectors) > 0
    assert len(loaded) == len({*loaded}) == 1


@pytest.mark.soak
def test_five_killed_workers_lose_nothing(root, prepared):
    report, kills = killed(root, 5)
    assert kills == 5
    assert report.described + report.same + report.failed == PHOTOS + 4
    assert_equal(prepared / "one" / ".resight", root / ".resight")


class Stops(Silent):
    """Asks for an end once a first shard was taken in: behind the sample, which is described before."""

    def __init__(self) -> None:
        self.stages, self.taken = 0, 0

    def start(self, what: str, total: int | None) -> None:
        self.stages += what == "Describing"

    def step(self, failures: int = 0) -> None:
        self.taken += self.stages == 2

    def stopping(self) -> bool:
        return self.taken > 0


@pytest.mark.soak
def test_what_was_described_when_an_end_is_asked_for_is_kept(root, prepared):
    first = small.index(root, small.FITTED, local_features=True, sample=SAMPLE, on="ray", progress=Stops())
    assert first.interrupted
    second = small.index(root, sample=SAMPLE, on="ray")
    assert first.described > SAMPLE
    assert first.described + second.described == PHOTOS + 1
    assert_equal(prepared / "one" / ".resight", root / ".resight")


def test_what_a_killed_run_left_is_taken_in_first(root, prepared):
    """A shard that is whole, one that is not, and one that is damaged."""
    small.index(root, small.FITTED, local_features=True, sample=SAMPLE, fit_only=True)
    shards = root / ".resight" / "shards"
    for number in (1, 2, 3):
        indexer.index_shard(root, (number, 3), out=shards / f"ray-{number}", engine="openvino", workers=1)
    (shards / "ray-2").rename(shards / "ray-2.unfinished")
    vectors = shards / "ray-3" / "vectors-001.f32"
    vectors.write_bytes(b"\1" + vectors.read_bytes()[1:])
    held = len(small.contents(shards / "ray-1")) + len(small.contents(shards / "ray-2.unfinished"))
    with pytest.raises(ClusterUnavailable, match=r"ray://127\.0\.0\.1:9 cannot be reached"):
        small.index(root, on="ray://127.0.0.1:9")
    assert len(small.contents(root / ".resight")) == SAMPLE + held
    assert list(shards.iterdir()) == []
    small.index(root)
    assert_equal(prepared / "one" / ".resight", root / ".resight")


def test_another_engine_of_clusters_is_unknown():
    with pytest.raises(BadSetting, match="not on 'dask'"):
        OnRay("dask", "auto", None)
