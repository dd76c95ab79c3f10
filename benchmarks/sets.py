"""The sets of the shared data that descriptors are measured on: paths and labels, the same in every run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from resight.trainer.splitting import is_held_out
from shared_data import truth

SETS = ("dvd_covers+400", "scenes", "groceries", "logos")
HELD = ("groceries-held", "logos-held")  # of things that the shipped network was not trained on
HOLD = 0.3  # their share: those with the largest hashes of `set/instance` (resight.trainer.splitting)
LARGEST = 600  # photos of groceries and of logos


@dataclass(frozen=True)
class Labelled:
    """Photos, and what each shows; an empty label is a distractor."""

    name: str
    paths: tuple[Path, ...]
    labels: tuple[str, ...]


def labelled(data: Path, name: str) -> Labelled:
    """A set: covers with 400 photos of ImageNet, all scenes, 600 groceries or logos by a fixed hash.

    `groceries-held` and `logos-held` are all photos of the things that the shipped network did not see.
    """
    own = name.partition("+")[0].removesuffix("-held")
    instances = truth(data / own)
    if name in HELD:
        instances = {path: one for path, one in instances.items() if is_held_out(f"{own}/{one}", HOLD)}
        return Labelled(name, tuple(data / own / path for path in instances), tuple(instances.values()))
    chosen = smallest(instances, LARGEST) if own in ("groceries", "logos") else list(instances)
    paths, labels = [data / own / path for path in chosen], [instances[path] for path in chosen]
    if name.endswith("+400"):
        others = sorted((data / "distractors/imagenet_samples").glob("*.jpg"))[:400]
        paths, labels = [*paths, *others], labels + [""] * len(others)
    return Labelled(name, tuple(paths), tuple(labels))


def smallest(names: Iterable[str], count: int) -> list[str]:
    """The names with the smallest hashes, in their own order."""
    names = list(names)
    chosen = set(sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())[:count])
    return [name for name in names if name in chosen]
