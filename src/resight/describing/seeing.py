"""The networks of a recipe, and what they see in views: parts that agree share engines, views and maps."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resight.engines import Engine, most_at_once, refuse_other_views
from resight.feature_maps import FeatureMap, look
from resight.images import Photo
from resight.parts import Backbone, Part, Views
from resight.types import Box
from resight.views import Seen, View

Network = tuple[str, str, bool, str, str]
"""A backbone but for its layers."""


@dataclass(frozen=True, eq=False)
class Look:
    """One photo, ready for the networks: its views, and what was found in them by engines that find points.

    `boxed`: it shows a box in the photo, which is then the one region where regions are kept. `variants` are
    synthetic views of the photo, made ready for the parts whose fit asks for them.
    """

    views: Mapping[Views, View]
    points: Mapping[tuple[Network, Views], list[FeatureMap]]
    boxed: bool = False
    variants: tuple[Look, ...] = ()

    @property
    def shape(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of its views: photos that agree in it can be seen together."""
        return tuple(view.pixels.shape for view in self.views.values())

    def asked(self, part: Part) -> list[Views]:
        """Which views of a part it has: those that describe it, then those that its fits look at."""
        return [own for own in (*one_size(part.views), *untouched(part.views)) if own in self.views]

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels of all its views."""
        own = sum(view.pixels.nbytes for view in self.views.values())
        return own + sum(each.nbytes for each in self.variants)


class Networks:
    """The engines of these backbones, each loaded once, when first needed: not every question needs them.

    Backbones that differ in their layers alone have one engine, which gives the layers of all.
    """

    def __init__(self, backbones: Sequence[Backbone], make: Callable[[Backbone], Engine]) -> None:
        self._make, self._loading = make, threading.Lock()
        self._backbones: dict[Network, Backbone] = {}
        for backbone in backbones:
            network = without_layers(backbone)
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

    @property
    def batch(self) -> int:
        """How many photos of one shape are best seen at once; loads the engines."""
        return max(most_at_once(engine) for engine in self.engines.values())

    def look(self, photo: Photo, box: Box | None, asked: Iterable[tuple[Backbone, Views]]) -> Look:
        """A photo, or a box in it, made ready to be seen so: what is done before a network runs.

        `asked` are backbones, each with the views of one size that it looks at.
        """
        engines, source = self.engines, Seen(photo, box)
        seen: dict[Views, View] = {}
        points: dict[tuple[Network, Views], list[FeatureMap]] = {}
        for backbone, own in asked:
            network = without_layers(backbone)
            if own not in seen:
                seen[own] = next(source.views(own))
            if hasattr(engines[network], "look") and (network, own) not in points:
                points[network, own] = look(engines[network], seen[own].pixels[None])
        return Look(seen, points, box is not None)

    def maps(self, network: Network, pixels: NDArray[np.uint8]) -> dict[str, FeatureMap]:
        """(B, H, W, 3) through a network -> the map of each layer that any part asks for."""
        found = self.engines[network](pixels)
        layers = self._backbones[network].layers or ("",)
        return {layer: FeatureMap(cells) for layer, cells in zip(layers, found, strict=True)}


@dataclass(frozen=True, eq=False)
class Sight:
    """What the networks see in views of one shape; what was seen once is not looked at again."""

    networks: Networks
    looks: Sequence[Look]
    _seen: dict[tuple[Network, Views], dict[str, FeatureMap]] = field(default_factory=dict)

    def __call__(self, backbone: Backbone, wanted: Views) -> list[FeatureMap]:
        """A backbone and views of one size -> a map a layer: of all photos, or the points of the one."""
        key = without_layers(backbone), wanted
        if key in self.looks[0].points:
            (look,) = self.looks
            return look.points[key]
        if key not in self._seen:
            self._look_at(key[0], [wanted])
        return [self._seen[key][layer] for layer in backbone.layers or ("",)]

    def sees_together(self, part: Part) -> bool:
        """Have a part's network look at all photos at once; false where it finds points in each instead."""
        network, asked = without_layers(part.backbone), self.looks[0].asked(part)
        if (network, asked[0]) in self.looks[0].points:
            return False
        alike: dict[tuple[int, ...], list[Views]] = {}
        for wanted in dict.fromkeys(asked):
            if (network, wanted) not in self._seen:
                alike.setdefault(self.looks[0].views[wanted].pixels.shape, []).append(wanted)
        at_once = max(1, self.networks.batch // len(self.looks))
        for group in alike.values():
            for first in range(0, len(group), at_once):
                self._look_at(network, group[first : first + at_once])
        return True

    def _look_at(self, network: Network, wanted: Sequence[Views]) -> None:
        """Send views of one shape, of all photos, through a network as one batch."""
        pixels = [look.views[own].pixels for own in wanted for look in self.looks]
        found = self.networks.maps(network, np.stack(pixels) if len(pixels) > 1 else pixels[0][None])
        photos = len(self.looks)
        for number, own in enumerate(wanted):
            part = slice(number * photos, (number + 1) * photos)
            self._seen[network, own] = {
                layer: each if len(wanted) == 1 else FeatureMap(each.cells[part])
                for layer, each in found.items()
            }

    def of(self, number: int) -> Sight:
        """The same of one photo alone, by its number; what was seen is not looked at again."""
        own = {
            key: {layer: FeatureMap(found.cells[number : number + 1]) for layer, found in maps.items()}
            for key, maps in self._seen.items()
        }
        return Sight(self.networks, self.looks[number : number + 1], own)


def fitting(make: Callable[[Backbone], Engine], parts: Sequence[Part]) -> Callable[[Backbone], Engine]:
    """The same, but views of a size that the network does not take are refused before a photo is read."""

    def made(backbone: Backbone) -> Engine:
        engine = make(backbone)
        for part in parts:
            if without_layers(part.backbone) == without_layers(backbone):
                refuse_other_views(getattr(engine, "only", 0), part.views)  # what finds points has no `only`
        return engine

    return made


def one_size(wanted: Views) -> list[Views]:
    """Views of several sizes and operations -> views of one of each, alike where they show the same.

    All sizes of the first operation come first.
    """
    return [
        dataclasses.replace(wanted, sizes=(size,), combine="sum", policy=policy)
        for policy in wanted.policies
        for size in wanted.sizes
    ]


def untouched(wanted: Views) -> list[Views]:
    """The views of one size that the fits of a part with a policy look at; none where it has no policy."""
    return one_size(dataclasses.replace(wanted, policy=())) if wanted.policy else []


def without_layers(backbone: Backbone) -> Network:
    """The backbone but for its layers, by which parts share a network."""
    return backbone.network, backbone.weights, backbone.relu, backbone.preprocess, backbone.precision
