"""Fits the steps of a recipe from left to right, each on what the fitted steps before it give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from resight.describing.describer import Describer
from resight.describing.sentence import AllParameters, Sentence, run
from resight.describing.sentences import Sentences
from resight.describing.steps import Step
from resight.describing.weighting import PLACE
from resight.feature_maps import FeatureMap
from resight.methods import Parameters
from resight.types import Maps, Prepared, PreparedPart, Varied


def fit(describer: Describer, sample: Callable[[], Iterable[Prepared]]) -> dict[str, Parameters]:
    """Parameters of all fitted steps; `sample()` gives the prepared photos, once for each step.

    What one photo gives at a time is in memory; a step's own fit says what it needs beside that.
    """
    found: dict[str, Parameters] = {}
    for step in describer.fitted_steps:
        assert step.method.fit is not None
        known = describer.learnt.parameters | found
        found[step.name] = step.method.fit(
            enters for prepared in sample() for enters in entering(describer.sentences, step, prepared, known)
        )
    return found


def entering(sentences: Sentences, step: Step, photo: Prepared, parameters: AllParameters) -> Iterator[Any]:
    """What the fit of a step is given of one photo; all steps before it must be fitted.

    To a pooling (features (1, C, H, W), masks); to the weights, each part's (N, D) rows; to any other
    step such rows of its part, view by view, with those of synthetic views where it asks for them.
    """
    if step.place == PLACE:
        rows = sentences.rows(photo.parts, parameters)
        yield [each.reshape(-1, each.shape[-1]) for each in rows]
        return
    sentence = sentences.parts[step.part]
    own = _of_part(sentence, step, photo.parts[step.part], parameters)
    if step.method.fit_on != "views":
        yield from own
        return
    varied = [list(_of_part(sentence, step, each.parts[step.part], parameters)) for each in photo.variants]
    for view, rows in enumerate(own):
        yield Varied(rows, tuple(each[view] for each in varied))


def _of_part(
    sentence: Sentence, step: Step, prepared: PreparedPart, parameters: AllParameters
) -> Iterator[Any]:
    prepared = sentence.untouched(prepared)
    if step.place == "post":
        yield _as_rows(run(sentence.combined(prepared, parameters), sentence.post[: step.index], parameters))
        return
    for view in range(len(prepared)):
        if sentence.own(view) == step.view:
            yield _of_view(sentence, step, prepared, view, parameters)


def _of_view(
    sentence: Sentence, step: Step, prepared: PreparedPart, view: int, parameters: AllParameters
) -> Any:
    if step.place == "pooling":
        found = prepared[view][step.layer]
        assert isinstance(found, Maps)
        seen = FeatureMap(found.cells, found.places, found.scale)
        return seen.values(), seen.masks(found.polygons)
    if step.place == "join":
        vectors, before = sentence.joined(prepared, view, parameters), sentence.join[step.view][: step.index]
    else:
        vectors = sentence.rows(prepared, view, step.layer, parameters)
        each = sentence.streams[step.view][step.layer].each
        before = each if step.place == "gather" else each[: step.index]
    return _as_rows(run(vectors, before, parameters))


def _as_rows(vectors: Any) -> Any:
    """One photo's vectors, with or without an axis of photos -> (N, D)."""
    return vectors.reshape(-1, vectors.shape[-1])
