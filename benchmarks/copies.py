"""What tells a copy of a photo, encoded or resized otherwise, from other photos of the same thing.

Copies are made of every photo: JPEG of four qualities, half the size as JPEG and PNG, PNG, and a crop of 90 %
of each side. A hash of 64 bits (signs of the low frequencies of 32 x 32 grey pixels) and the difference of
small pictures in colour each get a threshold on one half of the instances, midway between the copies and the
other photos of three sets of photographs. The other half says what each finds, and what it takes for a copy.
"""

from __future__ import annotations

import io
import itertools
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from record import record
from resight import images
from resight.images.likeness import COPY, Small, difference, enough, small
from resight.processors import processors
from resight.workers.threads import in_order
from shared_data import needed_data, truth

SETS = ("dvd_covers", "groceries", "scenes", "logos")
CHOSEN_ON = SETS[:3]  # many logos of a brand are the same drawing, so which are copies is not known
HASHED, LOW = 32, 8
SHARE = 0.9  # of each side that a crop keeps


@dataclass
class Distances:
    """Of copies, by how they were made, and of pairs of other photos that show one instance."""

    copies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    others: list[float] = field(default_factory=list)


def variants(pixels: NDArray[np.uint8]) -> Iterator[tuple[str, bytes]]:
    """The file of each copy, by how it was made."""
    photo = Image.fromarray(pixels)
    half = photo.resize((max(1, photo.width // 2), max(1, photo.height // 2)), Image.Resampling.LANCZOS)
    margin = (1 - SHARE) / 2
    left, top = round(photo.width * margin), round(photo.height * margin)
    crop = photo.crop((left, top, photo.width - left, photo.height - top))
    made = {f"JPEG {quality}": (photo, "JPEG", quality) for quality in (30, 50, 70, 90)}
    made |= {"half JPEG": (half, "JPEG", 85), "half PNG": (half, "PNG", 0), "PNG": (photo, "PNG", 0)}
    made |= {"crop": (crop, "JPEG", 90)}
    for name, (picture, kind, quality) in made.items():
        file = io.BytesIO()
        picture.save(file, kind, quality=quality)
        yield name, file.getvalue()


def seen(data: bytes) -> tuple[NDArray[np.bool_], Small]:
    """The hash of a file, and its small picture."""
    photo = images.read(data, enough=enough)
    grey = cv2.cvtColor(images.resize(photo.pixels, HASHED, HASHED), cv2.COLOR_RGB2GRAY)
    low = cv2.dct(grey.astype(np.float32))[:LOW, :LOW].ravel()
    return np.append(low[1:] > np.median(low[1:]), low[0] > 0), small(photo)


def apart(one: tuple[NDArray[np.bool_], Small], other: tuple[NDArray[np.bool_], Small]) -> dict[str, float]:
    """The distance of two photos by both measures."""
    return {
        "hash": float((one[0] != other[0]).sum()),
        "small pictures": float(difference(one[1], other[1][None])[0]),
    }


def measured(folder: Path) -> dict[tuple[str, int], Distances]:
    """By the measure, and the half of the instances."""
    labels = truth(folder)
    halves = {instance: place % 2 for place, instance in enumerate(sorted(set(labels.values())))}
    found: dict[tuple[str, int], Distances] = defaultdict(Distances)

    def one(path: str) -> tuple[tuple[NDArray[np.bool_], Small], list[tuple[str, dict[str, float]]]]:
        data = (folder / path).read_bytes()
        own = seen(data)
        return own, [(name, apart(own, seen(copy))) for name, copy in variants(images.read(data).pixels)]

    seen_of = defaultdict(list)
    results = in_order(one, list(labels), processors(), lambda: False)
    for (own, copies), instance in zip(results, labels.values(), strict=True):
        seen_of[instance].append(own)
        for name, distances in copies:
            for measure, value in distances.items():
                found[measure, halves[instance]].copies[name].append(value)
    for instance, photos in seen_of.items():
        for pair in itertools.combinations(photos, 2):
            for measure, value in apart(*pair).items():
                found[measure, halves[instance]].others.append(value)
    return found


def chosen(found: list[Distances]) -> float:
    """Midway, as a factor, between copies and other photos, without one in a thousand of each."""
    copies = [
        value for one in found for name, values in one.copies.items() if name != "crop" for value in values
    ]
    others = [value for one in found for value in one.others]
    ends = np.quantile(copies, 0.999), np.quantile(others, 0.001)
    return float(np.sqrt(max(ends[0], 1e-6) * max(ends[1], 1e-6)))


def main() -> None:
    """Measure, print, and write results/copies.csv."""
    data = needed_data()
    found = {name: measured(data / name) for name in SETS}
    for measure in ("hash", "small pictures"):
        threshold = chosen([found[name][measure, 0] for name in CHOSEN_ON])
        sys.stdout.write(f"{measure}: {threshold:.3f} (Resight's own is {COPY})\n")
        for name in SETS:
            one = found[name][measure, 1]
            row: dict[str, object] = {"measure": measure, "set": name, "threshold": f"{threshold:.3f}"}
            row |= {"pairs": len(one.others), "taken": int((np.array(one.others) <= threshold).sum())}
            for kind, values in one.copies.items():
                row[f"found, {kind}"] = f"{(np.array(values) <= threshold).mean():.4f}"
            row |= {"nearest_other": f"{min(one.others):.3f}"}
            record("copies", row, ("measure", "set"))
            sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
