"""The parameters that training has left for a recipe: a safetensors file, `STEP/KEY` by `STEP/KEY`."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from resight.errors import BadRecipe
from resight.methods import Parameters, unpack
from resight.recipe import Recipe


@dataclass(frozen=True)
class Learnt:
    """Parameters by step, and the SHA-256 of the file; "" where there is none."""

    parameters: dict[str, Parameters] = field(default_factory=dict)
    digest: str = ""


def learnt(recipe: Recipe) -> Learnt:
    """What the file that a recipe names holds; raises BadRecipe where it cannot be read."""
    if not recipe.parameters:
        return Learnt()
    path = Path(recipe.parameters).expanduser()
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise BadRecipe(
            f"The parameters {path} of the recipe '{recipe.name}' cannot be read ({error.strerror}): put "
            "them back, or train again."
        ) from None
    return _read(path, changed)


@functools.lru_cache(maxsize=8)
def _read(path: Path, changed: int) -> Learnt:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = path.read_bytes()
        arrays = load(data)
    except (OSError, SafetensorError) as error:
        raise BadRecipe(f"The parameters {path} cannot be read: {error}.") from None
    return Learnt(unpack(arrays), hashlib.sha256(data).hexdigest())
