"""The places that give most to the descriptors of matching pairs. Husain, Ong and Bober, 2019, figure 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from resight import methods
from resight.describing.describer import Describer
from resight.describing.steps import Step
from resight.drawing.canvas import EDGE, SMALL, TEXT, WRONG
from resight.drawing.layout import paper
from resight.drawing.pairs import KEY, high, name_below, place_pairs
from resight.drawing.photos import show_photo
from resight.errors import BadQuery
from resight.evaluator import Study
from resight.figures._descriptors import Described
from resight.figures._inspect import Look, look
from resight.figures._responses import shares, strongest
from resight.figures._systems import check_at_least, list_alone, list_caveats, note_unranked
from resight.figures._truth import matching_pairs
from resight.ranking import Numbers
from resight.recipe import Recipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PER = 2  # pairs in a line
THICK, THIN = 3.0, 1.8  # the circle of the first place, and those of the others


def responses(study: Study, *, pairs: int = 2, places: int = 5, seed: int = 0) -> Figure:
    """For each recipe the same pairs, drawn by `seed`: circles around the places that give most to a photo.

    A place gives its share of the squared length of what is pooled from the recipe's last layer at its first
    size, before any whitening; negative responses count as 0. The circle of the first is thickest. The number
    is the Euclidean distance of the pair's descriptors. Raises BadQuery for a pooling that is no sum, mean or
    maximum of places.
    """
    check_at_least("pairs", pairs, 1)
    check_at_least("places", places, 1)
    named = list_alone(study)
    described = [Described(study.descriptors(recipe)) for recipe in study.recipes]
    chosen = _chosen(matching_pairs(study), described, pairs, seed)
    per = min(PER, len(chosen))
    step = high(len(chosen), per)
    title = f"{study.data.name}: the places that give most to matching pairs"
    notes = [f"circles: the {places} strongest places of the last layer", KEY, *note_unranked(study)]
    drawn = paper(title, [*notes, *list_caveats(named)], step * len(named))
    for i, (recipe, own) in enumerate(zip(study.recipes, described, strict=True)):
        numbers = np.searchsorted(own.numbers, chosen)
        distances = own.distances(numbers[:, 0], numbers[:, 1]).tolist()
        looks = _Looks(study, recipe, places)
        cells = place_pairs(drawn, i * step, per, named[i].name, distances)
        for both, pair in zip(cells, chosen.tolist(), strict=True):
            for axes, number in zip(both, pair, strict=True):
                looks.draw(axes, number)
                name_below(axes, study.data.photos[number], per)
    _explain(drawn.figure)
    return drawn.figure


def _explain(drawn: Figure) -> None:
    """Which circle is which, in the upper right corner."""
    from matplotlib.lines import Line2D

    width, height = drawn.get_size_inches()
    circles = [
        Line2D([], [], marker="o", markersize=11, markerfacecolor="none", markeredgecolor=WRONG,
               markeredgewidth=thick, linestyle="", label=words)
        for thick, words in ((THICK, "gives most"), (THIN, "gives most after that"))
    ]  # fmt: skip
    drawn.legend(handles=circles, loc="upper right", ncols=2, frameon=False, fontsize=SMALL, labelcolor=TEXT,
                 borderaxespad=0, bbox_to_anchor=(1 - EDGE / width, 1 - EDGE / height))  # fmt: skip


def _chosen(pairs: Numbers, described: Sequence[Described], most: int, seed: int) -> Numbers:
    """(P, 2): pairs whose photos every recipe could describe, in the order of the queries."""
    known = np.all([np.isin(pairs, each.numbers).all(axis=1) for each in described], axis=0)
    places = np.flatnonzero(known)
    if not len(places):
        raise BadQuery("No matching pair could be described by every recipe.")
    if len(places) > most:
        places = np.sort(np.random.default_rng(seed).choice(places, most, replace=False))
    return pairs[places]


class _Looks:
    """How a recipe looks at photos: its pooling of the last layer, with the parameters of its fit."""

    def __init__(self, study: Study, recipe: Recipe, places: int) -> None:
        self._study, self._recipe, self._places = study, recipe, places
        self._layer = recipe.first.layers - 1
        self._pooling = Step("pooling", 0, self._layer, 0, methods.find("poolings", recipe.first.pooling))
        describer: Describer = study.describer(recipe)
        self._parameters: Any = describer.parameters.get(self._pooling.name)

    def draw(self, axes: Axes, number: int) -> None:
        """The photo, and circles on it."""
        seen = look(self._study, self._recipe, number, self._layer)
        show_photo(axes, seen.shown(), size=seen.size)
        found = shares(self._pooling, self._parameters, seen.features, seen.map.masks(seen.polygons))
        for rank, place in enumerate(strongest(found, self._places)):
            _circle(axes, seen, place, THICK if rank == 0 else THIN)


def _circle(axes: Axes, seen: Look, place: tuple[int, int], width: float) -> None:
    from matplotlib.patches import Circle

    radius = 0.035 * max(seen.size)
    for line, ink in ((width + 1.6, "white"), (width, WRONG)):
        axes.add_patch(Circle(seen.cell(*place), radius, fill=False, edgecolor=ink, linewidth=line))
