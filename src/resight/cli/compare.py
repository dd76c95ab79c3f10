"""`resight compare A B`: what changed from one result to another, query by query."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Optional

import typer

from resight.cli._options import JsonOption


def compare(
    first: Annotated[Path, typer.Argument(help="A file of results/runs, as `resight evaluate` wrote it.")],
    second: Annotated[Path, typer.Argument(help="Another one, on the same data.")],
    measure: Annotated[str, typer.Option(help="By which measure; by default the data set's first.")] = "",
    k: Annotated[int, typer.Option("-k", min=1, help="How many gains and losses are shown.")] = 5,
    html: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Write a page with the pictures of what changed."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two results on the same queries: a paired test, and the queries that changed most."""
    from resight import evaluator
    from resight.cli._options import check_target
    from resight.cli._terminal import Terminal, print_json, print_line

    check_target(html)
    with Terminal().watching() as terminal:
        one, other = evaluator.Evaluation.load(first), evaluator.Evaluation.load(second)
        found = evaluator.compare(one, other, measure)
        if html:
            from resight.pictures.evaluation import write_comparison

            write_comparison(html, found, k)
            terminal.say(f"Wrote {html}")
    if as_json:
        differences = [
            {"query": each.first.query, "first": each.first.values[found.measure],
             "second": each.second.values[found.measure]}
            for each in found.differences
        ]  # fmt: skip
        tested = dataclasses.asdict(found.test)
        tested |= {key: None for key in ("low", "high") if tested[key] != tested[key]}  # JSON has no NaN
        marks = {"first": list(one.marks), "second": list(other.marks)}
        print_json({"measure": found.measure, "test": tested, "marks": marks, "differences": differences})
        return
    test = found.test
    print_line(f"{found.measure}: {one.means[found.measure]:.4f} and {other.means[found.measure]:.4f}")
    sure = f"95 % between {test.low:+.4f} and {test.high:+.4f}" if test.low == test.low else "no interval"
    changed = f"{test.changed} of {test.queries} queries changed"
    print_line(f"gain {test.mean:+.4f} ({sure}), p {test.p:.4f}; {changed}")
    for which, evaluation in (("first", one), ("second", other)):
        for mark in evaluation.marks:
            print_line(f"NOTE  {which}: {mark}")
    gains = [each for each in found.differences[:k] if each.gain > 0]
    losses = [each for each in found.differences[::-1][:k] if each.gain < 0]
    for words, shown in (("largest gains", gains), ("largest losses", losses)):
        if shown:
            print_line(words)
        for each in shown:
            before, after = each.first.values[found.measure], each.second.values[found.measure]
            print_line(f"  {each.gain:+.4f}  {before:.4f} -> {after:.4f}  {each.first.query}")
