"""Two results on the same queries: what changed, and whether chance alone would do it."""

from __future__ import annotations

from dataclasses import dataclass

from resight.errors import BadQuery
from resight.evaluator.answers import Evaluation, QueryResult
from resight.metrics import Paired, measure, paired


@dataclass(frozen=True)
class Difference:
    """One query under both: `gain` is second less first, turned so that more is better."""

    first: QueryResult
    second: QueryResult
    gain: float


@dataclass(frozen=True)
class Comparison:
    """`test` is of the gains, whose order in `differences` is from the largest gain to the largest loss."""

    measure: str
    first: Evaluation
    second: Evaluation
    test: Paired
    differences: tuple[Difference, ...]


def compare(first: Evaluation, second: Evaluation, by: str = "") -> Comparison:
    """What changed from one result to another by a measure; by default the set's first.

    Raises BadQuery where they are not of the same data set, photos and truth included.
    """
    if first.facts["data_hash"] != second.facts["data_hash"]:
        raise BadQuery(
            f"The two results are not of the same data ({first.dataset}, {first.facts['data_hash']}, and "
            f"{second.dataset}, {second.facts['data_hash']}): evaluate both on the same photos and truth."
        )
    shared = [name for name in first.means if name in second.means]
    if not shared:
        raise BadQuery(
            f"The two results share no measure: {', '.join(first.means)}; {', '.join(second.means)}."
        )
    by = by or shared[0]
    if by not in shared:
        raise BadQuery(f"Not both results have the measure '{by}'. Both have: {', '.join(shared)}.")
    pairs = zip(first.answers, second.answers, strict=True)  # the same data: the same queries, in order
    sign = 1 if measure(by.split()[-1]).higher_is_better else -1
    found = [Difference(a, b, sign * (b.values[by] - a.values[by])) for a, b in pairs if by in a.values]
    test = paired(
        [sign * each.first.values[by] for each in found], [sign * each.second.values[by] for each in found]
    )
    found.sort(key=lambda each: -each.gain)
    return Comparison(by, first, second, test, tuple(found))
