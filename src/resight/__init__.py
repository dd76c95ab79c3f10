"""Find the same building, product, cover or logo again in your photos.

import resight

resight.index("photos")                              # once, and again whenever the folder changes
for hit in resight.search("query.jpg", gallery="photos/.resight", k=5):
    print(hit.rank, hit.score, hit.path)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from resight.version import __version__ as __version__

if TYPE_CHECKING:
    from resight.dataset import Dataset
    from resight.datasets import open_dataset
    from resight.describing import Describer
    from resight.errors import ResightError
    from resight.evaluator import Evaluation, compare, evaluate, score_vectors
    from resight.gallery import Gallery
    from resight.images import Photo, read
    from resight.indexer import Merged, Report, fit, index, index_shard, merge
    from resight.recipe import Recipe
    from resight.searcher import Searcher, search
    from resight.tuner import Tuned, tune
    from resight.types import Box, Descriptor, Hit, Match, Ranking, Region

_HOMES = {
    "dataset": ("Dataset",),
    "datasets": ("open_dataset",),
    "describing": ("Describer",),
    "errors": ("ResightError",),
    "evaluator": ("Evaluation", "compare", "evaluate", "score_vectors"),
    "gallery": ("Gallery",),
    "images": ("Photo", "read"),
    "indexer": ("Merged", "Report", "fit", "index", "index_shard", "merge"),
    "recipe": ("Recipe",),
    "searcher": ("Searcher", "search"),
    "tuner": ("Tuned", "tune"),
    "types": ("Box", "Descriptor", "Hit", "Match", "Ranking", "Region"),
}

__all__ = [
    "Box", "Dataset", "Describer", "Descriptor", "Evaluation", "Gallery", "Hit", "Match", "Merged", "Photo",
    "Ranking", "Recipe", "Region", "Report", "ResightError", "Searcher", "Tuned", "compare", "evaluate",
    "fit", "index", "index_shard", "merge", "open_dataset", "read", "score_vectors", "search", "tune",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Public names are loaded on first use: importing resight imports nothing else."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"resight.{home}"), name)
    raise AttributeError(f"module 'resight' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
