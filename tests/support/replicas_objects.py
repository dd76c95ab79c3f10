"""Small copies of the sets of objects, products and exhibits: a function bears the name of its set."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from support.replicas_others import cut

BOX = (4, 3, 60, 44)  # x1 y1 x2 y2 of photos of 64 x 48


def write_lines(path: Path, *texts: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf8")


def ilias(root: Path, objects: int = 3) -> Path:
    """Two positives an object, one query, two of the first object, with one box or two; a shard of three."""
    queries, positives = [], []
    for number in range(objects):
        name = f"bold_bimp_{number:03d}"
        for shift in range(2):
            positives.append(f"{name}/pos/P{number:03d}_{shift:02d}.jpg")
            cut(root / "ilias_core" / positives[-1], 700 + number, shift)
        for shift in range(2 if number == 0 else 1):
            queries.append(f"{name}/query/Q{number:03d}_{shift:02d}.jpg")
            cut(root / "ilias_core" / queries[-1], 700 + number, 2 + shift)
            boxes = ["2 3 20 30", "10 1 40.5 20"] if shift == 0 else ["4 3 50 40"]
            write_lines(root / "ilias_core" / queries[-1].replace(".jpg", "_bbox.txt"), *boxes)
        write_lines(root / "ilias_core" / name / "query" / f"T{number:03d}.txt", "a thing")
    write_lines(root / "image_ids" / "image_query_ids.txt", *(f"{each},1" for each in queries))
    write_lines(root / "image_ids" / "positive_ids.txt", *(f"{each},0.25,17" for each in positives))
    for number in range(3):
        cut(root / "yfcc100m" / "yfcc100m-000000" / f"{number:x}a0f.jpg", 740 + number, 0)
    return root


def instre(root: Path) -> Path:
    """Two objects of one photo each, and one of two; two queries of the last have one photo to find."""
    from scipy.io import savemat

    searched, asked, truths = [], [], []
    parts = (("INSTRE-S1", "01a_canada_book"), ("INSTRE-S2", "02_toy"), ("INSTRE-M", "50"))
    for number, (part, name) in enumerate(parts):
        for shift in range(3):
            path = f"{part}/{name}/{shift + 1:03d}.jpg"
            cut(root / path, 750 + number, shift)
            write_lines(root / path.replace(".jpg", ".txt"), "4 3 56 41")
            (asked if shift == 2 or (number, shift) == (2, 1) else searched).append(path)
    for path in asked:
        places = [i + 1 for i, each in enumerate(searched) if Path(each).parent == Path(path).parent]
        truths.append((np.array([places], np.uint16), np.array([BOX], np.int32)))
    gnd = np.empty((1, len(truths)), [("ok", object), ("bbx", object)])
    for place, truth in enumerate(truths):
        gnd[0, place] = truth
    lists = {"imlist": searched, "qimlist": asked}
    cells = {key: np.array(names, object).reshape(1, -1) for key, names in lists.items()}
    savemat(root / "gnd_instre.mat", {**cells, "gnd": gnd})
    return root


def met(root: Path, exhibits: int = 4) -> Path:
    """Two photos an exhibit, one of the last; each but the last is asked for; two other queries."""
    database, test = [], []
    for number in range(exhibits):
        for shift in range(1 if number == exhibits - 1 else 2):
            path = f"MET/{34 + number}/{shift}.jpg"
            cut(root / "images" / path, 780 + number, shift)
            database.append({"id": 34 + number, "path": path})
        if number < exhibits - 1:
            test.append({"MET_id": 34 + number, "path": f"test_met/{number:08x}.jpg", "photographer": "x"})
            cut(root / "images" / test[-1]["path"], 780 + number, 2)
    for kind in ("other", "noart"):
        test.append({"path": f"test_{kind}/a.jpg", "category": "y"})
        cut(root / "images" / test[-1]["path"], 790, 0)
    folder = root / "ground_truth"
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "MET_database": database, "mini_MET_database": database[:2], "testset": test, "valset": test[1:2],
    }  # fmt: skip
    for name, content in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf8")
    return root


def stanford_online_products(root: Path, products: int = 3, each: int = 3) -> Path:
    """Products of the test split and as many of the train split, in the folder of the archive."""
    home, header, number = root / "Stanford_Online_Products", "image_id class_id super_class_id path", 0
    for split, first in (("train", 1), ("test", 11_319)):
        rows = []
        for product in range(first, first + products):
            for shift in range(each):
                number += 1
                path = f"bicycle_final/{product}_{shift}.JPG"
                cut(home / path.replace(".JPG", ".jpg"), product, shift)
                (home / path.replace(".JPG", ".jpg")).rename(home / path)
                rows.append(f"{number} {product} 1 {path}")
        write_lines(home / f"Ebay_{split}.txt", header, *rows)
    return root
