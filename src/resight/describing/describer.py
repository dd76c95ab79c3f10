"""Images to descriptors: runs the sentences of a recipe, in two halves.

`prepare` does what costs (views, backbone, regions, and the pooling unless that must be fitted) and needs no
parameters; `finish` does the rest. Between them stand a photo's pooled vectors or feature maps, which a
gallery keeps so that a new fit never sends a photo through the network twice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from resight import methods
from resight.areas import WHOLE, Polygon
from resight.describing.seeing import Networks, fitting, one_size
from resight.describing.sentence import Sentence
from resight.describing.steps import Step
from resight.describing.weighting import PLACE, weighting
from resight.engines import Engine, load
from resight.errors import NotFitted
from resight.feature_maps import FeatureMap
from resight.images import PIXEL_LIMIT, PIXEL_PATH, Photo, read
from resight.methods import Parameters
from resight.parts import Backbone
from resight.recipe import NO_PARAMETERS, PRECISION, Recipe, fingerprint
from resight.types import Box, Descriptor, Maps, Prepared, PreparedPart, Region, Vectors
from resight.variations import varied
from resight.views import View, enough


class Fitted(Protocol):
    """What a describer is made from: a gallery keeps this promise."""

    @property
    def recipe(self) -> Recipe:
        """Its sentence."""
        ...

    def parameters(self, generation: int | None = None) -> tuple[dict[str, Parameters], str]:
        """The parameters of its fitted steps, and what they are called."""
        ...


class Describer:
    """A recipe, a way to run its networks, and the parameters of its fitted steps, if they are known yet.

    Safe to call from several threads; a photo's descriptor depends on nothing but the photo. `engine` makes
    what runs a backbone; parts that differ in their layers alone share one.
    """

    def __init__(
        self,
        recipe: Recipe,
        parameters: dict[str, Parameters] | None = None,
        parameters_id: str = NO_PARAMETERS,
        engine: Callable[[Backbone], Engine] | None = None,
        networks: Networks | None = None,
    ) -> None:
        self.recipe, self.parameters, self.parameters_id = recipe, parameters or {}, parameters_id
        self.networks = networks or Networks(recipe.backbones, fitting(engine or load, recipe.parts))
        self._sentences = [Sentence(part, number) for number, part in enumerate(recipe.parts)]
        self._weighting = weighting(recipe.parts) if len(recipe.parts) > 1 else None
        self._regions = [methods.find("regions", part.regions) for part in recipe.parts]
        self._keeps = recipe.keeps_regions

    @functools.cached_property
    def fingerprint(self) -> str:
        """Descriptors of equal fingerprints can be compared."""
        return fingerprint(self.recipe, self.made_with, self.parameters_id, PIXEL_PATH, PRECISION)

    @property
    def made_with(self) -> str:
        """The weights of the networks, and the packages that bring methods, with their versions."""
        return "+".join((self.networks.weights, *self.recipe.packages))

    @functools.cached_property
    def fitted_steps(self) -> list[Step]:
        """The steps that need fitting, part by part in the order of the sentence; the weights come last."""
        steps = [step for sentence in self._sentences for step in sentence.fitted_steps]
        last = [self._weighting] if self._weighting and self._weighting.method.fit else []
        return [*steps, *last]

    @functools.cached_property
    def is_fitted(self) -> bool:
        """Whether the parameters of all fitted steps are known."""
        return all(step.name in self.parameters for step in self.fitted_steps)

    @property
    def asks_for_variants(self) -> bool:
        """Whether a fit needs synthetic views of the sample's photos."""
        return any(sentence.asks_for_variants for sentence in self._sentences)

    def with_parameters(self, parameters: dict[str, Parameters], parameters_id: str) -> Describer:
        """The same describer, fitted."""
        return Describer(self.recipe, parameters, parameters_id, networks=self.networks)

    def __call__(self, photo: Photo, box: Box | None = None) -> Descriptor:
        """Describe a photo, or a box in it."""
        return self.finish(self.prepare(photo, box))

    def read(self, source: bytes | Path | str, turn: int = 0, pixel_limit: int = PIXEL_LIMIT) -> Photo:
        """A photo to be described whole, with as many pixels as its views need; raises BadImage.

        `turn` are degrees clockwise, by which it is turned first.
        """
        wanted = functools.partial(enough, wanted=self.recipe.views)
        return read(source, pixel_limit=pixel_limit, enough=wanted, turn=turn)

    def prepare(
        self, photo: Photo, box: Box | None = None, variants: int = 0, seed: Sequence[int] = ()
    ) -> Prepared:
        """The first half: a photo -> what its views, layers and regions give without any fit.

        A box in a photo whose regions are kept is one region, the box: it says itself what is looked for.
        `variants` are how many synthetic views of the photo a fit is to have, drawn by `seed`.
        """
        parts, regions = self._prepared(photo, box, [True] * len(self._sentences))
        more = []
        wanted = [sentence.asks_for_variants for sentence in self._sentences]
        for number in range(variants if any(wanted) else 0):
            pixels = varied(photo.pixels, [*seed, number])
            more.append(Prepared(self._prepared(Photo(pixels, photo.width, photo.height), box, wanted)[0]))
        return Prepared(parts, regions, tuple(more))

    def bytes_kept(self, variants: int = 0) -> int:
        """Bytes of the feature maps of a large photo, where these wait for a fit of the pooling; else 0."""
        late = [sentence.pools_late for sentence in self._sentences]
        if not any(late):
            return 0
        side = max(size for own in self.recipe.views for size in own.sizes)
        # Noise, since a blank photo has no point.
        noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        parts, _ = self._prepared(Photo(noise, side, side), None, late)
        total = 0
        for sentence, part in zip(self._sentences, parts, strict=True):
            own = sum(found.cells.nbytes for of_view in part for found in of_view if isinstance(found, Maps))
            total += own * (1 + variants if sentence.asks_for_variants else 1)
        return total

    def finish(self, prepared: Prepared) -> Descriptor:
        """The second half: what was prepared -> the descriptor."""
        if not self.is_fitted:
            raise NotFitted(f"The recipe '{self.recipe.name}' must be fitted on photos before it describes.")
        rows = self._rows(prepared)
        vectors = rows[0]
        if self._weighting:
            vectors = self._weighting.method(rows, parameters=self.parameters.get(self._weighting.name))
        regions = prepared.regions if self._keeps else None
        return Descriptor(np.ascontiguousarray(vectors, dtype=np.float32), regions, self.fingerprint)

    def entering(self, step: Step, prepared: Prepared) -> Iterator[Any]:
        """What the fit of a step is given of one photo; all steps before it must be fitted.

        To a pooling (features (1, C, H, W), masks); to the weights, each part's (N, D) rows; to any other
        step such rows of its part, view by view, with those of synthetic views where it asks for them.
        """
        if step.place == PLACE:
            yield self._rows(prepared)
        else:
            yield from self._sentences[step.part].entering(step, prepared, self.parameters)

    def _rows(self, prepared: Prepared) -> list[Vectors]:
        pairs = zip(self._sentences, prepared.parts, strict=True)
        return [sentence.finish(own, self.parameters) for sentence, own in pairs]

    def _prepared(
        self, photo: Photo, box: Box | None, wanted: Sequence[bool]
    ) -> tuple[tuple[PreparedPart, ...], tuple[Region, ...]]:
        """The wanted parts of a photo, the others empty; and the regions that are kept."""
        see = self.networks.see(photo, box)
        parts: list[PreparedPart] = []
        shared: list[Polygon] | None = [WHOLE] if box is not None and self._keeps else None
        view: View | None = None
        for number, own in enumerate(self.recipe.parts):
            maps, polygons = [], []
            for wanted_view in one_size(own.views) if wanted[number] else ():
                view, found = see(own.backbone, wanted_view)
                regions = [shared or self._polygons(number, view, features) for features in found]
                shared = regions[0] if self._keeps else None  # parts that keep regions keep the same ones
                maps.append(found)
                polygons.append(regions)
            parts.append(self._sentences[number].prepare(maps, polygons))
        if not self._keeps or view is None or shared is None:
            return tuple(parts), ()
        return tuple(parts), tuple(Region.of(view.to_original(polygon)) for polygon in shared)

    def _polygons(self, part: int, view: View, features: FeatureMap) -> list[Polygon]:
        found: list[Polygon] = self._regions[part](view.pixels, features.saliency(*view.pixels.shape[:2]))
        return found


def describer_like(source: Fitted, engine: str = "auto", workers: int = 1) -> Describer:
    """A describer that gives descriptors like those of a gallery."""
    return Describer(
        source.recipe, *source.parameters(), functools.partial(load, name=engine, workers=workers)
    )
