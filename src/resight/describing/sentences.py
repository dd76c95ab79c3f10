"""A recipe as arithmetic: its sentences, and how what they give is joined into one descriptor."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from array_api_compat import array_namespace

from resight.describing.sentence import AllParameters, Sentence
from resight.describing.steps import Step
from resight.describing.weighting import weighting
from resight.parts import Part
from resight.types import PreparedPart


class Sentences:
    """The parts of a recipe, over the array API; parameters are handed in, and nothing is kept."""

    def __init__(self, parts: Sequence[Part], given: AllParameters | None = None) -> None:
        self.parts = [Sentence(part, number, given) for number, part in enumerate(parts)]
        self._given = given or {}
        self.weighting = weighting(parts) if len(parts) > 1 else None

    @functools.cached_property
    def fitted_steps(self) -> list[Step]:
        """The steps that need fitting, part by part in the order of the sentence; the weights come last."""
        steps = [step for sentence in self.parts for step in sentence.fitted_steps]
        last = [self.weighting] if self.weighting and self.weighting.method.fit else []
        last = [step for step in last if step.name not in self._given]
        return [*steps, *last]

    def finish(self, prepared: Sequence[PreparedPart], parameters: AllParameters) -> Any:
        """What was prepared of each part -> descriptors (..., N, D)."""
        return self.join(self.rows(prepared, parameters), parameters)

    def rows(self, prepared: Sequence[PreparedPart], parameters: AllParameters) -> list[Any]:
        """What was prepared of each part -> its own descriptors (..., N, D_p)."""
        pairs = zip(self.parts, prepared, strict=True)
        return [sentence.finish(own, parameters) for sentence, own in pairs]

    def join(self, rows: Sequence[Any], parameters: AllParameters) -> Any:
        """Each part's own descriptors (..., N, D_p) -> (..., N, D), with the axes that all of them have."""
        axes = min(each.ndim for each in rows)
        xp = array_namespace(*rows)
        alike = [xp.reshape(each, each.shape[each.ndim - axes :]) for each in rows]
        if self.weighting is None:
            return alike[0]
        return self.weighting.method(alike, parameters=parameters.get(self.weighting.name))
