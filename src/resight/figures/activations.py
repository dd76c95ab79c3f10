"""Learnable activations as curves, and what they do to values. Husain, Ong and Bober, 2019, figure 2."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resight import methods
from resight.describing.steps import Step
from resight.drawing.canvas import LABEL, QUIET, TEXT, clean, colour, figure, footnote, heading, legend, plain
from resight.errors import BadQuery
from resight.evaluator import Study
from resight.figures._photos import for_each_photo, sample_photos
from resight.figures._systems import check_at_least, list_alone, list_caveats, note_unranked
from resight.recipe import Backbone, Recipe, Views
from resight.types import Vectors
from resight.views import enough, views

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACTIVATION = "ACTIVATION"  # what the file of such a pooling says of it
MOST = 2_000_000  # values of a histogram
BINS, POINTS = 60, 400
WIDER = 1.4  # the curves, than a histogram
STRONG = 0.999  # of all activations lie below those that the curves are scaled to


@dataclass(frozen=True)
class Stream:
    """A layer whose maps recipes share: what differs is the activation, by the recipe's place and name."""

    backbone: Backbone
    views: Views
    layer: int
    activations: list[tuple[int, str, Step, Any]]


def activations(study: Study, *, photos: int = 20, seed: int = 0) -> Figure:
    """A row a layer: the curves with the parameters of each recipe's fit, then histograms, counts by log.

    Activations are those of so many `photos`, drawn by `seed`; recipes on the same maps share a row. Raises
    BadQuery for a recipe whose pooling is no such function of single values.
    """
    check_at_least("photos", photos, 1)
    named = list_alone(study) if _all_active(study) else []
    streams = _streams(study, [each.name for each in named])
    chosen, _ = sample_photos(study, photos, seed)
    wide = 2 + max(len(stream.activations) for stream in streams)
    drawn = figure(3.2 * (WIDER + wide - 1), 0.7 + 2.9 * len(streams))
    heading(drawn, f"{study.data.name}: activations before and after")
    ratios = [WIDER] + [1.0] * (wide - 1)
    rows = drawn.subplots(len(streams), wide, squeeze=False, width_ratios=ratios)
    for row, stream in zip(rows, streams, strict=True):
        _row(row, stream, _values(study, stream, chosen))
    notes = [f"activations of {len(chosen)} photos; negative ones count as 0", *note_unranked(study)]
    footnote(drawn, notes + list_caveats(named))
    return drawn


def activated(step: Step, parameters: Any, values: NDArray[Any]) -> Vectors:
    """(N,) -> (N,): what the pooling makes of single values, as the means of regions of one cell."""
    features = np.asarray(values, np.float32).reshape(1, -1, 1, 1)
    found: Vectors = step.method(features, np.ones((1, 1, 1), np.bool_), parameters=parameters)[0, 0]
    return found


def _all_active(study: Study) -> bool:
    for recipe in study.recipes:
        pooling = methods.find("poolings", recipe.first.pooling)
        if not pooling.says.get(ACTIVATION):
            names = methods.names(pooling.kind)
            known = [name for name in names if hasattr(methods.module(pooling.kind, name), ACTIVATION)]
            raise BadQuery(
                f"This figure needs recipes whose pooling is one of {', '.join(known)}: that of "
                f"{recipe.name} is {pooling.name}."
            )
    return True


def _streams(study: Study, names: Sequence[str]) -> list[Stream]:
    found: dict[Any, Stream] = {}
    for place, (recipe, name) in enumerate(zip(study.recipes, names, strict=True)):
        describer = study.describer(recipe)
        for step in describer.fitted_steps:
            if step.place == "pooling" and step.part == 0:
                views = _own_views(recipe, step)
                key = (recipe.parts[step.part].backbone, views, step.layer)
                stream = found.setdefault(key, Stream(*key, []))
                stream.activations.append((place, name, step, describer.parameters[step.name]))
    return list(found.values())


def _own_views(recipe: Recipe, step: Step) -> Views:
    """The views whose maps come to a step: views that are concatenated have steps of their own."""
    own = recipe.parts[step.part].views
    if own.combine == "sum":
        return own
    return dataclasses.replace(own, sizes=(own.sizes[step.view],))


def _values(study: Study, stream: Stream, numbers: Sequence[int]) -> Vectors:
    """(N,) activations of the photos; of very many, as many of each photo are drawn, always the same."""
    engine = study.engine(stream.backbone)
    read = functools.partial(enough, wanted=(stream.views,))

    def see(number: int) -> Vectors:
        own = [
            np.maximum(engine(view.pixels[None])[stream.layer], 0).ravel()
            for view in views(study.read(number, read), stream.views)
        ]
        values, most = np.concatenate(own), max(1, MOST // len(numbers))
        if len(values) <= most:
            return values
        return np.random.default_rng(number).choice(values, most, replace=False)

    layer = stream.backbone.layers[stream.layer]
    found = [values for _, values in for_each_photo(study, f"Activations of {layer}", see, numbers)]
    if not found:
        raise BadQuery("None of the photos drawn can be read: choose another seed.")
    return np.concatenate(found)


def _row(row: Sequence[Axes], stream: Stream, values: Vectors) -> None:
    """Curves, a histogram before, and one after each activation."""
    top = float(values.max()) or 1.0
    across = np.linspace(0, top, POINTS)
    row[0].plot(across, across, color=QUIET, linestyle=":", label="linear")
    highest = top
    for place, name, step, parameters in stream.activations:
        curve = activated(step, parameters, across)
        row[0].plot(across, curve, color=colour(place), linewidth=1.8, label=plain(name))
        highest = max(highest, float(curve[across <= np.quantile(values, STRONG)].max()))
    row[0].set_ylim(0, 1.1 * highest)  # beyond the strong activations a curve may leave the picture
    clean(row[0], "activation", "after")
    legend(row[0])
    layer = stream.backbone.layers[stream.layer]
    row[0].set_title(plain(layer), fontsize=LABEL, color=TEXT, loc="left")
    _histogram(row[1], values, QUIET, "before")
    for axes, (place, _, step, parameters) in zip(row[2:], stream.activations, strict=False):
        _histogram(
            axes, activated(step, parameters, values), colour(place), f"after {_curve(step, parameters)}"
        )
    for axes in row[2 + len(stream.activations) :]:
        axes.axis("off")


def _histogram(axes: Axes, values: Vectors, colour: str, title: str) -> None:
    counts, edges = np.histogram(values, BINS, (0, float(values.max()) or 1.0))
    axes.stairs(counts, edges, fill=True, color=colour, alpha=0.35)
    axes.stairs(counts, edges, color=colour, linewidth=1.2)
    axes.set_yscale("log")
    axes.set_ylim(0.5, None)
    clean(axes, "value", "count")
    axes.set_title(title, fontsize=LABEL, color=TEXT, loc="left")


def _curve(step: Step, parameters: Any) -> str:
    """The method and its parameters."""
    values = ", ".join(f"{name} {float(value[0]):.3g}" for name, value in sorted(parameters.items()))
    return f"{step.method.name}: {values}"
