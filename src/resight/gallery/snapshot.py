"""A gallery at one moment: what is searched, and what the catalogue says of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resight.errors import DescribedOtherwise
from resight.gallery import parameters
from resight.gallery.catalogue import Catalogue, parse_recipe
from resight.gallery.fit_sample import FitSample
from resight.gallery.local import StoredFeatures
from resight.gallery.records import Generation
from resight.gallery.rows import Rows
from resight.gallery.warned import Warned
from resight.images import EARLIER_PATHS, PIXEL_PATH
from resight.methods import Parameters
from resight.ranking import Numbers
from resight.recipe import NO_PARAMETERS, Recipe, fingerprint
from resight.types import Vectors


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a gallery was at one moment; its answers do not change while it lives.

    `generation` is the one that is searched, None before the first fit or photo. `vectors` (N, D) float32 are
    its rows, over the file's memory; `deleted` (M,) int64 those of them that belong to no image any more,
    sorted. `derived` is for what callers work out of the rows: it lasts as long as these do.
    """

    folder: Path
    generation: Generation | None
    vectors: Vectors
    deleted: Numbers
    catalogue: Catalogue
    rows: Rows
    fit_sample: FitSample
    local_features: StoredFeatures
    warnings: Warned
    derived: dict[str, Any]

    @property
    def recipe(self) -> Recipe:
        """The recipe that the gallery was made with; it never changes."""
        return self.catalogue.recipe

    @property
    def fit(self) -> str:
        """In a sentence, what the recipe was fitted on."""
        found = self.generation.provenance if self.generation else {}
        if not found:
            return "not fitted"
        more = ", and stays so until `resight fit`" if found["frozen"] else ""
        return f"fitted on {found['photos']} photos of {found['source']}{more}"

    def fitted_on(self) -> set[bytes]:
        """The SHA-256 of the photos behind the current fit, wherever it was made; empty without a fit."""
        return self.catalogue.fitted_on(self._own)

    def parameters(self, generation: int | None = None) -> tuple[dict[str, Parameters], str]:
        """The parameters of the current generation, or of another, and what they are called."""
        found = self.generation if generation is None else self.catalogue.generation(generation)
        if found is None or found.parameters is None:
            return {}, NO_PARAMETERS
        return parameters.load(self.folder, found.parameters), parameters.identity(found.parameters)

    @property
    def fingerprint(self) -> str:
        """What descriptors must carry to be compared with the gallery's."""
        own, fact = self._own, self.catalogue.fact
        return _fingerprint(
            str(fact("recipe")),
            str(fact("weights")),
            parameters.identity(own) if own else NO_PARAMETERS,
            str(fact("pixel_path")),
            str(fact("precision")),
        )

    def check(self, described: str) -> None:
        """Raise DescribedOtherwise, with advice, for a fingerprint that is not the gallery's."""
        if described == self.fingerprint:
            return
        self.check_pixels()
        fact = self.catalogue.fact
        if fact("pixel_path") != PIXEL_PATH:
            why = "this Resight reads pixels in another way than the one that made it"
        else:
            why = "the recipe, the network's weights or the fit differ"
        raise DescribedOtherwise(
            f"A photo is described otherwise here than in the gallery {self.folder}: {why}; "
            "describe it with the gallery's own recipe, or index the photos again into a new gallery."
        )

    def check_pixels(self) -> None:
        """Raise DescribedOtherwise, with advice, if an earlier Resight read or rounded otherwise."""
        if self.catalogue.fact("pixel_path") in EARLIER_PATHS:
            raise DescribedOtherwise(
                f"An earlier Resight made the gallery {self.folder}, and read files that are no JPEGs "
                "otherwise: run `resight index` once, which describes those again."
            )
        if self.catalogue.fact("precision") != self.recipe.precision:
            raise DescribedOtherwise(
                f"An earlier Resight made the gallery {self.folder} in bf16, and rounded otherwise: "
                "index the photos again into a new gallery."
            )

    @property
    def _own(self) -> str | None:
        return self.generation.parameters if self.generation else None


@functools.lru_cache(maxsize=8)
def _fingerprint(recipe: str, weights: str, own: str, pixel_path: str, precision: str) -> str:
    """Each search asks for it, and only a fit changes it."""
    return fingerprint(parse_recipe(recipe), weights, own, pixel_path, precision)
