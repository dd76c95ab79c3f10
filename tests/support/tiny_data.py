"""Sets in the form of the shared data, of drawn photos: every benchmark runs on them in seconds."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from support.drawn import corners_to, seen, texture

SETS = ("dvd_covers", "scenes", "groceries", "logos")
DISTRACTORS = ("imagenet_samples", "grocery_produce", "logos")
INSTANCES, EACH = 4, 3
ONE_KIND = 6  # photos of distractors of one kind
WIDTH, HEIGHT = 96, 72


def made(folder: Path) -> Path:
    """The folder with its README, four sets with truth, and distractors."""
    for number, name in enumerate(SETS):
        _write_set(folder / name, 100 * number)
    for number, name in enumerate(DISTRACTORS):
        for one in range(ONE_KIND):
            # produce lies in folders of its kinds
            kind = f"kind {one % 2}/" if name == "grocery_produce" else ""
            _save(
                folder / "distractors" / name / f"{kind}{one}.jpg",
                texture(1000 + 100 * number + one, WIDTH, HEIGHT).pixels,
            )
    (folder / "README.md").write_text("Drawn photos in the form of the shared data.\n", encoding="utf8")
    return folder


def _write_set(root: Path, seed: int) -> None:
    """Each instance is a drawing, seen from several places."""
    rows: list[Sequence[str]] = []
    for instance in range(INSTANCES):
        drawing = texture(seed + instance, WIDTH, HEIGHT)
        for one in range(EACH):
            shift = np.random.default_rng(seed + 10 * instance + one).uniform(0, 8, (4, 2))
            corners = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)]) + shift
            name = f"{instance}/{one}.jpg"
            _save(root / name, seen(drawing, corners_to(drawing, corners), WIDTH + 8, HEIGHT + 8).pixels)
            rows.append((name, f"instance {instance}"))
    with (root / "groundtruth.csv").open("w", encoding="utf8", newline="") as file:
        csv.writer(file).writerows([("path", "instance"), *rows])


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=92)
