"""The figures of docs/pictures/, from photographs that may be shown: one command, `make pictures`.

A small data set is made of photographs that scikit-image names as CC0 or public domain: each is an instance,
and its photos are parts of it, turned, darkened, mirrored or seen from the side. The figures are examples of
what `resight figure` draws of any labelled folder; their values say nothing about real photos.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

from picture import FREE, HOME

Pixels = NDArray[np.uint8]
SIDE = 480  # pixels of the longer side
WIDTH = 1300  # pixels of a figure, as it is kept
SMALL = {"microaneurysms.png", "horse.png"}  # too few pixels, or a silhouette
FIGURES: dict[str, list[str]] = {
    "sheets:queries=4,k=6": ["--recipe", "rmac-lite0", "--rerank", "geometry"],
    "matches": ["--recipe", "rmac-lite0", "--rerank", "geometry"],
    "gains": ["--recipe", "mac-lite0", "--recipe", "rmac-lite0"],
    "precision-recall": ["--recipe", "mac-lite0", "--recipe", "gem-lite0", "--recipe", "rmac-lite0"],
    "comparison": ["--recipe", "mac-lite0", "--recipe", "gem-lite0", "--recipe", "rmac-lite0"],
    "separability": ["--recipe", "mac-lite0", "--recipe", "rmac-lite0"],
    "dimensions": ["--recipe", "rmac-whitened", "--recipe", "husain2019-lite0", "--allow-overlap"],
    "layers": ["--recipe", "ng2015-lite0", "--allow-overlap"],
    "correspondence": ["--recipe", "ng2015-lite0", "--allow-overlap"],
    "patch-clusters": ["--recipe", "ng2015-lite0", "--allow-overlap"],
    "activations": ["--recipe", "husain2019-lite0", "--allow-overlap"],
    "responses": ["--recipe", "mac-lite0", "--recipe", "gem-lite0"],
    "regions": ["--recipe", "jeong2017-lite0", "--allow-overlap"],
    "pairs": ["--recipe", "rmac-lite0"],
    "transforms:seed=6": ["--recipe", "rmac-lite0"],
    "policy:seed=4": ["--recipe", "mac-lite0"],
    "operations:seed=4": ["--recipe", "mac-lite0"],
    "operation-counts": ["--recipe", "mac-lite0"],
    "sheets:queries=3,k=7": ["--recipe", "{plain}", "--recipe", "{policy}"],
}
NAMED = {"sheets:queries=3,k=7": "policy-sheets"}  # a figure that stands here twice
RECIPE = """name = "{name}"
views = {{ resize = "square", sizes = [224], policy = {policy} }}
backbone = {{ network = "timm:tf_efficientnet_lite0", weights = "efficientnet-lite0", layers = ["blocks.6"] }}
"""


def corners(pixels: Pixels, moved: list[list[float]]) -> Pixels:
    """The photo seen from the side: its corners move to these shares of its width and height."""
    height, width = pixels.shape[:2]
    here = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    there = (np.array(moved) * (width, height)).astype(np.float32)
    return cv2.warpPerspective(pixels, cv2.getPerspectiveTransform(here, there), (width, height))


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """Turned with all of it kept."""
    return np.asarray(Image.fromarray(pixels).rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC))


def part(pixels: Pixels, top: float, left: float, bottom: float, right: float) -> Pixels:
    """A part, in shares of the height and width."""
    height, width = pixels.shape[:2]
    return pixels[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]


def darker(pixels: Pixels, share: float) -> Pixels:
    """Less light."""
    return (pixels * share).astype(np.uint8)


CHANGES: list[Callable[[Pixels], Pixels]] = [
    lambda pixels: pixels,
    lambda pixels: turned(part(pixels, 0.05, 0.1, 0.8, 0.85), 12),
    lambda pixels: darker(part(pixels, 0.2, 0.15, 0.95, 1.0), 0.55),
    lambda pixels: corners(pixels, [[0.1, 0.15], [0.95, 0.0], [0.85, 0.9], [0.0, 1.0]]),
]


def album(root: Path) -> Path:
    """A folder of sub-folders, one an instance."""
    shutil.rmtree(root, ignore_errors=True)
    for name in sorted(set(FREE) - SMALL):
        with Image.open(Path(skimage.__file__).parent / "data" / name) as photo:
            photo.thumbnail((SIDE, SIDE))
            pixels = np.asarray(photo.convert("RGB"))
        folder = root / Path(name).stem
        folder.mkdir(parents=True)
        for number, change in enumerate(CHANGES):
            Image.fromarray(np.ascontiguousarray(change(pixels))).save(folder / f"{number}.jpg", quality=85)
    return root


def recipes(root: Path) -> dict[str, Path]:
    """MAC of small photos as they are, and through the published policy: a file each."""
    found = {"plain": root / "without.toml", "policy": root / "through-tursun2020.toml"}
    for path, policy in zip(found.values(), ("[]", '"tursun2020"'), strict=True):
        path.write_text(RECIPE.format(name=path.stem, policy=policy))
    return found


def main() -> None:
    """Draw every figure into docs/pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=HOME / "docs" / "pictures")
    parser.add_argument("--only", nargs="*", default=list(FIGURES), choices=list(FIGURES))
    asked = parser.parse_args()
    root = album(HOME / "build" / "album")
    files = recipes(root.parent)
    asked.into.mkdir(parents=True, exist_ok=True)
    for kind in asked.only:
        options = [option.format(**files) for option in FIGURES[kind]]
        target = asked.into / f"{NAMED.get(kind, kind.partition(':')[0])}.png"
        line = [sys.executable, "-m", "resight", "figure", kind, root, *options, "--out", target]
        subprocess.run([str(word) for word in line], check=True)
        with Image.open(target) as drawn:
            small = drawn.convert("RGB")
        small.thumbnail((WIDTH, 10 * WIDTH))
        small.quantize(128).save(target, optimize=True)


if __name__ == "__main__":
    main()
