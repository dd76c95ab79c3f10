"""Pairs that match, and pairs that do not. Tursun et al., 2020, figure 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resight.errors import BadSetting
from resight.evaluator import Study
from resight.figures._descriptors import Described
from resight.figures._ink import LABEL, TEXT, figure, footnote, heading, plain, short, show_photo
from resight.figures._rankings import shrunk
from resight.figures._systems import System, alone, at_least, marks
from resight.figures._truth import Distances, by_distance, matching_pairs, nearest_others
from resight.photos import Numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 12.0  # inches
SIDE = 320  # pixels of the longer side of a photo
WORDS = {"hardest": ("matching, farthest first", "not matching, nearest first"),
         "easiest": ("matching, nearest first", "not matching, nearest first")}  # fmt: skip


def pairs(
    study: Study, *, pairs: int = 4, order: str = "hardest", queries: int = 1000, seed: int = 0
) -> Figure:
    """Two rows a recipe, each with the Euclidean distance of its descriptors: pairs that match, then others.

    A query's photo, whole, and one that it should find: by `order` the hardest, which are farthest, or the
    easiest. Then each query's nearest photo that it should not find, the nearest of all first; of more
    `queries` so many are drawn by `seed`, which is said.
    """
    at_least("pairs", pairs, 1)
    at_least("queries", queries, 1)
    if order not in WORDS:
        raise BadSetting(f"'order' is {' or '.join(WORDS)}, not '{order}'.")
    named = alone(study)
    drawn = figure(WIDTH, 0.8 + 2 * len(named) * (0.55 + 0.75 * WIDTH / (2 * pairs)))
    heading(drawn, f"{study.data.name}: pairs that match, and pairs that do not")
    parts = drawn.subfigures(2 * len(named), 1, squeeze=False)[:, 0]
    for i, (recipe, system) in enumerate(zip(study.recipes, named, strict=True)):
        described = Described(study.descriptors(recipe))
        turn = -1 if order == "hardest" else 1
        same, apart = by_distance(described, matching_pairs(study))
        others = nearest_others(study, described, queries, seed)
        found = (((same[::turn], apart[::turn]), "right"), (others, "wrong"))
        for part, words, kind in zip(parts[2 * i : 2 * i + 2], WORDS[order], found, strict=True):
            part.suptitle(plain(f"{system.name}: {words}"), fontsize=LABEL, color=TEXT, x=0.01, ha="left")
            _row(study, system, part.subplots(1, 2 * pairs, squeeze=False)[0], *kind)
    total = len({question.photo for question in study.data.questions})
    notes = [f"{queries} of {total} queries, drawn at random"] if total > queries else []
    footnote(drawn, notes + marks(named))
    return drawn


def _row(
    study: Study,
    system: System,
    cells: Sequence[Axes],
    found: tuple[Numbers, Distances],
    frame: str,
) -> None:
    """Two photos a pair, their distance above the first of them."""
    for axes in cells:
        axes.axis("off")
    shown = list(zip(*found, strict=True))[: len(cells) // 2]
    for i, (pair, distance) in enumerate(shown):
        for axes, number in zip(cells[2 * i : 2 * i + 2], pair.tolist(), strict=True):
            axes.axis("on")
            photo = study.data.photos[number]
            pixels, size = shrunk(system.evaluation, photo, SIDE)
            show_photo(axes, pixels, frame, size)
            axes.set_xlabel(plain(short(photo, 22)), fontsize=LABEL - 3, color=TEXT)
        cells[2 * i].set_title(f"distance {distance:.2f}", fontsize=LABEL - 1, color=TEXT, loc="left")
