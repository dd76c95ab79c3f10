"""Photos through all variants: each is read once, and described through some operations at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from resight.describing.describer import Describer
from resight.engines import Engine
from resight.errors import BadImage, BadRecipe
from resight.images import budget
from resight.methods import Parameters
from resight.progress import Progress, Stopped
from resight.recipe import Recipe
from resight.tuner.cache import Cache
from resight.tuner.seen_once import seen_once
from resight.types import Vectors
from resight.workers.threads import in_order

AT_ONCE = 16  # operations, whose views of one photo are in memory
SYNC_EVERY = 20  # photos


def alone(recipe: Recipe) -> Recipe:
    """The recipe without a policy; raises BadRecipe for one that no policy can be learnt for."""
    if len(recipe.parts) > 1:
        raise BadRecipe(
            f"The recipe '{recipe.name}' has {len(recipe.parts)} parts, and a policy is learnt for one: "
            "tune a recipe of that part alone, and name the policy in it."
        )
    if recipe.keeps_regions:
        raise BadRecipe(f"The recipe '{recipe.name}' keeps its regions, and a policy sums descriptors.")
    return through(recipe, ())


def through(recipe: Recipe, policy: Sequence[str]) -> Recipe:
    """The recipe with a policy in place of its own."""
    views = dataclasses.replace(recipe.first.views, policy=tuple(policy))
    return Recipe(recipe.name, (dataclasses.replace(recipe.first, views=views),))


class Variants:
    """Describes photos through each operation, and as they are; safe to call from several threads."""

    def __init__(
        self,
        recipe: Recipe,
        operations: Sequence[str],
        parameters: dict[str, Parameters],
        parameters_id: str,
        engine: Callable[..., Engine],
    ) -> None:
        plain = Describer(recipe, parameters, parameters_id, lambda backbone: seen_once(engine(backbone)))
        self.alone = plain
        self._some = [
            Describer(
                through(recipe, operations[first : first + AT_ONCE]), parameters, parameters_id,
                networks=plain.networks,
            )
            for first in range(0, len(operations), AT_ONCE)
        ]  # fmt: skip
        # of all operations, so that photos are read with as many pixels as any of them needs
        self._reading = Describer(through(recipe, operations), networks=plain.networks)

    def __call__(self, path: Path, turn: int) -> list[Vectors]:
        """Rows (D,) of a photo through each operation, in their order; the last is of the photo as it is."""
        photo = self._reading.read(path, turn)
        found: list[Vectors] = []
        for describer in (*self._some, self.alone):
            prepared = describer.prepare(photo, variants=None)
            sentence = describer.sentences.parts[0]
            rows = sentence.of_operations(prepared.parts[0], describer.parameters)
            found += [np.asarray(row, np.float32).reshape(-1) for row in rows]
        return found


def describe_into(
    cache: Cache,
    variants: Variants,
    paths: Sequence[Path],
    turns: Sequence[int],
    workers: int,
    progress: Progress,
) -> None:
    """Describe what the cache still lacks; raises Stopped, with what was done kept."""
    waiting = cache.waiting
    progress.start("Describing photos through all variants", len(waiting))
    failed, since = 0, 0

    def one(number: int) -> tuple[int, list[Vectors] | None]:
        try:
            with budget.SHARED.hold():
                return number, variants(paths[number], turns[number])
        except (BadImage, OSError) as error:
            progress.say(f"{paths[number]} is left out: {error}.")
            return number, None

    try:
        for number, rows in in_order(one, waiting, workers, progress.stopping):
            cache.put(number, rows)
            failed, since = failed + (rows is None), since + 1
            if since >= SYNC_EVERY:
                cache.sync()
                since = 0
            progress.step(failed)
    finally:
        cache.sync()
    if progress.stopping():
        raise Stopped
