"""`resight evaluate RECIPE DATA`: how well a recipe finds what it should."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resight.cli._evaluating import (
    DataArgument,
    DeviateOption,
    DistractorsOption,
    FitFromOption,
    FreshOption,
    OverlapOption,
    PageOption,
    RerankOption,
    ResultsOption,
    RootOption,
    StoreOption,
    say_when_stopped,
)
from resight.cli._names import quoted
from resight.cli._options import BatchOption, EngineOption, JsonOption, WorkersOption

if TYPE_CHECKING:
    from resight.evaluator import Evaluation


def evaluate(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe's name (see `resight recipes`) or TOML file.")
    ],
    data: DataArgument,
    root: RootOption = None,
    distractors: DistractorsOption = None,
    fit_from: FitFromOption = "",
    allow_overlap: OverlapOption = False,
    rerank: RerankOption = None,
    store: StoreOption = "memory-map",
    deviate: DeviateOption = None,
    fresh: FreshOption = False,
    results: ResultsOption = Path("results"),
    html: PageOption = None,
    engine: EngineOption = "auto",
    workers: WorkersOption = None,
    batch: BatchOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a recipe on a data set by its protocol; what is described is kept for the next time."""
    from resight import evaluator
    from resight.cli._evaluating import check_order, open_data
    from resight.cli._options import check_page
    from resight.cli._terminal import Terminal
    from resight.evaluator.results import check, keep
    from resight.recipe import Recipe

    check_page(html)
    check_order(recipe, data)
    check(results)
    with Terminal().watching() as terminal:
        with say_when_stopped(terminal):
            found = evaluator.evaluate(
                Recipe.load(recipe), open_data(data, root), distractors=distractors or (),
                fit_from=fit_from or None, allow_overlap=allow_overlap, rerank=rerank or (), store=store,
                deviate=deviate or (), fresh=fresh, engine=engine, workers=workers,
                batch=batch, progress=terminal,
            )  # fmt: skip
        run = keep(found, results)
        if html:
            from resight.pages.evaluation import write_evaluation

            write_evaluation(html, found)
            terminal.say(f"Wrote {html}")
    _print(found, run, as_json)


def _print(found: Evaluation, run: Path, as_json: bool) -> None:
    from resight.cli._terminal import print_json, print_line

    if as_json:
        print_json(found.as_dict(answers=False) | {"run": str(run)})
        return
    for line in _describe(found):
        print_line(line)
    print_line(f"Kept in {quoted(str(run.parent.parent / 'evaluate.csv'))} and {quoted(str(run))}")


def _describe(found: Evaluation) -> list[str]:
    from resight.evaluator.published import list_published
    from resight.evaluator.results import format_milliseconds
    from resight.metrics import measure

    facts = found.facts
    lines = [
        f"{found.dataset}: {facts['queries']} queries, {facts['photos']} photos"
        + (f" and {facts['distractors']} distractors" if facts["distractors"] else ""),
        f"protocol   {facts['protocol']}",
        f"recipe     {found.recipe}, {facts['fit']}",
    ]
    if facts["rerank"]:
        lines.append(f"re-ranked  {', then '.join(facts['rerank'])}")
    lines += [f"store      {each}" for each in facts.get("store", ())]
    lines += [f"NOTE       {caveat}" for caveat in found.caveats]
    width = max(map(len, found.means)) + 2
    lines += [f"{name:{width}}{value:.4f}" for name, value in found.means.items()]
    names = dict.fromkeys(name.split()[-1] for name in found.means)
    lines += [f"{name}: {measure(name).describe}" for name in names]
    known = list_published(found.dataset)
    own = [each for each in known if each.recipe == found.recipe]
    lines += [f"published  {each}" for each in own]
    if known and not own:
        lines.append(
            f"published  nothing of this recipe, {len(known)} figures of others: "
            f"`resight data {found.dataset} --published`"
        )
    return [*lines, f"{format_milliseconds(facts['seconds']['a query'])} a query"]
