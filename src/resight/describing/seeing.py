"""The networks of a recipe, and what they see in a photo: parts that agree share engines, views and maps."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable, Sequence

from resight.engines import Engine, refuse_other_views
from resight.feature_maps import FeatureMap, look
from resight.images import Photo
from resight.parts import Backbone, Part, Views
from resight.types import Box
from resight.views import View, views

Network = tuple[str, str, bool, str]
"""A backbone but for its layers."""

Seen = tuple[View, list[FeatureMap]]
"""One view, and the map of each layer."""


class Networks:
    """The engines of these backbones, each loaded once, when first needed: not every question needs them.

    Backbones that differ in their layers alone have one engine, which gives the layers of all.
    """

    def __init__(self, backbones: Sequence[Backbone], make: Callable[[Backbone], Engine]) -> None:
        self._make, self._loading = make, threading.Lock()
        self._backbones: dict[Network, Backbone] = {}
        for backbone in backbones:
            network = _without_layers(backbone)
            known = self._backbones[network].layers if network in self._backbones else ()
            layers = tuple(dict.fromkeys(known + backbone.layers))
            self._backbones[network] = dataclasses.replace(backbone, layers=layers)

    @functools.cached_property
    def _engines(self) -> dict[Network, Engine]:
        return {network: self._make(backbone) for network, backbone in self._backbones.items()}

    @property
    def engines(self) -> dict[Network, Engine]:
        """By network; loads them."""
        with self._loading:
            return self._engines

    @property
    def weights(self) -> str:
        """Which weights the engines have."""
        return "+".join(engine.weights for engine in self.engines.values())

    def see(self, photo: Photo, box: Box | None) -> Callable[[Backbone, Views], Seen]:
        """For one photo, or a box in it: a backbone and views of one size -> the view and its maps.

        What was seen once is not looked at again.
        """
        engines = self.engines

        @functools.cache
        def view(wanted: Views) -> View:
            return next(views(photo, wanted, box))

        @functools.cache
        def maps(network: Network, wanted: Views) -> dict[str, FeatureMap]:
            found = look(engines[network], view(wanted).pixels[None])
            return dict(zip(self._backbones[network].layers or ("",), found, strict=True))

        def seen(backbone: Backbone, wanted: Views) -> Seen:
            found = maps(_without_layers(backbone), wanted)
            return view(wanted), [found[layer] for layer in backbone.layers or ("",)]

        return seen


def fitting(make: Callable[[Backbone], Engine], parts: Sequence[Part]) -> Callable[[Backbone], Engine]:
    """The same, but views of a size that the network does not take are refused before a photo is read."""

    def made(backbone: Backbone) -> Engine:
        engine = make(backbone)
        for part in parts:
            if _without_layers(part.backbone) == _without_layers(backbone):
                refuse_other_views(getattr(engine, "only", 0), part.views)  # what finds points has no `only`
        return engine

    return made


def one_size(wanted: Views) -> list[Views]:
    """Views of several sizes -> views of one size each, alike where they show the same."""
    return [dataclasses.replace(wanted, sizes=(size,), combine="sum") for size in wanted.sizes]


def _without_layers(backbone: Backbone) -> Network:
    return backbone.network, backbone.weights, backbone.relu, backbone.preprocess
