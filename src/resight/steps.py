"""The steps of a recipe: methods, each at its place in the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resight import methods
from resight.methods import Method
from resight.recipe import Recipe


@dataclass(frozen=True)
class Step:
    """A method at its place in the sentence: pooling, each, gather, join or post.

    The first three are fitted for every layer. Views that are concatenated have steps of their own up to
    there; views that are summed share theirs, or their sum would mean nothing.
    """

    place: str
    view: int
    layer: int
    index: int
    method: Method

    @property
    def name(self) -> str:
        """The key of its parameters."""
        return f"{self.place}.{self.view}.{self.layer}.{self.index}"


@dataclass(frozen=True)
class Stream:
    """What one layer of one view goes through: pooling, the steps on each region, gathering."""

    pooling: Step
    each: list[Step]
    gather: Step

    @staticmethod
    def of(recipe: Recipe, view: int, layer: int) -> Stream:
        """What a layer of a view goes through, by a recipe."""
        pooling = Step("pooling", view, layer, 0, methods.find("poolings", recipe.pooling))
        gather = Step("gather", view, layer, 0, methods.find("gather", recipe.gather))
        return Stream(pooling, steps_at("each", view, layer, recipe.each), gather)


def steps_at(place: str, view: int, layer: int, sentences: Sequence[str]) -> list[Step]:
    """The steps on vectors at a place, in their order."""
    return [Step(place, view, layer, i, methods.find("post", text)) for i, text in enumerate(sentences)]
