"""Copies that were made of photos, and what `resight duplicates` finds of them: results/duplicates.csv.

Of `--photos` photos (500; ImageNet, groceries, covers and logos in turn, by a fixed hash) `--copies` (300)
are copied once: cut to between 60 and 95 % of the area, turned by quarters or by 2 to 12 degrees, encoded
anew at qualities from 15, in other colours, or several of these; a copy is made of what is seen, a logo on
white where it is transparent. The photos are those whose hash is odd; limits were chosen on even ones. Of a
brand there is one logo: others are the same drawing in many cases. A pair that is found and was not made
counts as wrong, and is named (`unmade`): some may be copies all the same.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from PIL import Image, ImageEnhance

from record import record
from resight import images
from resight.duplicates import groups
from resight.gallery import snapshot_of
from resight.indexer import index
from resight.recipe import Recipe
from shared_data import needed_data

SETS = ("distractors/imagenet_samples", "groceries", "dvd_covers", "logos")
KINDS = ("cut", "quarter", "angle", "encoded", "colours", "several")
QUARTERS = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)


def digest(path: Path) -> bytes:
    """By which photos are chosen."""
    return hashlib.sha256("/".join(path.parts[-3:]).encode()).digest()


def chosen(data: Path, count: int) -> list[Path]:
    """So many photos of odd hashes, the sets in turn; of a cover or product two photos are no copies."""
    lists = [
        sorted((path for path in (data / name).rglob("*") if path.suffix in (".jpg", ".png")), key=digest)
        for name in SETS
    ]
    odd = [[path for path in each if digest(path)[0] % 2] for each in lists]
    odd[-1] = list({path.parent: path for path in reversed(odd[-1])}.values())[::-1]
    mixed = itertools.chain.from_iterable(itertools.zip_longest(*odd))
    return list(itertools.islice((path for path in mixed if path), count))


def cut(photo: Image.Image, rng: random.Random) -> Image.Image:
    """60 to 95 % of the area, anywhere."""
    side = rng.uniform(0.6, 0.95) ** 0.5
    width, height = int(photo.width * side), int(photo.height * side)
    left, top = rng.randint(0, photo.width - width), rng.randint(0, photo.height - height)
    return photo.crop((left, top, left + width, top + height))


def turn(photo: Image.Image, rng: random.Random) -> Image.Image:
    """By 2 to 12 degrees either way, with black corners."""
    angle = rng.choice([-1, 1]) * rng.uniform(2, 12)
    return photo.rotate(angle, Image.Resampling.BICUBIC, expand=rng.random() < 0.5)


def colour(photo: Image.Image, rng: random.Random) -> Image.Image:
    """Other light, contrast and saturation."""
    for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast):
        photo = kind(photo).enhance(rng.uniform(0.6, 1.4))
    return ImageEnhance.Color(photo).enhance(rng.uniform(0, 2))


def copied(photo: Image.Image, kind: str, rng: random.Random) -> bytes:
    """The file of a copy."""
    quality = rng.randint(40, 95)
    if kind == "cut":
        photo = cut(photo, rng)
    elif kind == "quarter":
        photo = photo.transpose(rng.choice(QUARTERS))
    elif kind == "angle":
        photo = turn(photo, rng)
    elif kind == "encoded":
        share, quality = rng.uniform(0.35, 1), rng.randint(15, 60)
        photo = photo.resize((round(photo.width * share), round(photo.height * share)))
    elif kind == "colours":
        photo = colour(photo, rng)
    else:
        photo = colour(cut(photo, rng), rng)
        photo = turn(photo, rng) if rng.random() < 0.5 else photo.transpose(QUARTERS[0])
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=quality)
    return file.getvalue()


def build(folder: Path, photos: list[Path], copies: int, seed: int = 1) -> dict[frozenset[str], str]:
    """The folder of photos and copies; the pairs that were made, and how."""
    rng, made = random.Random(seed), {}
    for number, path in enumerate(photos):
        name = f"{number:04d}{path.suffix}"
        (folder / name).write_bytes(path.read_bytes())
        if number < copies:
            kind = KINDS[number // len(SETS) % len(KINDS)]
            seen = Image.fromarray(images.read(path).pixels)
            (folder / f"{number:04d} {kind}.jpg").write_bytes(copied(seen, kind, rng))
            made[frozenset((name, f"{number:04d} {kind}.jpg"))] = kind
    return made


def pairs_of(gallery: Path) -> set[frozenset[str]]:
    """All pairs of files that stand in one group of copies."""
    found = groups(gallery, "copies")
    with snapshot_of(gallery) as opened:
        named = [
            [name for image in each.images for name in opened.catalogue.files_of(image)] for each in found
        ]
    return {frozenset(pair) for names in named for pair in itertools.combinations(names, 2)}


def main() -> None:
    """Measure, print, and write results/duplicates.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--copies", type=int, default=300)
    parser.add_argument("--recipe", default="default")
    asked = parser.parse_args()
    data = needed_data()
    with tempfile.TemporaryDirectory() as folder:
        made = build(Path(folder), chosen(data, asked.photos), asked.copies)
        index(folder, recipe=Recipe.load(asked.recipe), local_features=True)
        begun = time.monotonic()
        found = pairs_of(Path(folder) / ".resight")
        seconds = time.monotonic() - begun
    right = found & made.keys()
    kinds, every = Counter(made[pair] for pair in right), Counter(made.values())
    row: dict[str, object] = {
        "recipe": asked.recipe, "photos": asked.photos, "copies": len(made), "found": len(found),
        "precision": f"{len(right) / max(1, len(found)):.4f}",
        "recall": f"{len(right) / max(1, len(made)):.4f}",
        "unmade": "; ".join(" = ".join(sorted(pair)) for pair in sorted(map(sorted, found - made.keys()))),
        "seconds": f"{seconds:.0f}",
    }  # fmt: skip
    row |= {f"recall, {kind}": f"{kinds[kind]}/{every[kind]}" for kind in KINDS}
    record("duplicates", row, ("recipe", "photos", "copies"))
    sys.stdout.write(", ".join(f"{key} {value}" for key, value in row.items()) + "\n")


if __name__ == "__main__":
    main()
