"""From photos in groups to the policy that brings the photos of each group together: the whole of `tune`."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from resight import engines, methods, policy
from resight.dataset import Dataset
from resight.datasets import open_dataset
from resight.describing.describer import Describer
from resight.evaluator.preparing import fit_of
from resight.gallery import snapshot_of
from resight.methods import Parameters
from resight.processors import processors
from resight.progress import Progress, Silent
from resight.recipe import NO_PARAMETERS, Recipe
from resight.rewards import Examples, Score
from resight.searches import Found, Space
from resight.tuner.cache import Cache
from resight.tuner.grouping import pairs_of
from resight.tuner.journal import Journal
from resight.tuner.planning import Plan
from resight.tuner.variants import Variants, describe_into
from resight.tuner.writing import Tuned, count_operations

PUBLISHED = "tursun2020"


def tune(
    data: Dataset | str,
    recipe: Recipe | str,
    *,
    search: str = "evolution",
    reward: str = "contrastive",
    policies: int = 20_000,
    length: int = 8,
    seed: int = 0,
    settings: Sequence[str] = (),
    fit_from: str | Path | None = None,
    name: str = "tuned",
    engine: str = "auto",
    workers: int | None = None,
    batch: int | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """The policy of `length` operations whose summed descriptors are rewarded most on a data set in groups.

    Every photo is described once through each of the 124 variants; what is described is kept, so that a
    rerun goes on, and other searches need no network. `search` and `reward` are methods, as
    "ppo:batch=50" and "average-precision:k=100"; `policies` are how many are scored at most. `settings`
    are those of single operations, as "rotate:fill=255". What a recipe fits, it fits on these photos, or on
    those of `fit_from`: a gallery, folder or data set. A policy that the recipe has is not looked at.

    Raises Stopped where the progress asks for an end, BadRecipe for a recipe of several parts or one that
    keeps its regions, BadData for a data set without groups.
    """
    progress, workers = progress or Silent(), workers or processors()
    plan = Plan.of(
        data if isinstance(data, Dataset) else open_dataset(data), recipe, length, settings, fit_from
    )
    finding, rewarding = methods.find("searches", search), methods.find("rewards", reward)
    run = functools.partial(engines.load, name=engine, workers=workers, batch=batch or 0)
    fitting = {"engine": engine, "workers": workers, "batch": batch, "progress": progress}
    parameters, fit = _parameters(plan, fit_from, fitting)
    with contextlib.closing(Cache(plan.folder(fit), len(plan.groups.photos), len(plan.variants))) as cache:
        progress.say(plan.told(len(cache.waiting), policies))
        begun = time.monotonic()
        if cache.waiting:
            seeing = Variants(plan.recipe, plan.variants[:-1], parameters, fit, run)
            describe_into(cache, seeing, plan.paths, plan.turns, workers, progress)
        described = time.monotonic()
        examples = _examples(plan, cache, seed, workers)
        score: Score = rewarding(examples)
        space = Space.of(plan.variants[:-1], length)
        with _journalled(plan.journal(cache.folder, finding, rewarding, policies, seed), score) as journal:
            found = finding.call(journal, space, policies, np.random.default_rng(seed), progress)
        seconds = {"describing": described - begun, "searching": time.monotonic() - described}
        facts = plan.facts(fit) | {
            "search": finding.sentence(), "reward": rewarding.sentence(), "budget": policies, "seed": seed,
            "photos": len(np.unique(examples.pairs)), "pairs": _count(examples),
        }  # fmt: skip
        return _tuned(name, plan, found, score, seconds, facts)


def _parameters(
    plan: Plan, fit_from: str | Path | None, settings: dict[str, object]
) -> tuple[dict[str, Parameters], str]:
    """The parameters of the recipe's fitted steps, of a fit on photos without a policy, and their name."""
    if not Describer(plan.recipe).fitted_steps:
        return {}, NO_PARAMETERS
    with snapshot_of(fit_of(plan.recipe, fit_from or plan.source, settings)) as opened:
        return opened.parameters()


def _examples(plan: Plan, cache: Cache, seed: int, workers: int) -> Examples:
    """What was described, with its pairs; photos that could not be described are in none."""
    kept = cache.described
    groups = plan.groups.groups[kept]
    pairs, alike = pairs_of(groups, seed, different=plan.groups.different)
    rows = cache.rows if len(kept) == len(cache.states) else cache.rows[kept]
    return Examples(rows, plan.variants, groups, pairs, alike, workers)


def _count(examples: Examples) -> list[int]:
    alike = int(examples.alike.sum())
    return [alike, len(examples.alike) - alike]


@contextlib.contextmanager
def _journalled(path: Path, score: Score) -> Iterator[Journal]:
    """A score whose rewards are kept until the search has ended."""
    journal = Journal(path, score)
    yield journal
    journal.end()


def _tuned(
    name: str, plan: Plan, found: Found, score: Score, seconds: dict[str, float], facts: dict[str, object]
) -> Tuned:
    best = tuple(
        (tuple(plan.variants[number] for number in numbers), reward)
        for numbers, reward in zip(found.policies, found.rewards, strict=True)
    )
    alone = float(score(np.array([[len(plan.variants) - 1]]))[0])
    published = float(score(plan.numbers(policy.Policy.load(PUBLISHED).operations)[None])[0])
    operations, reward = best[0]
    rewards = {"value": reward, "alone": alone, PUBLISHED: published}
    counts = [list(each) for each in count_operations([each for each, _ in best]).items()]
    told = {**facts, "scored": found.scored, **rewards, "counts": counts}
    kept = policy.Policy(name, operations, told)
    return Tuned(
        kept, reward, alone, published, found.scored,
        {key: round(value, 3) for key, value in seconds.items()}, best, found.course, facts,
    )  # fmt: skip
