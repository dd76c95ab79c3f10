"""Fits the steps of a sentence from left to right, each on what the fitted steps before it give."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from resight.describing.describer import Describer
from resight.methods import Parameters
from resight.types import Prepared


def fit(describer: Describer, sample: Callable[[], Iterable[Prepared]]) -> dict[str, Parameters]:
    """Parameters of all fitted steps; `sample()` gives the prepared photos, once for each step.

    What one photo gives at a time is in memory; a step's own fit says what it needs beside that.
    """
    parameters: dict[str, Parameters] = {}
    for step in describer.fitted_steps:
        assert step.method.fit is not None
        so_far = describer.with_parameters(parameters, "fitting")
        parameters = parameters | {
            step.name: step.method.fit(
                entering for prepared in sample() for entering in so_far.entering(step, prepared)
            )
        }
    return parameters
