"""What tuning will do, before it does it: photos, variants, where they are kept, and what that costs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight import policy
from resight.backbones._weights import locate
from resight.dataset import Dataset
from resight.errors import BadSetting
from resight.evaluator.workspace import Source
from resight.files import cache_folder
from resight.images import PIXEL_PATH
from resight.methods import Method
from resight.recipe import Recipe
from resight.tuner.grouping import Groups
from resight.tuner.variants import alone
from resight.version import __version__


@dataclass(frozen=True, eq=False)
class Plan:
    """Photos of a data set, in groups, and the `variants` they are seen through; the last, "", is none."""

    data: Dataset
    recipe: Recipe
    groups: Groups
    variants: tuple[str, ...]
    length: int
    fit_from: str

    @classmethod
    def of(
        cls,
        data: Dataset,
        recipe: Recipe | str,
        length: int,
        settings: Sequence[str],
        fit_from: str | Path | None,
    ) -> Plan:
        """The plan for a data set; raises what is wrong with any of it, before the work."""
        if not 1 <= length <= policy.MOST:
            raise BadSetting(f"A policy has between 1 and {policy.MOST} operations, not {length}.")
        found = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
        variants = (*policy.variants(tuple(settings)), "")
        return cls(data, alone(found), Groups.of(data), variants, length, str(fit_from or ""))

    @property
    def names(self) -> tuple[str, ...]:
        """The photos that are tuned on, relative to the data set's folder."""
        return tuple(self.data.photos[number] for number in self.groups.photos.tolist())

    @property
    def paths(self) -> list[Path]:
        """The same as whole paths."""
        return [self.data.root / name for name in self.names]

    @property
    def turns(self) -> list[int]:
        """Degrees clockwise that each must be turned by."""
        return [self.data.turns.get(name, 0) for name in self.names]

    @property
    def source(self) -> Source:
        """The same photos, as what a fit is made on."""
        turns = ((name, turn) for name, turn in zip(self.names, self.turns, strict=True) if turn)
        return Source(self.data.root, self.names, tuple(sorted(turns)))

    def numbers(self, operations: Sequence[str]) -> NDArray[np.int64]:
        """(n,) of the variants that operations are, whatever their other settings."""
        known = {_key(text): number for number, text in enumerate(self.variants) if text}
        return np.array([known[_key(text)] for text in operations], np.int64)

    def told(self, waiting: int, policies: int) -> str:
        """The plan in words."""
        photos, variants = len(self.groups.photos), len(self.variants)
        one = self.recipe.first.views
        work = f"{waiting * variants * len(one.sizes):,} views go through the network" if waiting else ""
        done = "all were described before" if not waiting else f"{photos - waiting} were described before"
        return (
            f"Tuning on {photos} photos of {self.groups.count} groups, each seen as it is and through "
            f"{variants - 1} variants; {done}{'; ' + work if work else ''}. Then {policies:,} policies of "
            f"{self.length} operations are scored, without the network."
        )

    def folder(self, fit: str) -> Path:
        """Where the descriptors are kept: another folder where anything differs that they depend on."""
        parts = [
            self.recipe.sentence(),
            [locate(backbone).key for backbone in self.recipe.backbones],
            [policy.operation(text).sentence() for text in self.variants if text],
            fit, PIXEL_PATH, self.recipe.precision, *self.recipe.packages,
        ]  # fmt: skip
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
        for path, turn in zip(self.paths, self.turns, strict=True):
            digest.update(f"{path.resolve()}\0{turn}\0{_state(path)}\n".encode("utf8", "surrogateescape"))
        return cache_folder() / "tunings" / digest.hexdigest()[:24]

    def journal(self, folder: Path, search: Method, reward: Method, policies: int, seed: int) -> Path:
        """Where the rewards of one search are kept until it has ended."""
        parts = [search.sentence(), reward.sentence(), policies, seed, self.length, __version__]
        return folder / f"search-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"

    def facts(self, fit: str) -> dict[str, Any]:
        """What the result depends on, and can be written as TOML."""
        return {
            "data": self.data.name, "recipe": self.recipe.name, "groups": self.groups.count,
            "length": self.length, "fit": fit, "fit_from": self.fit_from, "version": __version__,
        }  # fmt: skip


def _key(text: str) -> tuple[str, int]:
    found = policy.operation(text)
    return found.name, int(found.settings["magnitude"])


def _state(photo: Path) -> str:
    """Another one where a file was changed, as far as its directory entry says."""
    try:
        status = photo.stat()
    except OSError:
        return "none"
    return f"{status.st_size} {status.st_mtime_ns}"
