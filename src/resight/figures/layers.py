"""How well each layer of a network finds, at several sizes. Ng, Yang and Davis, 2015, figure 2."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from resight.backbones._stages import stages
from resight.drawing.canvas import LABEL, TEXT, clean, colour, figure, footnote, heading, legend, plain
from resight.evaluator import Evaluation, Study
from resight.figures._lists import numbers, words
from resight.figures._systems import System, find_measure, list_caveats
from resight.recipe import Recipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vP"


def layers(study: Study, *, layers: str = "", sizes: str = "224+448", measure: str = "") -> Figure:
    """A panel a recipe, a line a size: the recipe with one layer and one size, by the first measure.

    `layers` are names joined by +, which every recipe's network must have; by default the stages of each
    network up to the recipe's own. A fitted recipe is fitted for each point.
    """
    wanted = numbers("sizes", sizes)
    panels = [_panel(study, recipe, layers, wanted) for recipe in study.recipes]
    found = [system for panel in panels for line in panel.values() for system in line]
    by = find_measure(found[0].evaluation, measure)
    longest = max(len(line) for panel in panels for line in panel.values())
    drawn = figure(max(8.0, (1.5 + 0.55 * longest) * len(panels)), 5.0)
    heading(drawn, f"{study.data.name}: {by} by layer and size")
    places = drawn.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, recipe, panel in zip(places, study.recipes, panels, strict=True):
        _draw(axes, panel, by)
        axes.set_title(plain(f"{recipe.name}, {recipe.first.backbone.network}"), fontsize=LABEL, color=TEXT,
                       loc="left")  # fmt: skip
    chain = study.options.get("rerank") or ()
    footnote(drawn, [f"re-ranked by {', then '.join(chain)}"] * bool(chain) + list_caveats(found))
    return drawn


def _panel(study: Study, recipe: Recipe, layers: str, sizes: list[int]) -> dict[int, list[System]]:
    """For each size the recipe on each layer, from the bottom up."""
    names = words("layers", layers) if layers else stages(recipe.first.backbone)
    return {
        size: [System(f"{layer}, {size}", _evaluated(study, recipe, layer, size)) for layer in names]
        for size in sizes
    }


def _evaluated(study: Study, recipe: Recipe, layer: str, size: int) -> Evaluation:
    backbone = dataclasses.replace(recipe.first.backbone, layers=(layer,))
    views = dataclasses.replace(recipe.first.views, sizes=(size,))
    part = dataclasses.replace(recipe.first, backbone=backbone, views=views, weight=1.0)
    return study.evaluation(Recipe(recipe.name, (part,)))


def _draw(axes: Axes, panel: dict[int, list[System]], by: str) -> None:
    ticks: list[str] = []
    for i, (size, line) in enumerate(panel.items()):
        ticks = [each.name.rpartition(", ")[0] for each in line]
        values = [each.evaluation.means[by] for each in line]
        axes.plot(range(len(line)), values, color=colour(i), marker=MARKERS[i % len(MARKERS)],
                  linestyle="-" if i == 0 else "--", linewidth=1.8, label=f"{size} pixels")  # fmt: skip
    clean(axes, "layer, low to high", by)
    axes.set_xticks(range(len(ticks)), [plain(tick) for tick in ticks], rotation=40, ha="right")
    axes.set_ylim(0, max(1.02, axes.get_ylim()[1]))
    legend(axes)
