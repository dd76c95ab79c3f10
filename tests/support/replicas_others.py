"""Small copies of data sets in the form of the real ones: a function bears the name of its set.

Photos of one instance are shifted cuts of one drawing, so that a recipe can find them again.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image


def cut(path: Path, instance: int, shift: int) -> str:
    """A cut of an instance's drawing, moved by `shift` times a few pixels; its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    patches = np.random.default_rng(5000 + instance).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    drawing = Image.fromarray(patches).resize((80, 60), Image.Resampling.BICUBIC)
    left, top = 3 * shift % 16, 2 * shift % 12
    drawing.crop((left, top, left + 64, top + 48)).save(path)
    return path.name


def write_csv(path: Path, header: str, rows: Iterable[Iterable[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf8") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def folder(root: Path, instances: int = 4, each: int = 3, distractors: int = 3) -> Path:
    """Sub-folders as instances, one of them deeper, and photos that show none."""
    for instance in range(instances):
        for shift in range(each):
            deeper = "more/" if shift == 2 else ""
            cut(root / f"thing{instance}" / f"{deeper}{shift}.png", instance, shift)
    for number in range(distractors):
        cut(root / "distractors" / f"{number}.png", 100 + number, 0)
    cut(root / "loose.jpg", 200, 0)
    return root


def table(root: Path) -> Path:
    """A folder with a groundtruth.csv that has all columns: boxes, roles, and one more that says nothing."""
    rows: list[list[object]] = []
    for instance in range(3):
        for shift in range(2):
            name = cut(root / "photos" / f"{instance}{shift}.png", instance, shift)
            rows.append([f"photos/{name}", f"thing{instance}", "", "", "", "", "database", "x"])
        name = cut(root / "photos" / f"q{instance}.png", instance, 2)
        rows.append([f"photos/{name}", f"thing{instance}", 4, 2.5, 50, 40, "query", "y"])
    cut(root / "photos" / "no.png", 50, 0)
    rows.append(["photos/no.png", "", "", "", "", "", "distractor", "z"])
    write_csv(root / "groundtruth.csv", "path,instance,x,y,w,h,role,note", rows)
    return root


def metu(root: Path, groups: int = 3, each: int = 3, others: int = 6) -> Path:
    for group in range(1, groups + 1):
        for shift in range(each):
            cut(root / "queries" / f"{shift:03d}-{group:02d}.jpg", group, shift)
    for number in range(others):
        cut(root / "pool" / f"{number:06d}.jpg", 300 + number, 0)
    return root


def npu(root: Path, groups: int = 3, each: int = 3) -> Path:
    for group in range(groups):
        for shift in range(each):
            cut(root / f"group {group}" / f"{shift}.jpg", group, shift)
    return root


def photo_id(text: str) -> str:
    """Sixteen hexadecimal letters, as Google Landmarks names its photos."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def google_landmarks_v1(root: Path, classes: int = 3, each: int = 3) -> Path:
    """The photos all in one folder; of the last one only the address is left."""
    rows = []
    for landmark in range(classes):
        for shift in range(each):
            name = photo_id(f"one {landmark} {shift}")
            rows.append([name, f"http://example.org/{name}.jpg", 7000 + landmark])
            cut(root / "train" / f"{name}.jpg", landmark, shift)
    rows.append([photo_id("no landmark"), "http://example.org/none.jpg", "None"])
    cut(root / "train" / f"{photo_id('no landmark')}.jpg", 400, 0)
    rows.append([photo_id("gone"), "http://example.org/gone.jpg", 7000])
    write_csv(root / "train.csv", "id,url,landmark_id", rows)
    return root


def google_landmarks_v2_clean(root: Path, classes: int = 3, each: int = 3) -> Path:
    rows = []
    for landmark in range(classes):
        names = [photo_id(f"two {landmark} {shift}") for shift in range(each)]
        for shift, name in enumerate(names):
            cut(root / "train" / name[0] / name[1] / name[2] / f"{name}.jpg", landmark, shift)
        rows.append([9 + landmark, " ".join(names)])
    write_csv(root / "train_clean.csv", "landmark_id,images", rows)
    return root


def mirflickr25k(root: Path, count: int = 12) -> Path:
    for number in range(1, count + 1):
        cut(root / "mirflickr" / f"im{number}.jpg", 500 + number, 0)
    return root


def mpeg_cdvs(root: Path, each: int = 2) -> Path:
    """Two references for each of two queries a category; 1b and 1c are the queries of 1a, reduced."""
    database: list[str] = []
    for place, category in enumerate(("1a", "2", "3", "4", "5")):
        home = f"category {category}".replace(" ", "_")
        lines = []
        for query in range(2):
            instance = 10 * place + query
            right = [f"{home}/reference/{query}_{shift}.jpg" for shift in range(each)]
            for shift, name in enumerate(right):
                cut(root / name, instance, shift)
            database += right
            lines.append((f"{home}/query/{query}.jpg", right))
            cut(root / lines[-1][0], instance, each)
        reduced = ("1a", "1b", "1c") if category == "1a" else (category,)
        for each_list in reduced:
            text = "".join(f"{_of(name, each_list)} {' '.join(right)}\n" for name, right in lines)
            (root / f"{each_list}_retrieval.txt").write_text(text)
            for name, _ in lines:
                (root / _of(name, each_list)).write_bytes((root / name).read_bytes())
    for number in range(4):
        database.append(f"distractors/{number}.jpg")
        cut(root / database[-1], 600 + number, 0)
    (root / "database_images.txt").write_text("\n".join(database) + "\n")
    return root


def _of(name: str, category: str) -> str:
    return name if category not in ("1b", "1c") else name.replace(".jpg", f"_{category}.jpg")
