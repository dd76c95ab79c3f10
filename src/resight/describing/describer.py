"""Images to descriptors: runs the sentences of a recipe, in two halves.

`prepare` does what costs (views, backbone, regions, and the pooling unless that must be fitted) and needs no
parameters; `finish` does the rest. Between them stand a photo's pooled vectors or feature maps, which a
gallery keeps so that a new fit never sends a photo through the network twice.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from array_api_compat import array_namespace, device

from resight.describing.learnt import learnt
from resight.describing.seeing import Look, Networks, fitting, one_size, untouched
from resight.describing.sentences import Sentences
from resight.describing.steps import Step
from resight.describing.together import Run, apart, see
from resight.engines import Engine, fetching, load
from resight.errors import NotFitted
from resight.images import PIXEL_LIMIT, PIXEL_PATH, Photo, read
from resight.methods import Parameters
from resight.parts import Backbone, Views
from resight.recipe import NO_PARAMETERS, Recipe, fingerprint
from resight.types import Box, Descriptor, Maps, Pooled, Prepared, PreparedPart, Region
from resight.variations import varied
from resight.views import cost, enough


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
        self.learnt = learnt(recipe)
        self.recipe, self.parameters_id = recipe, parameters_id
        self.parameters = (parameters or {}) | self.learnt.parameters
        self.networks = networks or Networks(recipe.backbones, fitting(engine or load, recipe.parts))
        self.sentences = Sentences(recipe.parts, self.learnt.parameters)
        self._asking = [sentence.asks_for_variants for sentence in self.sentences.parts]
        self._fitting = [bool(sentence.fitted_steps) for sentence in self.sentences.parts]
        self._everything = [True] * len(recipe.parts)
        self._on_device: dict[str, dict[str, Parameters]] = {}

    @functools.cached_property
    def fingerprint(self) -> str:
        """Descriptors of equal fingerprints can be compared."""
        return fingerprint(self.recipe, self.made_with, self.parameters_id, PIXEL_PATH, self.recipe.precision)

    @property
    def made_with(self) -> str:
        """The weights of the networks, what was learnt of the steps, and packages that bring methods."""
        trained = (f"parameters-{self.learnt.digest}",) if self.learnt.digest else ()
        return "+".join((self.networks.weights, *trained, *self.recipe.packages))

    @property
    def fitted_steps(self) -> list[Step]:
        """The steps that need fitting, in order: those of which nothing was learnt; the weights come last."""
        return self.sentences.fitted_steps

    @functools.cached_property
    def is_fitted(self) -> bool:
        """Whether the parameters of all fitted steps are known."""
        return all(step.name in self.parameters for step in self.fitted_steps)

    @property
    def cost(self) -> str:
        """A sentence that says what a policy costs; "" for a recipe without one."""
        own = max(self.recipe.views, key=lambda views: len(views.policy))
        if not own.policy:
            return ""
        return (
            f"The recipe '{self.recipe.name}' looks at each photo through {len(own.policy)} operations: "
            f"{own.count} views, {cost(own):.1f} times the pixels of one without a policy."
        )

    @property
    def asks_for_variants(self) -> bool:
        """Whether a fit needs synthetic views of the sample's photos."""
        return any(self._asking)

    def with_parameters(self, parameters: dict[str, Parameters], parameters_id: str) -> Describer:
        """The same describer, fitted."""
        return Describer(self.recipe, parameters, parameters_id, networks=self.networks)

    def __call__(self, photo: Photo, box: Box | None = None) -> Descriptor:
        """Describe a photo, or a box in it."""
        return self.finish(self.prepare(photo, box, variants=None))

    def read(self, source: bytes | Path | str, turn: int = 0, pixel_limit: int = PIXEL_LIMIT) -> Photo:
        """A photo to be described whole, with as many pixels as its views need; raises BadImage.

        `turn` are degrees clockwise, by which it is turned first.
        """
        wanted = functools.partial(enough, wanted=self.recipe.views)
        return read(source, pixel_limit=pixel_limit, enough=wanted, turn=turn)

    def prepare(
        self, photo: Photo, box: Box | None = None, variants: int | None = 0, seed: Sequence[int] = ()
    ) -> Prepared:
        """The first half: a photo -> what its views, layers and regions give without any fit.

        A box in a photo whose regions are kept is one region, the box: it says itself what is looked for.
        `variants` are how many synthetic views of the photo a fit is to have, drawn by `seed`; None where
        no fit will be given the photo, which then need not be seen without the recipe's policy.
        """
        return self.prepare_all([self.look(photo, box, variants, seed)])()[0]

    def look(
        self, photo: Photo, box: Box | None = None, variants: int | None = 0, seed: Sequence[int] = ()
    ) -> Look:
        """What is done before a network runs, and needs none: views are made, and points are found."""
        asked = [(part.backbone, own) for part in self.recipe.parts for own in one_size(part.views)]
        if variants is not None:
            asked += self._for_fits(self._fitting)
        more = []
        for number in range(variants or 0 if self.asks_for_variants else 0):
            shown = Photo(varied(photo.pixels, [*seed, number]), photo.width, photo.height)
            more.append(self.networks.look(shown, box, self._for_fits(self._asking)))
        return dataclasses.replace(self.networks.look(photo, box, asked), variants=tuple(more))

    def prepare_all(self, looks: Sequence[Look]) -> Callable[[], list[Prepared]]:
        """The first half of photos whose views have one shape, seen together.

        What comes back waits for them, as NumPy arrays; until it is called, a GPU works on by itself.
        """
        parts, regions = self._see(looks, self._everything)
        variants = [variant for look in looks for variant in look.variants]
        coming = _prepared(parts)
        more_coming = _prepared(self._see(variants, self._asking)[0]) if variants else lambda: iter(())

        def prepared() -> list[Prepared]:
            more = more_coming()
            own = zip(looks, regions, coming(), strict=True)
            return [
                dataclasses.replace(one, regions=kept, variants=tuple(islice(more, len(look.variants))))
                for look, kept, one in own
            ]

        return prepared

    def describe_all(self, looks: Sequence[Look]) -> Callable[[], list[Descriptor]]:
        """Both halves of photos whose views have one shape, where the engine leaves its maps.

        What comes back waits for their descriptors, as `prepare_all` for what it gives.
        """
        self._refuse_unless_fitted()
        parts, regions = self._see(looks, self._everything)
        coming = [
            [fetching(sentence.finish(run.part, self._parameters_for(run.part))) for run in runs]
            for sentence, runs in zip(self.sentences.parts, parts, strict=True)
        ]

        def descriptors() -> list[Descriptor]:
            own = (itertools.chain(*(wait() for wait in runs)) for runs in coming)
            photos = zip(*own, strict=True)
            joined = (self.sentences.join(rows, self.parameters) for rows in photos)
            return [self._descriptor(one, kept) for one, kept in zip(joined, regions, strict=True)]

        return descriptors

    def bytes_kept(self, variants: int = 0) -> int:
        """Bytes of the feature maps of a large photo, where these wait for a fit of the pooling; else 0."""
        late = [sentence.pools_late for sentence in self.sentences.parts]
        if not any(late):
            return 0
        side = max(size for own in self.recipe.views for size in own.sizes)
        # Noise, since a blank photo has no point.
        noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        asked = self._for_fits(late)
        look = self.networks.look(Photo(noise, side, side), None, asked)
        (prepared,) = _prepared(self._see([look], late)[0])()
        total = 0
        for own_part, asking, part in zip(self.recipe.parts, self._asking, prepared.parts, strict=True):
            own = sum(found.cells.nbytes for view in part for found in view if isinstance(found, Maps))
            total += own * (1 + len(own_part.views.policy) + (variants if asking else 0))
        return total

    def finish(self, prepared: Prepared) -> Descriptor:
        """The second half: what was prepared -> the descriptor."""
        self._refuse_unless_fitted()
        vectors = self.sentences.finish(prepared.parts, self.parameters)
        return self._descriptor(vectors.reshape(-1, vectors.shape[-1]), prepared.regions)

    def _for_fits(self, wanted: Sequence[bool]) -> list[tuple[Backbone, Views]]:
        """What the fits of the wanted parts look at: views without a policy."""
        parts = itertools.compress(self.recipe.parts, wanted)
        return [
            (part.backbone, own) for part in parts for own in untouched(part.views) or one_size(part.views)
        ]

    def _see(self, looks: Sequence[Look], wanted: Sequence[bool]) -> Any:
        return see(self.networks, self.sentences.parts, looks, wanted)

    def _descriptor(self, vectors: Any, regions: tuple[Region, ...]) -> Descriptor:
        kept = regions if self.recipe.keeps_regions else None
        return Descriptor(np.ascontiguousarray(vectors, dtype=np.float32), kept, self.fingerprint)

    def _refuse_unless_fitted(self) -> None:
        if not self.is_fitted:
            raise NotFitted(f"The recipe '{self.recipe.name}' must be fitted on photos before it describes.")

    def _parameters_for(self, part: PreparedPart) -> dict[str, Parameters]:
        """The parameters, of the kind and on the device of a part's arrays; sent there once."""
        first = part[0][0]
        array = first.rows if isinstance(first, Pooled) else first.cells
        if isinstance(array, np.ndarray):
            return self.parameters
        xp, there = array_namespace(array), device(array)
        if str(there) not in self._on_device:
            self._on_device[str(there)] = {
                step: {key: xp.asarray(value, device=there) for key, value in own.items()}
                for step, own in self.parameters.items()
            }
        return self._on_device[str(there)]


def _prepared(parts: Sequence[Sequence[Run]]) -> Callable[[], Iterator[Prepared]]:
    """Begin to bring back the runs of each part -> what waits for the photos; without a run it is empty."""
    photos = max(sum(run.photos for run in runs) for runs in parts)
    empty: PreparedPart = ()
    coming = [apart(runs) if runs else (lambda: itertools.repeat(empty, photos)) for runs in parts]
    return lambda: map(Prepared, zip(*(wait() for wait in coming), strict=True))


def describer_like(source: Fitted, engine: str = "auto", workers: int = 1, batch: int = 1) -> Describer:
    """A describer that gives descriptors like those of a gallery; `batch` 0: as many as the engine likes."""
    make = functools.partial(load, name=engine, workers=workers, batch=batch)
    return Describer(source.recipe, *source.parameters(), make)
