"""A gallery in miniature: drawn photos, a network with random weights, and a process that can be killed.

Run as a program it is that process: `small.py VERB PHOTOS [FILE...]`, which says "ready" and "done".
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import resource
import sqlite3
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from resight import indexer
from resight.cli._exit_codes import exit_code
from resight.errors import BadQuery, ResightError
from resight.gallery import Gallery, Writer, check, snapshot_of, writer
from resight.gallery.vectors import Disk
from resight.indexer import housekeeping, refit, update
from resight.ranking import LocalFeatures
from resight.recipe import Recipe
from resight.types import Descriptor, Region

if TYPE_CHECKING:
    from support.scripts import Forked

NETWORK = {"network": "timm:test_resnet", "weights": "random", "layers": ["layer3"]}
PLAIN = {"name": "plain", "views": {"sizes": [64]}, "backbone": NETWORK}
FITTED = PLAIN | {"name": "fitted", "each": ["l2", "pca-whitening:dims=8,ridge=0.1", "l2"]}
KEEP = PLAIN | {"name": "keep", "regions": "rmac-grid:levels=2", "gather": "keep", "post": []}
RANDOM_WEIGHTS = "ignore:.*random weights:UserWarning"
NO_UNITS = "ignore:.*has no units here:UserWarning"  # for bf16


def recipe(values: dict[str, Any]) -> Recipe:
    return Recipe.parse(values)


def toml(values: dict[str, Any], folder: Path) -> Path:
    """The recipe as a file, for the command."""

    def text(value: Any) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{key} = {text(one)}" for key, one in value.items()) + " }"
        return "[" + ", ".join(map(text, value)) + "]" if isinstance(value, list) else repr(value)

    path = folder / f"{values['name']}.toml"
    path.write_text("".join(f"{key} = {text(value)}\n" for key, value in values.items()))
    return path


def draw(path: Path, seed: int, size: tuple[int, int] = (64, 48)) -> Path:
    """A photo of coarse coloured patches, unlike that of any other seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def album(root: Path, count: int, seed: int = 0) -> list[str]:
    """So many photos in two folders; their relative paths, sorted."""
    names = [f"{'ab'[i % 2]}/{i:03d}.png" for i in range(count)]
    for i, name in enumerate(names):
        draw(root / name, 1000 * seed + i)
    return sorted(names)


def index(root: Path, values: dict[str, Any] | None = None, **more: Any) -> indexer.Report:
    given = recipe(values) if values else None
    return indexer.index(root, recipe=given, **({"engine": "openvino", "workers": 1} | more))


def square(at: float, side: float = 1) -> Region:
    """The square region whose upper left corner is (at, at)."""
    end = at + side
    return Region.of([(at, at), (end, at), (end, end), (at, end)])


def random_descriptor(rng: np.random.Generator, width: int = 4, rows: int = 1) -> Descriptor:
    vectors = rng.standard_normal((rows, width)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    regions = tuple(square(i) for i in range(rows)) if rows > 1 else None
    return Descriptor(vectors, regions, "none")


def random_features(rng: np.random.Generator, count: int) -> LocalFeatures:
    """Local features of any bytes, such as no photo has."""
    points = rng.integers(0, 256, (count, 8), dtype=np.uint8).view(np.float32)
    return LocalFeatures(points, rng.integers(0, 256, (count, 128), dtype=np.uint8))


def add(
    writer: Writer, name: str, rng: np.random.Generator, features: LocalFeatures | None = None, **more: Any
) -> int:
    """A photo that was never a file, with random vectors."""
    content = hashlib.sha256(name.encode()).digest()
    image = writer.find_content(content)
    if image is None:
        image = writer.add(content, (10, 10), random_descriptor(rng, **more), None)
        if features is not None:
            writer.local.put(image, features)
    writer.set_file(name, 1, 1, image)
    return image


def fill(folder: Path, vectors: np.ndarray) -> None:
    """A gallery of photos that were never files, with these vectors (photos, rows, D)."""
    rows = vectors.shape[1]
    regions = tuple(square(i) for i in range(rows)) if rows > 1 else None
    with Writer(folder) as writer:
        writer.begin(folder.parent, recipe(PLAIN if rows == 1 else KEEP), "weights")
        for number, own in enumerate(vectors):
            image = writer.add(number.to_bytes(32), (10, 10), Descriptor(own, regions, "x"), None)
            writer.set_file(f"{number:04d}.jpg", 1, 1, image)
        writer.commit()


def contents(folder: Path | str) -> dict[str, tuple[Any, ...]]:
    """Every file of a gallery: its failure, or its content, descriptor, regions and local features."""
    with snapshot_of(folder) as gallery:
        found: dict[str, tuple[Any, ...]] = {}
        for name, image, failure in list(gallery.catalogue.files()):
            if image is None:
                found[name] = (failure,)
            else:
                own = gallery.rows.of(image)
                rows, regions = np.array(gallery.vectors[own.first :][: own.count]), own.regions
                local = gallery.local_features.of(image)
                stored = None if local is None else local.points.tobytes() + local.descriptors.tobytes()
                found[name] = (gallery.catalogue.image(image).sha256, rows, regions, stored)
        return found


def assert_same(one: dict[str, tuple[Any, ...]], other: dict[str, tuple[Any, ...]]) -> None:
    """The same files with the same descriptors; a network for one shape differs from one for any by 1e-5."""
    assert one.keys() == other.keys()
    for name, (content, *described) in one.items():
        assert content == other[name][0], name
        if described:
            np.testing.assert_allclose(described[0], other[name][1], atol=1e-3, err_msg=name)
            assert described[1] == other[name][2]
            assert described[2] == other[name][3], f"{name} has other local features"


def damage(folder: Path | str) -> list[check.Finding]:
    """What `verify` finds wrong with the gallery itself."""
    with snapshot_of(folder, damaged=True) as gallery:
        return [finding for finding in check.verify(gallery) if finding.damage]


def fingerprint(gallery: Gallery) -> str:
    with gallery.snapshot() as snapshot:
        return snapshot.fingerprint


def execute(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    """A statement on the catalogue itself, behind the gallery's back; the rows that it gives."""
    connection = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def watch_connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """The connections to catalogues that are opened from now on, the first one first."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def watched(*arguments: Any, **more: Any) -> sqlite3.Connection:
        opened.append(connect(*arguments, **more))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", watched)
    return opened


def command(*arguments: Path | str, **more: Any) -> Forked:
    """`resight ...` in a process of its own."""
    return _start(["-m", "resight", *map(str, arguments)], **more)


def process(verb: str, root: Path, *files: str, **more: Any) -> Forked:
    """One verb on a gallery in a process of its own, on a slow disk; returns when it begins."""
    started = _start([__file__, verb, str(root), *files], **more)
    assert started.stdout.readline() == "ready\n", started.communicate()
    return started


def _start(words: list[str], cwd: Path | str = ".", env: Mapping[str, str] | None = None) -> Forked:
    from support.scripts import Forked  # not of the program that this file is, too

    return Forked(words, cwd, os.environ | {"PYTHONWARNINGS": "ignore"} | (env or {}))


@dataclasses.dataclass
class Slow(Disk):
    """A disk that takes its time at each step, so that a kill falls between two of them."""

    seconds: float = 0.003

    def write(self, file: int, data: bytes, offset: int) -> None:
        half = len(data) // 2
        super().write(file, data[:half], offset)
        time.sleep(self.seconds)
        super().write(file, data[half:], offset + half)

    def sync(self, file: int) -> None:
        time.sleep(self.seconds)
        super().sync(file)

    def commit(self, connection: Any) -> None:
        time.sleep(self.seconds)
        super().commit(connection)
        time.sleep(self.seconds)

    def rename(self, old: Path, new: Path) -> None:
        time.sleep(self.seconds)
        super().rename(old, new)
        time.sleep(self.seconds)


def do(verb: str, root: Path, files: list[str]) -> None:
    """The verbs that may be killed."""
    if verb in ("index", "update"):
        index(root, FITTED, local_features=True)
    elif verb == "batches":
        index(root, FITTED, local_features=True, batch=4)
    elif verb == "remove":
        indexer.remove(root / ".resight", files)
    elif verb == "compact":
        indexer.compact(root / ".resight")
    elif verb == "refit":
        indexer.fit(root / ".resight", engine="openvino", workers=1)
    else:
        raise BadQuery(f"No verb {verb}.")


def main() -> None:
    verb, root, *files = sys.argv[1:]
    warnings.simplefilter("ignore")
    housekeeping.Writer = refit.Writer = update.Writer = lambda *a, **b: Writer(*a, **b, disk=Slow())
    writer.COMMIT_EVERY = 0.01
    housekeeping.COMMIT_EVERY = 3
    limit = int(os.environ.get("LARGEST_FILE", 0))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        do(verb, Path(root), files)
        sys.stdout.write("done\n")
        sys.stdout.flush()
    except ResightError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main()
