"""A linear layer on a network that keeps its weights: photos are described once, then minutes are enough.

As the linear adaptation of the ILIAS benchmark: Kordopatis-Zilos et al., CVPR 2025.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from resight import indexer, methods
from resight.errors import BadPlan
from resight.gallery import snapshot_of
from resight.parts import Part
from resight.recipe import Recipe
from resight.searcher.collection import Collection
from resight.trainer.leaving import put, to_toml
from resight.trainer.pictures import Photos
from resight.trainer.results import leave, pictures_of
from resight.trainer.run import Run
from resight.trainer.sources import Features
from resight.trainer.trained import Trained

STEP = "dense"


class Head(torch.nn.Module):
    """(B, D) descriptors -> (B, dims) of unit length."""

    def __init__(self, step: str, parameters: dict[str, NDArray[np.float32]]) -> None:
        super().__init__()
        own = {key: torch.nn.Parameter(torch.tensor(value)) for key, value in parameters.items()}
        self.layers = torch.nn.ModuleList()
        self.learnt = torch.nn.ModuleDict({step.replace(".", "/"): torch.nn.ParameterDict(own)})
        self.own = own
        self.device = torch.device("cpu")

    def forward(self, shown: torch.Tensor) -> torch.Tensor:
        """Through the layer."""
        return torch.nn.functional.normalize(shown @ self.own["weight"] + self.own["bias"])

    def keep_in_range(self) -> None:
        """Any number will do."""


def train_head(run: Run, licence: str) -> Trained:
    """Describe all photos, train the layer, and leave the recipe with it as a last step."""
    recipe, plan = run.recipe, run.plan
    if recipe.keeps_regions:
        raise BadPlan(
            "A recipe that keeps its regions has no single descriptor that a layer could learn from."
        )
    if not plan.labels:
        raise BadPlan(
            "A frozen network sees a photo once, so without labels it has nothing to learn from: sort the "
            "photos into a folder a thing, or train the network."
        )
    features, kept, fitted = _features(run)
    dims = min(plan.dims or 512, features.shape[1])
    text = f"{STEP}:dims={dims}"
    name = f"post.0.0.{len(recipe.parts[0].post)}"
    model = Head(name, _first(features, text, plan.start, plan.seed))
    source = Features(kept, features, model)
    loop = run.loop(source)
    loop()
    run.take_best(model)
    learnt = methods.pack({name: {key: value.detach().numpy() for key, value in model.own.items()}})
    trained = _write(run.folder, recipe, fitted | learnt, text, plan.name)
    return leave(run, trained, loop.place, pictures_of(run), licence)


def _features(run: Run) -> tuple[NDArray[np.float32], Photos, dict[str, NDArray[Any]]]:
    """Descriptors (N, D) of the photos that could be read, and the parameters that they were made with."""
    if len(run.recipe.parts) > 1:
        raise BadPlan(
            "A layer is trained on a recipe of one part: take the part with the network as a recipe."
        )
    gallery, photos = run.folder / "features", run.split.photos
    indexer.index(photos.root, gallery, run.recipe, only=photos.paths, noise=False, progress=run.progress)
    rows, kept = [], []
    with snapshot_of(gallery) as snapshot:
        collection = Collection(snapshot)
        for number, path in enumerate(photos.paths):
            image = snapshot.catalogue.image_of(path)
            if image is not None:
                rows.append(np.array(collection.take(collection.rows_of(image))[0]))
                kept.append(number)
        fitted = methods.pack(snapshot.parameters()[0])
    if not rows:
        raise BadPlan("None of the photos can be read, so there is nothing to train on.")
    chosen = np.array(kept)
    classes = np.unique(photos.classes[chosen], return_inverse=True)[1].astype(np.int64)
    return np.stack(rows), Photos(photos.root, tuple(photos.paths[n] for n in kept), classes), fitted


def _first(features: NDArray[np.float32], text: str, start: str, seed: int) -> dict[str, NDArray[np.float32]]:
    step = methods.find("post", text)
    if start == "whitening":
        assert step.fit is not None
        return step.fit([features])
    width, dims = features.shape[1], int(step.settings["dims"])
    weight = torch.empty(width, dims)
    torch.nn.init.xavier_uniform_(weight, generator=torch.Generator().manual_seed(seed))
    return {"weight": weight.numpy(), "bias": np.zeros(dims, np.float32)}


def _write(folder: Path, recipe: Recipe, arrays: dict[str, NDArray[Any]], text: str, plan: str) -> Recipe:
    from safetensors.numpy import save

    put(
        folder / "parameters.safetensors", save({name: np.ascontiguousarray(a) for name, a in arrays.items()})
    )
    part: Part = recipe.parts[0]
    parts = (dataclasses.replace(part, post=(*part.post, text, "l2")),)
    name = f"{recipe.name}-{plan or 'trained'}"
    trained = dataclasses.replace(recipe, name=name, parts=parts, parameters="parameters.safetensors")
    put(folder / "recipe.toml", to_toml(trained.as_dict()).encode())
    return Recipe.load(str(folder / "recipe.toml"))
