"""How far distances of matching and non-matching pairs lie apart. Husain et al. 2019, figure 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from resight.drawing.canvas import LABEL, RIGHT, TEXT, WRONG, clean, figure, footnote, heading, plain
from resight.errors import BadQuery
from resight.evaluator import Study
from resight.figures._descriptors import Described
from resight.figures._systems import check_at_least, list_alone, list_caveats, note_unranked
from resight.metrics import DISTANCE_EDGES
from resight.metrics import separability as divergence
from resight.pairs import matching, non_matching

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


SMOOTHED = "KL after 1 is added to each of 100 bins; the curves are the shares before that"


def separability(study: Study, *, pairs: int = 500_000, seed: int = 0) -> Figure:
    """Histograms of both, 100 bins from 0 to 2, a panel a recipe, and KL(matching || non-matching) in nats.

    Pairs of photos of one instance match; those of two instances, or with a photo of none, do not. At most
    so many `pairs` of each kind, drawn by `seed`, which is said. Raises BadQuery for a set without classes.
    """
    check_at_least("pairs", pairs, 1)
    labels = study.labels()
    if not len(labels):
        raise BadQuery("This figure needs classes: sub-folders that are instances, or a CSV that names them.")
    drawn = figure(max(7.0, 4.2 * len(study.recipes)), 4.4)
    heading(drawn, f"{study.data.name}: distances of matching and of non-matching pairs")
    panels = drawn.subplots(1, len(study.recipes), squeeze=False, sharex=True, sharey=True)[0]
    notes, named = [], list_alone(study)
    for axes, recipe, each in zip(panels, study.recipes, named, strict=True):
        described = Described(study.descriptors(recipe))
        found, draw = labels[described.numbers], np.random.default_rng(seed)
        same, other = (described.distances(*kind(found, pairs, draw)) for kind in (matching, non_matching))
        if not len(same) or not len(other):
            raise BadQuery("This figure needs two photos of one instance, and two of different ones.")
        _panel(axes, each.name, same, other)
        notes.append(_counted(same, pairs, "matching") + ", " + _counted(other, pairs, "non-matching"))
    panels[0].set_ylabel("share of pairs", fontsize=LABEL, color=TEXT)
    footnote(drawn, [*notes, SMOOTHED, *note_unranked(study), *list_caveats(named)])
    return drawn


def observed(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share of pairs in each bin, and the edges of these: from the first that has any to the last."""
    counts = np.histogram(np.minimum(distances, 2), DISTANCE_EDGES)[0]
    first, last = np.flatnonzero(counts)[[0, -1]]
    return counts[first : last + 1] / len(distances), DISTANCE_EDGES[first : last + 2]


def _panel(axes: Axes, name: str, same: np.ndarray, other: np.ndarray) -> None:
    for values, colour, words in ((other, WRONG, "non-matching"), (same, RIGHT, "matching")):
        shares, edges = observed(values)
        axes.stairs(shares, edges, fill=True, color=colour, alpha=0.35)
        axes.stairs(shares, edges, color=colour, linewidth=1.4,
                    linestyle="-" if values is same else "--", label=words)  # fmt: skip
    clean(axes, "Euclidean distance of descriptors", "")
    axes.set_xlim(0, 2)
    axes.set_title(
        f"{plain(name)}   KL {divergence(same, other):.3f} nats", fontsize=LABEL, color=TEXT, loc="left"
    )
    axes.legend(frameon=False, fontsize=LABEL - 1, loc="upper right")


def _counted(values: np.ndarray, most: int, kind: str) -> str:
    return f"{len(values)} {kind} pairs" + (" drawn at random" if len(values) == most else "")
