"""`resight tune DATA`: which transformations a recipe should look through."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from resight.cli._evaluating import DataArgument, RootOption, say_when_stopped
from resight.cli._names import quoted
from resight.cli._options import BatchOption, EngineOption, JsonOption, WorkersOption

if TYPE_CHECKING:
    from resight.tuner import Tuned


RecipeOption = Annotated[
    str, typer.Option(metavar="RECIPE", help="A recipe of one part: its name or its TOML file.")
]
OutOption = Annotated[
    Path, typer.Option(metavar="FILE", help="Where the policy is written, as TOML for views.policy.")
]
SearchOption = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="How policies are searched for; `resight methods searches` lists the ways."
    ),
]
RewardOption = Annotated[
    str, typer.Option(metavar="NAME", help="What makes a policy good; `resight methods rewards` lists them.")
]
PoliciesOption = Annotated[
    int, typer.Option(min=1, metavar="N", help="How many policies are scored at most.")
]
LengthOption = Annotated[int, typer.Option(min=1, metavar="N", help="How many operations a policy has.")]
SeedOption = Annotated[int, typer.Option(min=0, metavar="N", help="Of the pairs and of the search.")]
OperationOption = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it at run time
    typer.Option(metavar="TEXT", help="Other settings of an operation, as rotate:fill=255. Repeatable."),
]
FitFromOption = Annotated[
    str,
    typer.Option(
        metavar="DATA",
        help="What the recipe is fitted on: a gallery, folder or data set; by default these photos.",
    ),
]


def tune(
    data: DataArgument,
    recipe: RecipeOption,
    out: OutOption,
    root: RootOption = None,
    search: SearchOption = "evolution",
    reward: RewardOption = "contrastive",
    policies: PoliciesOption = 20_000,
    length: LengthOption = 8,
    seed: SeedOption = 0,
    operation: OperationOption = None,
    fit_from: FitFromOption = "",
    engine: EngineOption = "auto",
    workers: WorkersOption = None,
    batch: BatchOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the transformations through which a recipe should look at photos, from photos in groups."""
    from resight import tuner
    from resight.cli._evaluating import open_data
    from resight.cli._options import check_target
    from resight.cli._terminal import Terminal, print_json, print_line
    from resight.errors import BadSetting

    if out.suffix != ".toml":
        raise BadSetting(f"A policy is written as .toml, so '{out.name}' must end so.")
    check_target(out)
    with Terminal().watching() as terminal, say_when_stopped(terminal):
        found = tuner.tune(
            open_data(data, root), recipe, search=search, reward=reward, policies=policies, length=length,
            seed=seed, settings=operation or (), fit_from=fit_from or None, name=out.stem, engine=engine,
            workers=workers, batch=batch, progress=terminal,
        )  # fmt: skip
        found.write(out)
    if as_json:
        print_json(found.as_dict() | {"out": str(out)})
        return
    for line in _told(found, out):
        print_line(line)


def _told(found: Tuned, out: Path) -> list[str]:
    pairs = found.facts["pairs"]
    return [
        *(f"  {each}" for each in found.policy.operations),
        f"reward     {found.reward:.5f}, the best of {found.scored:,} policies by {found.facts['search']}",
        f"beside     {found.alone:.5f} without a policy, {found.published:.5f} by tursun2020",
        f"on         {found.facts['photos']} photos, {pairs[0]} pairs alike and {pairs[1]} not",
        f"took       {found.seconds['describing']:.0f} s to describe, "
        f"{found.seconds['searching']:.0f} s to search",
        f'Written: {quoted(str(out))}. In a recipe: views.policy = "{out}"',
    ]
