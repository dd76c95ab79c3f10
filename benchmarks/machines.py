"""Two workers of one core each against one, and against one process: `index --on ray` on real photos.

In turns, on the same photos and this machine. The time runs from the moment when the first worker begins its
first shard until the last photo is in the gallery: Ray's own start does not grow with the photos, and stands
outside. Other work on the machine hurts two workers more than one: `load` says how much there was.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import ray

from record import record
from resight import indexer
from resight.gallery import Writer, snapshot_of
from resight.gallery.merging import refuse_damaged, take_files
from resight.progress import Silent
from resight.recipe import Recipe
from resight.types import Descriptor
from shared_data import needed_data
from speed import chosen


class Clock(Silent):
    """When the first worker began, or this process, and when the last photo was taken in."""

    def __init__(self, shards: Path | None) -> None:
        self._shards, self._begun, self._ended, self.photos = shards, 0.0, 0.0, 0
        self._over = threading.Event()
        if shards:
            threading.Thread(target=self._watch, args=(shards,), daemon=True).start()

    def _watch(self, shards: Path) -> None:
        while not self._over.wait(0.02):
            if not self._begun and any(shards.glob("ray-*")):
                self._begun = time.monotonic()

    def start(self, what: str, total: int | None) -> None:
        """A stage begins."""
        if what == "Describing" and not self._shards:
            self._begun = time.monotonic()

    def step(self, failures: int = 0) -> None:
        """A photo is in the gallery."""
        self._ended, self.photos = time.monotonic(), self.photos + 1

    @property
    def a_second(self) -> float:
        """Photos a second."""
        self._over.set()
        return self.photos / (self._ended - self._begun)


def described(photos: Path, recipe: Recipe, workers: int) -> tuple[float, float]:
    """Photos a second by so many workers of Ray on as many cores, 0: by one thread here; and the load."""
    gallery = Path(tempfile.mkdtemp()) / "gallery"
    clock = Clock(gallery / "shards" if workers else None)
    more: dict[str, Any] = {"on": "ray"} if workers else {}
    begin, cores = ray.init, sorted(os.sched_getaffinity(0))
    if workers:
        ray.init = partial(begin, num_cpus=workers)
        os.sched_setaffinity(0, cores[:workers])  # else one worker has the help of the other core
    try:
        indexer.index(photos, gallery, recipe, engine="openvino", workers=1, progress=clock, **more)
    finally:
        ray.init = begin
        os.sched_setaffinity(0, cores)
        shutil.rmtree(gallery.parent)
    return clock.a_second, os.getloadavg()[0]


def merged(photos: int, width: int = 512) -> dict[str, object]:
    """Photos a second that one writer takes in, and bytes a photo; of vectors from nowhere."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        gallery, shard = Path(place) / "gallery", Path(place) / "shard"
        with Writer(shard) as writer:
            writer.begin(Path(place), Recipe.load("rmac-lite0"), "weights")
            for number in range(photos):
                rows = rng.standard_normal((1, width)).astype(np.float32)
                rows /= np.linalg.norm(rows)
                content = hashlib.sha256(str(number).encode()).digest()
                image = writer.add(content, (640, 480), Descriptor(rows, None, ""), None)
                writer.set_file(f"{number // 1000:06d}/{number:012d}.jpg", 100_000, 1, image)
            writer.commit()
        begun, cpu = time.monotonic(), time.process_time()
        with Writer(gallery) as writer, snapshot_of(shard) as other:
            writer.begin(Path(place), Recipe.load("rmac-lite0"), "weights")
            refuse_damaged(other)
            for _ in take_files(writer, other):
                writer.commit_if_due()
            writer.commit()
        seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
        bytes_of = {path.name.partition(".")[0]: path.stat().st_size for path in gallery.iterdir()}
    return {
        "photos": photos, "width": width, "merged_per_s": f"{photos / seconds:.0f}",
        "merged_per_core_s": f"{photos / cpu:.0f}",
        "catalogue_bytes_a_photo": bytes_of["catalogue"] // photos,
        "vector_bytes_a_photo": bytes_of["vectors-001"] // photos, "load": f"{os.getloadavg()[0]:.0f}",
    }  # fmt: skip


def main() -> None:
    """Measure, and write results/machines.csv, or results/merging.csv."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--photos", type=int, default=600)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--recipe", default="rmac-lite0")
    asked.add_argument("--merge", type=int, help="measure the merge of so many photos instead")
    options = asked.parse_args()
    if options.merge:
        record("merging", merged(options.merge), ("photos", "width"))
        return
    data = needed_data()
    recipe = Recipe.load(options.recipe)
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(chosen(data, options.photos)):
            shutil.copy(path, Path(folder) / f"{number:04d}{path.suffix}")
        found: dict[int, list[tuple[float, float]]] = {0: [], 1: [], 2: []}
        for _ in range(options.rounds):
            for workers, rates in found.items():
                rates.append(described(Path(folder), recipe, workers))
                print(
                    f"{workers or 'no'} workers: {rates[-1][0]:.2f} photos a second, load {rates[-1][1]:.1f}"
                )
    alone, one, two = (statistics.median(rate for rate, _ in found[workers]) for workers in (0, 1, 2))
    row = {
        "recipe": recipe.name, "photos": options.photos, "rounds": options.rounds,
        "one_process_per_s": f"{alone:.2f}", "one_worker_per_s": f"{one:.2f}",
        "two_workers_per_s": f"{two:.2f}", "times_one_worker": f"{two / one:.2f}",
        "load": f"{statistics.mean(load for rates in found.values() for _, load in rates):.0f}",
    }  # fmt: skip
    record("machines", row, ("recipe", "photos"))


if __name__ == "__main__":
    main()
