"""What geometry verified: points that agree, and the region found. Philbin et al. 2007, section 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resight.drawing.layout import MARGIN, WIDTH, paper
from resight.drawing.matched import draw, join_photos
from resight.errors import BadQuery, BadSetting
from resight.evaluator import QueryResult, RankedPhoto, Study
from resight.evaluator.answers import MATCHED
from resight.figures._systems import System, check_at_least, choose_queries, list_caveats
from resight.searcher.reranking import rerankers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEFAULT = "geometry"  # where the study names no re-ranker that compares local features
SIDE = 640  # pixels of the longer side of a photo
HIGH, APART = 2.4, 0.4  # inches: the highest pair, and between pairs
ABOVE, BELOW = 0.22, 0.42  # inches: the names, and how many points agree, with the way to the next row
KEY = (
    "yellow: points that agree; blue outline: in the query, left, what was looked for, and in the hit where "
    "geometry found it"
)


def matches(
    study: Study, *, queries: int = 3, hits: int = 2, lines: int = 60, order: str = "first"
) -> Figure:
    """A row a query, beside each of its first verified hits; at most so many `lines` join points that agree.

    So many `queries`, those that have a verified hit, and of each so many `hits`, at most ten. The study's
    own re-rankers, if one of them compares local features, else geometry; of the first recipe. `order`:
    first, as in the data set, worst or best.
    """
    for name, value in (("hits", hits), ("lines", lines)):
        check_at_least(name, value, 1)
    if hits > MATCHED:
        raise BadSetting(f"'hits' is a whole number up to {MATCHED}, not {hits}.")
    evaluation = study.evaluation(study.recipes[0], rerank=_chain(study))
    found = [answer for answer in choose_queries(evaluation, order, len(evaluation.answers)) if _hits(answer)]
    if not found:
        raise BadQuery(
            f"Geometry verified no hit of any query of {study.data.name}: there is nothing to draw."
        )
    rows = [
        [join_photos(evaluation, answer, hit, SIDE) for hit in _hits(answer)[:hits]]
        for answer in found[:queries]
    ]
    wide = (WIDTH - 2 * MARGIN - (hits - 1) * APART) / hits
    heights = [max(pair.high(wide, HIGH) for pair in row) for row in rows]
    name = " + ".join([study.recipes[0].name, *_chain(study)])
    drawn = paper(
        f"{study.data.name}, {name}: points that agree",
        [KEY, *list_caveats([System(study.recipes[0].name, evaluation)])],
        sum(heights) + len(rows) * (ABOVE + BELOW),
    )
    top = 0.0
    for row, height in zip(rows, heights, strict=True):
        for i, pair in enumerate(row):
            high, left = pair.high(wide, HIGH), MARGIN + i * (wide + APART)
            draw(drawn.axes(left, top + ABOVE, high * pair.ratio, high), pair, lines, high)
        top += height + ABOVE + BELOW
    return drawn.figure


def _chain(study: Study) -> tuple[str, ...]:
    """The study's re-rankers if one of them compares local features, else the default that does."""
    chain = tuple(study.options.get("rerank") or ())
    return chain if any("local_features" in each.needs for each in rerankers(chain)) else (DEFAULT,)


def _hits(answer: QueryResult) -> list[RankedPhoto]:
    return [hit for hit in answer.top if hit.match and hit.verdict != "query"]
