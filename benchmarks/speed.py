"""Photos described a second, beside the naive loop of research code and beside inference alone.

Five interleaved rounds on the same photos, after one untimed pass of each; medians; the fit stands outside.
- described: what `index` does to a photo (read, hash, decode, resize, infer, pool, whiten), a thread a core;
- naive: Pillow, torch eager, one photo at a time with all cores, R-MAC region by region, the same whitening;
  in a process of its own, as research code runs;
- inference: the same engine and threads on pixels that are ready in memory.
`--memory 1000 10000` indexes so many photos instead, states the peaks, and indexes them again unchanged.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from record import record
from resight import images
from resight.describing import fitting as fitter
from resight.describing.describer import Describer
from resight.engines import load
from resight.processors import processors
from resight.recipe import Backbone, Recipe
from resight.views import views
from resight.workers.threads import in_order
from shared_data import needed_data


def chosen(data: Path, count: int) -> list[Path]:
    """A fixed mix of covers and ImageNet photos: those with the smallest hashes of their names."""
    paths = [*(data / "dvd_covers").rglob("*.jpg"), *(data / "distractors/imagenet_samples").glob("*.jpg")]
    return sorted(paths, key=lambda path: hashlib.sha256(path.name.encode()).digest())[:count]


def fitted(recipe: Recipe, paths: list[Path]) -> Describer:
    """The recipe with an engine for all cores, fitted on the photos."""
    plain = Describer(recipe, engine=lambda backbone: load(backbone, "openvino", processors()))
    prepared = [plain.prepare(images.read(path)) for path in paths]
    return plain.with_parameters(fitter.fit(plain, lambda: prepared), "benchmark")


def described(describer: Describer, paths: list[Path]) -> list[Any]:
    """The work of `index`, without its catalogue."""

    def one(path: Path) -> Any:
        data = images.content(path)
        hashlib.sha256(data).digest()
        return describer(describer.read(data)).vectors[0]

    return list(in_order(one, paths, processors(), lambda: False))


def inference(describer: Describer, pixels: list[Any]) -> None:
    """The network alone."""
    for _ in in_order(next(iter(describer.networks.engines.values())), pixels, processors(), lambda: False):
        pass


class Naive:
    """The loop that people write today."""

    def __init__(self, backbone: Backbone, own: dict[str, Any], size: int) -> None:
        import timm
        import torch

        from resight.backbones._weights import locate

        self.torch, self.size = torch, size
        path = locate(backbone).path
        assert path is not None
        model = timm.create_model("tf_efficientnet_lite0").eval()
        found = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(dict(zip(model.state_dict(), found.values(), strict=True)))
        self.stem = torch.nn.Sequential(model.conv_stem, model.bn1, model.blocks)
        self.mean, self.projection = torch.from_numpy(own["mean"]), torch.from_numpy(own["projection"])

    def __call__(self, paths: list[Path]) -> list[Any]:
        """Every photo, one after the other."""
        with self.torch.no_grad():
            return [self.one(path) for path in paths]

    def one(self, path: Path) -> Any:
        """Decode, resize, describe."""
        from PIL import Image

        photo = Image.open(path).convert("RGB")
        scale = min(self.size / max(photo.size), 2.0)
        width, height = (max(1, round(side * scale)) for side in photo.size)
        photo = photo.resize((width, height), Image.Resampling.BICUBIC)
        return self.described(np.array(photo)[None])

    def described(self, pixels: Any) -> Any:
        """(1, H, W, 3) uint8: normalise, run, pool region by region, whiten, sum."""
        from resight.regions.rmac_grid import cells

        torch, unit = self.torch, self.torch.nn.functional.normalize
        ready = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(255).sub(0.5).div(0.5)
        with torch.no_grad():
            maps = self.stem(ready)
        total = torch.zeros(self.projection.shape[1])
        for top, left, bottom, right in cells(*maps.shape[2:]).tolist():
            vector = torch.nn.functional.adaptive_max_pool2d(maps[:, :, top:bottom, left:right], 1).flatten()
            vector = (unit(vector, dim=0) - self.mean) @ self.projection
            total += unit(vector, dim=0)
        return unit(total, dim=0).numpy()


def timed(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def serve_naive(size: int, count: int, fit: Path, data: Path) -> None:
    """The naive loop in a process of its own: a run, and its seconds, for every line that comes in."""
    with np.load(fit) as own:
        naive = Naive(Recipe.load("rmac-whitened").first.backbone, dict(own), size)
    paths = chosen(data, count)
    for _ in sys.stdin:
        sys.stdout.write(f"{timed(lambda: naive(paths))}\n")
        sys.stdout.flush()


class Apart:
    """The naive loop in another process, run when asked."""

    def __init__(self, size: int, count: int, own: dict[str, Any], folder: Path) -> None:
        np.savez(folder / "fit.npz", mean=own["mean"], projection=own["projection"])
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, "--photos", str(count), "--sizes", str(size),
             "--naive", str(folder / "fit.npz")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def seconds(self) -> float:
        """Of one run over all photos."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def side_by_side(size: int, data: Path, count: int, rounds: int) -> dict[str, object]:
    """Medians of the three ways at one size, and their ratios."""
    part = Recipe.load("rmac-whitened").first
    part = dataclasses.replace(part, views=dataclasses.replace(part.views, sizes=(size,)))
    recipe = Recipe("rmac-whitened", (part,))
    paths = chosen(data, count)
    describer = fitted(recipe, paths)
    own_fit = next(iter(describer.parameters.values()))
    naive = Naive(part.backbone, own_fit, size)
    pixels = [next(views(images.read(path), part.views)).pixels[None] for path in paths]
    folder = tempfile.TemporaryDirectory()
    apart = Apart(size, count, own_fit, Path(folder.name))
    ways: dict[str, Callable[[], float]] = {
        "described": lambda: timed(lambda: described(describer, paths)),
        "inference": lambda: timed(lambda: inference(describer, pixels)),
        "naive": apart.seconds,
    }
    own = described(describer, paths)
    same = min(float(a @ naive.described(p)) for a, p in zip(own, pixels, strict=True))
    theirs = float(np.mean([a @ b for a, b in zip(own, naive(paths), strict=True)]))
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(rounds + 1):
        for name, way in ways.items():
            spent = way()
            if round_:
                seconds[name].append(spent)
    apart.close()
    folder.cleanup()
    rate = {name: len(paths) / statistics.median(found) for name, found in seconds.items()}
    return {
        "size": size,
        "photos": len(paths),
        "cores": processors(),
        **{f"{name}_per_s": f"{value:.2f}" for name, value in rate.items()},
        "times_naive": f"{rate['described'] / rate['naive']:.2f}",
        "share_of_inference": f"{rate['described'] / rate['inference']:.3f}",
        "least_cosine_same_pixels": f"{same:.6f}",
        "mean_cosine_own_pixels": f"{theirs:.4f}",
    }


def peak(count: int, data: Path) -> dict[str, object]:
    """Index so many photos in a process of its own: peaks of its memory, all of it and the anonymous part."""
    sources = chosen(data, 1000)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):  # bytes behind a JPEG's end make another content of the same picture
            target = Path(folder) / f"{number:05}.jpg"
            target.write_bytes(sources[number % len(sources)].read_bytes() + number.to_bytes(4, "big"))
        begun = time.perf_counter()
        run = subprocess.Popen(
            [sys.executable, "-m", "resight", "index", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        anonymous, usage = 0, None
        while usage is None:
            anonymous = max(anonymous, anonymous_kib(run.pid))
            time.sleep(0.05)
            done, _, spent = os.wait4(run.pid, os.WNOHANG)
            usage = spent if done else None
        seconds = time.perf_counter() - begun
        again = timed(
            lambda: subprocess.run(
                [sys.executable, "-m", "resight", "index", folder], check=True, capture_output=True
            )
        )
        size = sum(path.stat().st_size for path in (Path(folder) / ".resight").iterdir())
    return {
        "photos": count,
        "peak_mib": f"{usage.ru_maxrss / 1024:.0f}",
        "peak_anonymous_mib": f"{anonymous / 1024:.0f}",
        "photos_per_s": f"{count / seconds:.1f}",
        "unchanged_again_s": f"{again:.2f}",
        "gallery_mib": f"{size / 2**20:.0f}",
    }


def anonymous_kib(process: int) -> int:
    """Memory of a process that no file stands behind, in KiB."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")), 0)


def main() -> None:
    """Measure, print, and write results/speed.csv or results/memory.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=48)
    parser.add_argument("--sizes", type=int, nargs="*", default=[640, 1024])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, nargs="*", help="index so many photos instead: 1000 10000")
    parser.add_argument("--naive", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    data = needed_data()
    if asked.naive:
        serve_naive(asked.sizes[0], asked.photos, asked.naive, data)
        return
    for count in asked.memory or []:
        row = peak(count, data)
        record("memory", row, ("photos",))
        sys.stdout.write(f"{row}\n")
    for size in asked.sizes if asked.memory is None else []:
        row = side_by_side(size, data, asked.photos, asked.rounds)
        record("speed", row, ("size", "machine"))
        sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
