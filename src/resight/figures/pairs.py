"""Pairs that match, and pairs that do not. Tursun et al., 2020, figure 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resight.drawing.layout import paper
from resight.drawing.pairs import KEY, high, name_below, place_pairs
from resight.drawing.photos import show_photo, shrink
from resight.errors import BadSetting
from resight.evaluator import Study
from resight.figures._descriptors import Described
from resight.figures._systems import System, check_at_least, list_alone, list_caveats, note_unranked
from resight.figures._truth import Distances, by_distance, matching_pairs, nearest_others
from resight.ranking import Numbers
from resight.recipe import Recipe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 320  # pixels of the longer side of a photo
PER = 4  # pairs in a line
WORDS = {"hardest": ("matching, farthest first", "not matching, nearest first"),
         "easiest": ("matching, nearest first", "not matching, nearest first")}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """Pairs (P, 2) that match by a recipe, or that do not, their distances (P,), and the frame of both."""

    system: System
    title: str
    pairs: Numbers
    distances: Distances
    frame: str


def pairs(
    study: Study, *, pairs: int = 4, order: str = "hardest", queries: int = 1000, seed: int = 0
) -> Figure:
    """Of each recipe, with the Euclidean distances of its descriptors: pairs that match, then others.

    A query's photo, whole, and one that it should find: by `order` the hardest, which are farthest, or the
    easiest. Then each query's nearest photo that it should not find, the nearest of all first; of more
    `queries` so many are drawn by `seed`, which is said.
    """
    check_at_least("pairs", pairs, 1)
    check_at_least("queries", queries, 1)
    if order not in WORDS:
        raise BadSetting(f"'order' is {' or '.join(WORDS)}, not '{order}'.")
    named = list_alone(study)
    kinds = [
        kind
        for recipe, system in zip(study.recipes, named, strict=True)
        for kind in _kinds(study, recipe, system, pairs, order, queries, seed)
    ]
    total = len({question.photo for question in study.data.questions})
    notes = [f"{queries} of {total} queries, drawn at random"] if total > queries else []
    per, top = min(PER, pairs), 0.0
    drawn = paper(
        f"{study.data.name}: pairs that match, and pairs that do not",
        [KEY, *notes, *note_unranked(study), *list_caveats(named)],
        sum(high(len(kind.pairs), per) for kind in kinds),
    )
    for kind in kinds:
        cells = place_pairs(drawn, top, per, kind.title, kind.distances.tolist())
        for both, pair in zip(cells, kind.pairs.tolist(), strict=True):
            for axes, number in zip(both, pair, strict=True):
                pixels, size = shrink(kind.system.evaluation, study.data.photos[number], SIDE)
                show_photo(axes, pixels, kind.frame, size)
                name_below(axes, study.data.photos[number], per)
        top += high(len(kind.pairs), per)
    return drawn.figure


def _kinds(
    study: Study, recipe: Recipe, system: System, most: int, order: str, queries: int, seed: int
) -> list[Kind]:
    """Of one recipe the pairs that match, and those that do not."""
    described, turn = Described(study.descriptors(recipe)), -1 if order == "hardest" else 1
    same, apart = by_distance(described, matching_pairs(study))
    others, far = nearest_others(study, described, queries, seed)
    titles = [f"{system.name}: {words}" for words in WORDS[order]]
    return [
        Kind(system, titles[0], same[::turn][:most], apart[::turn][:most], "right"),
        Kind(system, titles[1], others[:most], far[:most], "wrong"),
    ]
