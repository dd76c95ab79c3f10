"""Stanford Online Products. Song, Xiang, Jegelka and Savarese, CVPR 2016.

`Ebay_train.txt` and `Ebay_test.txt` are read. Their first line is `image_id class_id super_class_id path`;
each other line is a photo, its columns between spaces. A class is one product. No product is in both lists:
one is for training, the other is tested.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from resight.dataset import Dataset
from resight.datasets._leave_one_out import leave_one_out
from resight.datasets._named_photos import first_file, place_photos
from resight.datasets._photos_by_name import partial
from resight.datasets._text import lines
from resight.errors import BadData, BadSetting
from resight.fetching.sources import Source

NEEDED = (
    Source(
        "Stanford_Online_Products.zip", "ftp://cs.stanford.edu/cs/cvgl/Stanford_Online_Products.zip",
        "the photos and both lists; fetch it by hand, it has no address of http",
    ),
)  # fmt: skip
ABOUT = "120,053 photos of 22,634 products in 12 categories, as they were offered on eBay; half for training."
FOLDERS = ("Stanford_Online_Products", "")
HEADER = "image_id class_id super_class_id path"
PUBLISHED = {"test": (60_502, 11_316), "train": (59_551, 11_318)}  # photos, products
UNTESTED = "the products are those of the train split, which the protocol does not test"


def stanford_online_products(root: Path, *, split: str = "test") -> Dataset:
    """`split`: "test", as the protocol has it, or "train", whose products are the labels for training."""
    if split not in PUBLISHED:
        raise BadSetting(f"'stanford-online-products' takes 'test' or 'train' for 'split', not '{split}'.")
    table = first_file(root, [f"{folder}/Ebay_{split}.txt".lstrip("/") for folder in FOLDERS])
    named, labels = _read(table)
    photos = place_photos(root, FOLDERS, named, table)
    count, products = PUBLISHED[split]
    return Dataset(
        "stanford-online-products", root, photos, np.arange(len(photos)), leave_one_out(labels, photos),
        ("r@1", "r@10", "r@100", "r@1000"),
        f"{split} split; each photo asks for the others of its product, itself left out",
        caveats=(
            *partial("photos", len(photos), count), *partial("products", len(set(labels)), products),
            *((UNTESTED,) if split == "train" else ()),
        ),
        labels=labels,
    )  # fmt: skip


def _read(table: Path) -> tuple[list[str], tuple[str, ...]]:
    """The path of each photo, and its class."""
    told = "`resight data stanford-online-products` tells where to get it."
    header, *rows = lines(table, told) or [(1, "")]
    if header[1].split() != HEADER.split():
        raise BadData(f"{table}, line {header[0]}: the first line should be '{HEADER}'.")
    named, labels = [], []
    for line, text in rows:
        words = text.split()
        if len(words) != 4 or not words[1].isdecimal():
            raise BadData(f"{table}, line {line}: a photo is three numbers and a path, not '{text}'.")
        named.append(words[3])
        labels.append(words[1])
    if not named:
        raise BadData(f"{table} names no photo; get it again.")
    return named, tuple(labels)
