"""Photos whose views have one shape, seen and pooled together, wherever the engine leaves its maps.

On a GPU this is work begun: nothing waits for it before its numbers are asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight import methods
from resight.areas import WHOLE, Polygon
from resight.describing.seeing import Look, Networks, Sight
from resight.describing.sentence import Sentence
from resight.engines import fetching
from resight.feature_maps import FeatureMap
from resight.parts import Part
from resight.types import Maps, Pooled, PreparedPart, Region
from resight.views import View

Polygons = tuple[Polygon, ...]
Kept = dict[tuple[str, ...], Polygons]
"""The kept regions of a photo, by the operation of their view; of a recipe without a policy by ()."""


@dataclass(frozen=True, eq=False)
class Run:
    """Photos that stand in a row and have the same regions: one part of them all, with an axis of photos."""

    photos: int
    part: PreparedPart


def see(
    networks: Networks, sentences: Sequence[Sentence], looks: Sequence[Look], wanted: Sequence[bool]
) -> tuple[list[list[Run]], list[tuple[Region, ...]]]:
    """Photos of one shape -> the wanted parts of them, the others without a run; and each one's kept regions.

    No more photos go through the networks at once than these take.
    """
    parts: list[list[Run]] = [[] for _ in sentences]
    regions: list[tuple[Region, ...]] = []
    most = networks.batch
    for first in range(0, len(looks), most):
        sight = Sight(networks, looks[first : first + most])
        kept: list[Kept] = [{} for _ in sight.looks]
        for sentence, runs, asked in zip(sentences, parts, wanted, strict=True):
            runs.extend(_runs(sentence, sight, kept) if asked else ())
        policies = sentences[0].part.views.policies
        regions.extend(_regions(*each, policies) for each in zip(sight.looks, kept, strict=True))
    return parts, regions


def apart(runs: Sequence[Run]) -> Callable[[], Iterator[PreparedPart]]:
    """Begin to bring back the runs of one part -> what waits for each photo's own, of NumPy arrays."""
    coming = [
        (run.photos, [[(found, fetching(_array(found))) for found in layers] for layers in run.part])
        for run in runs
    ]

    def parts() -> Iterator[PreparedPart]:
        for photos, views in coming:
            fetched = [[_of_photos(found, wait(), photos) for found, wait in layers] for layers in views]
            for number in range(photos):
                yield tuple(tuple(each[number] for each in layers) for layers in fetched)

    return parts


def regions_of(part: Part, view: View, found: FeatureMap) -> Polygons:
    """The regions of a view by the method of a part, on the first of the maps, in shares of the view."""
    method = _region_method(part.regions)
    if found.places is None and _by_shape_alone(part):
        alpha = np.zeros(found.cells.shape[2:], np.float32)
    else:
        alpha = found.saliency(*view.pixels.shape[:2])
    return tuple(method(view.pixels, alpha))


def _runs(sentence: Sentence, sight: Sight, kept: list[Kept]) -> Iterator[Run]:
    """One part of all photos; where regions are kept, `kept` is what earlier parts chose, or is chosen."""
    part = sentence.part
    together = sight.sees_together(part) and _by_shape_alone(part)
    for first in range(1 if together else len(sight.looks)):
        own = sight if together else sight.of(first)
        photos = range(first, first + len(own.looks))
        maps = []
        for wanted in own.looks[0].asked(part):
            layers = []
            for found in own(part.backbone, wanted):
                regions: Polygons = ()
                if part.keeps_regions:
                    regions = (WHOLE,) if own.looks[0].boxed else kept[first].get(wanted.policy, ())
                regions = regions or regions_of(part, own.looks[0].views[wanted], found)
                for number in photos if part.keeps_regions else ():
                    kept[number][wanted.policy] = regions
                layers.append(Maps(found.cells, regions, found.places, found.scale))
            maps.append(layers)
        yield Run(len(photos), sentence.prepare(maps))


def _by_shape_alone(part: Part) -> bool:
    return bool(_region_method(part.regions).says.get("SHAPE_ALONE", False))


@functools.lru_cache(maxsize=64)
def _region_method(text: str) -> methods.Method:
    """It is asked for at each view, and its text is read once."""
    return methods.find("regions", text)


def _regions(look: Look, kept: Kept, policies: Sequence[tuple[str, ...]]) -> tuple[Region, ...]:
    """The regions of a photo's rows: those of each operation of a policy in its order."""
    regions: list[Region] = []
    for key in policies:
        if key in kept:
            # all views through one operation show the same, so their ways back are one
            view = next(view for own, view in look.views.items() if own.policy == key)
            regions += [Region.of(view.to_original(polygon)) for polygon in kept[key]]
    return tuple(regions)


def _array(found: Pooled | Maps) -> Any:
    return found.rows if isinstance(found, Pooled) else found.cells


def _of_photos(found: Pooled | Maps, values: NDArray[Any], photos: int) -> list[Pooled | Maps]:
    if isinstance(found, Pooled):
        return [Pooled(rows) for rows in values]
    own = (values[number : number + 1] for number in range(photos))
    return [Maps(each, found.polygons, found.places, found.scale) for each in own]
