"""Fits the steps of a sentence from left to right, each on what the fitted steps before it give."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from resight.describer import Describer
from resight.methods import Parameters
from resight.types import Pooled


def fit(describer: Describer, sample: Callable[[], Iterable[Pooled]]) -> dict[str, Parameters]:
    """Parameters of all fitted steps; `sample()` gives the pooled photos, once for each step.

    The rows of one photo at a time are in memory; a step's own fit says what it needs beside them.
    """
    parameters: dict[str, Parameters] = {}
    for step in describer.fitted_steps:
        assert step.method.fit is not None
        so_far = describer.with_parameters(parameters, "fitting")
        parameters = parameters | {
            step.name: step.method.fit(so_far.entering(step, pooled) for pooled in sample())
        }
    return parameters
