"""`resight compare FIRST SECOND`: what changed from one result to another, query by query."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from resight.cli._options import JsonOption

if TYPE_CHECKING:
    from resight.evaluator import Comparison, Evaluation


def compare(
    first: Annotated[
        str,
        typer.Argument(
            metavar="FIRST", help="A run that `resight evaluate` kept: its file, or its name in results/runs."
        ),
    ],
    second: Annotated[str, typer.Argument(metavar="SECOND", help="Another one, on the same data.")],
    measure: Annotated[
        str, typer.Option(metavar="NAME", help="By which measure; by default the data set's first.")
    ] = "",
    k: Annotated[
        int, typer.Option("-k", min=1, metavar="N", help="How many gains and losses are shown.")
    ] = 5,
    results: Annotated[Path, typer.Option(metavar="DIR", help="Where runs are looked for by name.")] = Path(
        "results"
    ),
    html: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Write a page with the pictures of what changed."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two results on the same queries: a paired test, and the queries that changed most."""
    from resight import evaluator
    from resight.cli._options import check_page
    from resight.cli._runs import run_file
    from resight.cli._terminal import Terminal, print_json, print_line

    check_page(html)
    with Terminal().watching() as terminal:
        files = run_file(first, results), run_file(second, results)
        one, other = map(evaluator.Evaluation.load, files)
        found = evaluator.compare(one, other, measure)
        if html:
            from resight.pages.comparison import write_comparison

            write_comparison(html, found, k)
            terminal.say(f"Wrote {html}")
    if as_json:
        print_json(_plain(found, files))
        return
    for line in _describe(found, files, k):
        print_line(line)


def _plain(found: Comparison, files: tuple[Path, Path]) -> dict[str, Any]:
    """As JSON has it."""
    runs = dict(zip(("first", "second"), zip(files, (found.first, found.second), strict=True), strict=True))
    tested = dataclasses.asdict(found.test)
    tested |= {key: None for key in ("low", "high") if tested[key] != tested[key]}  # JSON has no NaN
    return {
        "measure": found.measure,
        **{name: _run(file, run) for name, (file, run) in runs.items()},
        "test": tested,
        "marks": {name: list(run.caveats) for name, (_, run) in runs.items()},
        "differences": [
            {"query": each.first.query, "first": each.first.values[found.measure],
             "second": each.second.values[found.measure]}
            for each in found.differences
        ],
    }  # fmt: skip


def _run(file: Path, run: Evaluation) -> dict[str, Any]:
    facts = run.facts
    return {
        "run": str(file), "recipe": run.recipe, "rerank": list(facts["rerank"]), "dataset": run.dataset,
        "fit": facts["fit"],
    }  # fmt: skip


def _describe(found: Comparison, files: tuple[Path, Path], k: int) -> list[str]:
    """The same for people."""
    from resight.cli._runs import describe_run

    by, test, runs = found.measure, found.test, (found.first, found.second)
    lines = [
        f"{which:8}{describe_run(run)}, {run.facts['fit']} ({file.stem}): {by} {run.means[by]:.4f}"
        for which, run, file in zip(("first", "second"), runs, files, strict=True)
    ]
    sure = f"95 % between {test.low:+.4f} and {test.high:+.4f}" if test.low == test.low else "no interval"
    changed = f"{test.changed} of {test.queries} queries changed"
    lines.append(f"gain    {test.mean:+.4f} ({sure}), p {test.p:.4f}; {changed}")
    for which, run in zip(("first", "second"), runs, strict=True):
        lines += [f"NOTE    {which}: {caveat}" for caveat in run.caveats]
    gains = [each for each in found.differences[:k] if each.gain > 0]
    losses = [each for each in found.differences[::-1][:k] if each.gain < 0]
    for words, shown in (("largest gains", gains), ("largest losses", losses)):
        lines += [words] if shown else []
        for each in shown:
            before, after = each.first.values[by], each.second.values[by]
            lines.append(f"  {each.gain:+.4f}  {before:.4f} -> {after:.4f}  {each.first.query}")
    return lines
