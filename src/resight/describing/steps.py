"""The steps of a recipe: methods, each at its place in the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resight import methods
from resight.methods import Method
from resight.parts import Part


@dataclass(frozen=True)
class Step:
    """A method at its place in the sentence of a part: pooling, each, gather, join or post.

    The first three are fitted for every layer. Views that are concatenated have steps of their own up to
    there; views that are summed share theirs, or their sum would mean nothing.
    """

    place: str
    view: int
    layer: int
    index: int
    method: Method
    part: int = 0

    @property
    def name(self) -> str:
        """The key of its parameters."""
        own = f"{self.place}.{self.view}.{self.layer}.{self.index}"
        return f"part{self.part + 1}.{own}" if self.part else own


@dataclass(frozen=True)
class Stream:
    """What one layer of one view goes through: pooling, the steps on each region, gathering."""

    pooling: Step
    each: list[Step]
    gather: Step

    @staticmethod
    def of(part: Part, view: int, layer: int, number: int = 0) -> Stream:
        """What a layer of a view goes through, by a part of a recipe."""
        pooling = Step("pooling", view, layer, 0, methods.find("poolings", part.pooling), number)
        gather = Step("gather", view, layer, 0, methods.find("gather", part.gather), number)
        return Stream(pooling, steps_at("each", view, layer, part.each, number), gather)


def steps_at(place: str, view: int, layer: int, sentences: Sequence[str], part: int = 0) -> list[Step]:
    """The steps on vectors at a place, in their order."""
    return [Step(place, view, layer, i, methods.find("post", text), part) for i, text in enumerate(sentences)]
