"""Descriptors of photos through operations, five poolings of the same maps, kept in a folder: safe to delete.

A network is run once for each photo and operation, whatever the pooling. What is kept goes on where it was
stopped: a row is there, or it is not a number.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import pickle
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resight import images
from resight.describing import fitting
from resight.describing.describer import Describer
from resight.engines import Engine, load
from resight.parts import Backbone, Part, Views
from resight.recipe import Recipe

SQUEEZENET = "squeezenet_v1.1_fp32.npz"
WHITENED = ("l2", "pca-whitening:dims=256,ridge=0.1", "l2")
POOLINGS = {  # section 3.2 of the paper: R-MAC of two levels, and those that are whitened
    "MAC": {"pooling": "mac"},
    "SPoC": {"pooling": "spoc", "each": WHITENED, "relu": True},
    "GeM": {"pooling": "gem"},
    "CroW": {"pooling": "crow", "each": WHITENED, "relu": True},
    "R-MAC": {"pooling": "mac", "each": WHITENED, "regions": "rmac-grid:levels=2,whole=false"},
}
NETWORKS = ("efficientnet-lite0", "squeezenet", "resight-lite0")
AT_ONCE = 16  # operations, whose views of one photo are in memory
REMEMBERED = (
    150  # maps of a photo: parts that clamp them ask for the same ones, and some operations change nothing
)


def recipe_of(network: str, data: Path, precision: str, size: int = 224) -> Recipe:
    """One recipe with a part for each pooling, on photos warped to squares of `size` pixels."""
    if network == "squeezenet":
        plain = Backbone(
            "torchvision:squeezenet1_1", str(data / SQUEEZENET), ("fire9",), False, "caffe", precision
        )
    else:
        plain = Backbone("timm:tf_efficientnet_lite0", network, ("blocks.6",), False, "", precision)
    parts = []
    for settings in POOLINGS.values():
        own = {key: value for key, value in settings.items() if key != "relu"}
        backbone = dataclasses.replace(plain, relu=settings.get("relu", False))
        parts.append(Part(Views("square", (size,)), backbone, **own))
    return Recipe(f"{network} of five poolings", tuple(parts))


class Once:
    """A network whose last answers are remembered, so that maps with and without ReLU are computed once."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._known = engine, dict[bytes, list[NDArray[np.float32]]]()

    def __call__(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """(1, H, W, 3) -> one (1, C, H', W') a layer."""
        key = hashlib.blake2b(pixels.tobytes(), digest_size=16, key=str(pixels.shape).encode()).digest()
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = self._engine(pixels)
        return self._known[key]

    def clamped(self, relu: bool) -> Engine:
        """The same as an engine of its own, whose maps are clamped at zero or not."""
        return Clamped(self, self._engine, relu)


class Clamped:
    """What a recipe's parts are given as their engine."""

    def __init__(self, once: Once, engine: Engine, relu: bool) -> None:
        self._once, self._relu = once, relu
        self.weights, self.only, self.name, self.device = engine.weights, 0, engine.name, engine.device
        self.batch, self.has_bf16 = 1, engine.has_bf16

    def __call__(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """(1, H, W, 3) -> one (1, C, H', W') a layer."""
        maps = self._once(pixels)
        return [np.maximum(each, 0) for each in maps] if self._relu else maps


class LookedThrough:
    """Descriptors of photos through operations by one network; the parameters are fitted on some of them."""

    def __init__(self, folder: Path, recipe: Recipe, paths: Sequence[Path], fitted_on: Sequence[int]) -> None:
        said = [recipe.sentence(), [str(path) for path in paths], list(fitted_on)]
        self._folder = folder / hashlib.sha256(repr(said).encode()).hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)
        self._recipe, self._paths, self._fitted_on = recipe, paths, fitted_on

    @functools.cached_property
    def _plain(self) -> Describer:
        once: list[Once] = []

        def make(backbone: Backbone) -> Engine:
            if not once:
                once.append(Once(load(dataclasses.replace(backbone, relu=False), "openvino")))
            return once[0].clamped(backbone.relu)

        plain = Describer(self._recipe, engine=make)
        known = self._folder / "parameters.pickle"
        if not known.exists():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # few samples: how many is said with the results
                sample = [plain.prepare(images.read(self._paths[number])) for number in self._fitted_on]
                known.write_bytes(pickle.dumps(fitting.fit(plain, lambda: sample)))
        return plain.with_parameters(pickle.loads(known.read_bytes()), "benchmark")

    def _describer(self, operations: tuple[str, ...]) -> Describer:
        """One that looks through operations; ("",) is none."""
        policy = () if operations == ("",) else operations
        parts = tuple(
            dataclasses.replace(part, views=dataclasses.replace(part.views, policy=policy))
            for part in self._recipe.parts
        )
        return Describer(
            Recipe("looking", parts), self._plain.parameters, "benchmark", networks=self._plain.networks
        )

    def describe(
        self, photos: Sequence[int], operations: Sequence[str], say: Callable[[str], None] = print
    ) -> None:
        """See to it that these photos are described through these operations; "" is the photo as it is."""
        tables = {each: self._table(each) for each in operations}
        describers: dict[tuple[str, ...], Describer] = {}
        begun, own, views = time.monotonic(), time.process_time(), 0
        for done, number in enumerate(photos, 1):
            # asked when it is the photo's turn: another process may have described it
            asked = [each for each in operations if np.isnan(tables[each][number, 0])]
            photo = images.read(self._paths[number]) if asked else None
            changed = [each for each in asked if each]
            blocks = [tuple(changed[first : first + AT_ONCE]) for first in range(0, len(changed), AT_ONCE)]
            for some in [*blocks, *([("",)] if "" in asked else [])]:
                if some not in describers:
                    describers[some] = self._describer(some)
                for each, row in zip(some, _rows(describers[some], photo), strict=True):
                    tables[each][number] = row
            views += len(asked)
            if views and (done % 20 == 0 or done == len(photos)):
                spent, clock = time.process_time() - own, time.monotonic() - begun
                say(f"{done} of {len(photos)} photos, {1000 * spent / views:.1f} ms of CPU and "
                    f"{1000 * clock / views:.1f} ms a view")  # fmt: skip

    def rows(self, pooling: str, photos: Sequence[int], operations: Sequence[str]) -> NDArray[np.float32]:
        """(N, V, D) of one pooling, of what was described."""
        place = list(POOLINGS).index(pooling)
        ends = np.cumsum([0, *pickle.loads((self._folder / "widths.pickle").read_bytes())])
        own = slice(ends[place], ends[place + 1])
        found = np.stack([self._table(each)[list(photos), own] for each in operations], axis=1)
        assert not np.isnan(found).any()
        return found

    def _table(self, operation: str) -> NDArray[np.float32]:
        """(photos, D of all poolings) on the disk; rows that are not described yet are not numbers."""
        file = self._folder / f"{operation.replace(':magnitude=', '-') or 'alone'}.npy"
        if not file.exists():
            shape = (len(self._paths), sum(self._widths()))
            made = np.lib.format.open_memmap(file.with_suffix(".new"), "w+", np.float32, shape)
            made[:] = np.nan
            made.flush()
            file.with_suffix(".new").rename(file)
        return np.load(file, mmap_mode="r+")

    def _widths(self) -> list[int]:
        known = self._folder / "widths.pickle"
        if not known.exists():
            photo = images.read(self._paths[self._fitted_on[0]])
            found = self._plain.prepare(photo)
            rows = self._plain.sentences.rows(found.parts, self._plain.parameters)
            known.write_bytes(pickle.dumps([row.shape[-1] for row in rows]))
        return pickle.loads(known.read_bytes())


def _rows(describer: Describer, photo: images.Photo) -> list[NDArray[np.float32]]:
    """(D of all poolings) of each operation of the describer."""
    prepared = describer.prepare(photo, variants=None)
    poolings = [
        sentence.of_operations(own, describer.parameters)
        for sentence, own in zip(describer.sentences.parts, prepared.parts, strict=True)
    ]
    return [np.concatenate([row.reshape(-1) for row in each]) for each in zip(*poolings, strict=True)]
