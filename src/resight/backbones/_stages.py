"""The stages of a network up to a recipe's layers, from the bottom up. Ng, Yang and Davis, 2015, table 1."""

from __future__ import annotations

from typing import Any

from resight import methods
from resight.backbones import _names
from resight.recipe import Backbone

BETWEEN = ("pool", "fc", "norm", "relu", "transition")  # named, but no stage of its own


def stages(backbone: Backbone) -> tuple[str, ...]:
    """Layers by the papers' names, or else the numbered blocks of the network; then the recipe's own.

    Only the structure is built, so no weights are needed.
    """
    library, _, name = backbone.network.partition(":")
    model, _, _ = methods.module("backbones", library).build(name, "")
    order = [path for path, _ in model.named_modules()]
    own = [_names.output_path(model, layer) for layer in backbone.layers]
    top = max(map(order.index, own))
    below = [
        stage
        for stage, path in (_named(model) or _numbered(model)).items()
        if order.index(path) < top and not any(f"{layer}.".startswith(f"{path}.") for layer in own)
    ]
    return (*below, *backbone.layers)


def _named(model: Any) -> dict[str, str]:
    """The papers' names and the paths whose output they mean."""
    known = _names.known(model)
    return {name: layer.output for name, layer in known.items() if not name.startswith(BETWEEN)}


def _numbered(model: Any) -> dict[str, str]:
    """`blocks.0`, `blocks.1` and so on: the parts of every room whose parts are numbered."""
    rooms = {name: [part for part, _ in room.named_children()] for name, room in model.named_children()}
    paths = [
        f"{name}.{part}"
        for name, parts in rooms.items()
        if len(parts) > 1 and all(part.isdigit() for part in parts)
        for part in parts
    ]
    return {path: path for path in paths}
