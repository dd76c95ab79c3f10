"""What a GPU does with many photos: networks alone in batches, and `resight index` beside them; one command.

It makes its own photos: `--drawn` different JPEGs (patches of colour, gradients and noise, in the aspects of
cameras; their longer side is `--side`), and copies of them with some bytes of their own at the end of the
file, so that each is another content to a gallery, decoded and described like any photo. Weights are random
of a fixed seed unless `--weights` says "imagenet": speed does not depend on them. Then, each in float32:

- network: batches of ready pixels on the device, what maps there are is left there;
- index: `resight index` of all photos (read, hash, decode, network, R-MAC, commit), networks loaded before;
- the peak of the GPU's memory, and the least cosine of some photos' descriptors to those of OpenVINO.

On a machine without a GPU it runs on torch's CPU engine: `--photos 20 --size 320` is a test of the path.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from record import record
from resight import engines
from resight.describing import Describer
from resight.gallery import snapshot_of
from resight.indexer import index
from resight.parts import Backbone
from resight.processors import processors
from resight.recipe import Recipe

ASPECTS = ((4, 3), (3, 4), (3, 2), (16, 9))
LITE0 = ("timm:tf_efficientnet_lite0", "blocks.6")
RESNET101 = ("torchvision:resnet101", "layer4")
BATCHES = {640: 32, 1024: 8}  # of the network alone
COMPARED = 16  # photos whose descriptors are compared with the CPU's


@dataclass(frozen=True)
class Case:
    """R-MAC of a network at a size in pixels."""

    network: str
    layer: str
    size: int

    def recipe(self, weights: str) -> Recipe:
        """Nothing is fitted, so that the indexing of all photos is one stage."""
        backbone = {"network": self.network, "weights": weights, "layers": [self.layer]}
        return Recipe.parse({
            "name": f"{self.network.partition(':')[2]}-{self.size}",
            "views": {"sizes": [self.size]},
            "backbone": backbone,
            "regions": "rmac-grid",
        })  # fmt: skip


def drawn(folder: Path, count: int, different: int, side: int) -> list[Path]:
    """So many JPEGs, of which so many are drawn; the others are copies with bytes of their own at the end."""
    chance = np.random.default_rng(0)
    originals, paths = [], []
    for number in range(min(count, different)):
        across, down = ASPECTS[number % len(ASPECTS)]
        width, height = side * across // max(across, down), side * down // max(across, down)
        coarse = Image.fromarray(chance.integers(0, 256, (down * 3, across * 3, 3), dtype=np.uint8))
        pixels = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
        noise = chance.normal(0, 12, (height, width, 1)).astype(np.int16)
        path = folder / f"original-{number:05d}.jpg"
        Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(path, quality=88)
        originals.append(path.read_bytes())
        path.unlink()
    for number in range(count):
        path = folder / f"{number:06d}.jpg"
        path.write_bytes(originals[number % len(originals)] + number.to_bytes(4, "big"))
        paths.append(path)
    return paths


def network_alone(engine: Any, size: int, batch: int, seconds: float) -> float:
    """Photos a second of 4:3 through the network, ready as bytes; the median of three turns."""
    pixels = np.random.default_rng(0).integers(0, 256, (batch, 3 * size // 4, size, 3), np.uint8)
    found = []
    for turn in range(4):
        runs, begun = 0, time.perf_counter()
        while runs < 2 or time.perf_counter() - begun < seconds / 3 * bool(turn):
            last = engine(pixels)
            runs += 1
        for maps in last:
            float(maps.flatten()[0])  # which waits until it is there
        found.append(runs * batch / (time.perf_counter() - begun))
    return statistics.median(found[1:])


@contextlib.contextmanager
def loaded(case: Case, weights: str, engine: str, batch: int) -> Iterator[Any]:
    """Have `index` find its network loaded: that is not what is measured."""
    from resight.indexer import opening

    made = functools.cache(lambda backbone: engines.load(backbone, engine, processors(), batch))
    whole = case.recipe(weights).first.backbone
    made(whole)
    before = opening.load
    opening.load = lambda backbone, **_: made(backbone)  # type: ignore[assignment]
    try:
        yield made(whole)
    finally:
        opening.load = before


def indexed(case: Case, weights: str, photos: Path, folder: Path) -> tuple[float, Path]:
    """Photos a second of `index`, into a new gallery."""
    begun = time.perf_counter()
    report = index(photos, folder, case.recipe(weights))
    spent = time.perf_counter() - begun
    if report.failed or report.described != report.photos:
        sys.exit(f"{report.failed} of {report.photos} photos failed.")
    return report.described / spent, folder


def least_cosine(case: Case, weights: str, paths: Sequence[Path], gallery: Path) -> float:
    """Of the descriptors in a gallery to those that the CPU gives, over some of the photos."""
    reference = Describer(case.recipe(weights), engine=_on_cpu)
    with snapshot_of(gallery) as opened:
        found = []
        for path in paths[:COMPARED]:
            first = opened.rows.of(opened.catalogue.image_of(path.name) or 0).first
            own = reference(reference.read(path)).vectors[0]
            found.append(float(own @ np.asarray(opened.vectors[first])))
    return min(found)


def _on_cpu(backbone: Backbone) -> Any:
    return engines.load(backbone, "openvino")


def peak(reset: bool = False) -> str:
    """GiB of the GPU's memory at most since the last reset, as torch reserved it; empty without one."""
    import torch

    if not torch.cuda.is_available():
        return ""
    found = torch.cuda.max_memory_reserved() / 2**30
    if reset:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    return f"{found:.2f}"


def measured(
    case: Case, asked: argparse.Namespace, photos: Path, paths: list[Path], home: Path
) -> dict[str, object]:
    """One row: the network alone, and index beside it."""
    peak(reset=True)
    with loaded(case, asked.weights, asked.engine, asked.batch) as engine:
        batch = BATCHES.get(case.size, 8) if engine.batch > 1 else 1
        alone = network_alone(engine, case.size, batch, asked.seconds)
        rate, gallery = indexed(
            case, asked.weights, photos, home / f"{case.network.partition(':')[2]}-{case.size}"
        )
        row = {
            "network": case.network, "size": case.size, "photos": len(paths), "cores": processors(),
            "device": engine.device, "engine": engine.name, "batch": engine.batch, "network_batch": batch,
            "network_per_s": f"{alone:.1f}", "index_per_s": f"{rate:.1f}",
            "index_to_network": f"{rate / alone:.2f}", "peak_gib": peak(),
        }  # fmt: skip
    return row | {"least_cosine": f"{least_cosine(case, asked.weights, paths, gallery):.6f}"}


def main() -> None:
    """Make photos, measure, print, and write results/gpu.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--drawn", type=int, default=200, help="different ones; the others are copies")
    parser.add_argument("--side", type=int, default=1280, help="pixels of a JPEG's longer side")
    parser.add_argument("--size", type=int, default=0, help="of the views, instead of 640 and 1024")
    parser.add_argument("--seconds", type=float, default=6, help="for each network alone")
    parser.add_argument(
        "--batch", type=int, default=0, help="photos at once; by default what the engine takes"
    )
    parser.add_argument("--engine", default="torch")
    parser.add_argument("--weights", default="random:1")
    parser.add_argument("--lite-alone", action="store_true", help="without ResNet101")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    sizes = [asked.size] if asked.size else [640, 1024]
    cases = [Case(*LITE0, size) for size in sizes]
    cases += [] if asked.lite_alone else [Case(*RESNET101, sizes[-1])]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        photos = home / "photos"
        photos.mkdir()
        begun = time.perf_counter()
        paths = drawn(photos, asked.photos, asked.drawn, asked.side)
        sys.stdout.write(f"{len(paths)} photos made in {time.perf_counter() - begun:.0f} s\n")
        for case in cases:
            row = measured(case, asked, photos, paths, home)
            record("gpu", row, ("network", "size", "device"))
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
