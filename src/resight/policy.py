"""A policy: the operations through which photos are looked at, as data. Tursun et al., ICIP 2020, section 2.

An operation is spelt as methods are, `rotate:magnitude=10`. A policy is a TOML file with a `name` and its
`operations`; a table `found` may say how it was found, which nothing but people reads.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resight import methods, places
from resight.errors import BadRecipe, ResightError

ROOM = "operations"
MAGNITUDES = range(1, 11)
FOLDER = Path(__file__).parent / "policies"
MOST = 1000  # operations; a typing error could otherwise take all memory


@dataclass(frozen=True)
class Policy:
    """A name, and operations; one may stand there twice, and then counts twice."""

    name: str
    operations: tuple[str, ...]
    found: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.operations) <= MOST:
            raise BadRecipe(f"A policy has between 1 and {MOST} operations.")
        check(self.operations)

    @classmethod
    def load(cls, name: str) -> Policy:
        """A shipped policy by its name, or one from a TOML file by its path; raises BadRecipe."""
        path = places.shipped("policy", name, FOLDER)
        try:
            values = {"name": path.stem} | tomllib.loads(path.read_text(encoding="utf8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadRecipe(f"The policy {path} cannot be read: {error}.") from None
        try:
            return cls.parse(values)
        except ResightError as error:
            raise BadRecipe(f"The policy {path.name} cannot be used: {error}") from None

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Policy:
        """A policy from the tables of its TOML; an unknown key is an error that names the known ones."""
        unknown = sorted(set(values) - {"name", "operations", "found"})
        if unknown:
            raise BadRecipe(f"A policy has no setting '{unknown[0]}'. Known: name, operations, found.")
        operations = values.get("operations")
        if not isinstance(operations, list | tuple) or not all(isinstance(each, str) for each in operations):
            raise BadRecipe("operations is a list of texts, such as ['rotate:magnitude=10'].")
        return cls(str(values["name"]), tuple(operations), values.get("found", {}))


def names() -> list[str]:
    """The policies that ship with Resight."""
    return places.names_in(FOLDER)


def check(operations: Sequence[str]) -> None:
    """Raise UnknownMethod or BadSetting for what is no operation, or no magnitude of one."""
    for text in operations:
        magnitude = operation(text).settings["magnitude"]
        if magnitude not in MAGNITUDES:
            raise BadRecipe(f"'{text}': a magnitude is a whole number from 1 to {MAGNITUDES[-1]}.")


@functools.cache
def operation(text: str) -> methods.Method:
    """The operation that a policy spells as `rotate:magnitude=10`; raises UnknownMethod or BadSetting."""
    return methods.find(ROOM, text)


def side(text: str) -> int:
    """The most pixels that a side of an operation's result has; 0 where that is as large as its view."""
    found = operation(text)
    return int(found.settings[found.says["SIDE"]]) if "SIDE" in found.says else 0


@functools.cache
def variants(settings: tuple[str, ...] = ()) -> tuple[str, ...]:
    """All operations at all magnitudes, each change of a photo once: 124 of the 16 operations.

    `settings` are those of single operations, as "rotate:fill=255"; all others keep their defaults.
    """
    given = dict(text.partition(":")[::2] for text in settings)
    unknown = sorted(set(given) - set(methods.names(ROOM)))
    if unknown:
        raise methods.unknown(ROOM, unknown[0])
    found = []
    for name in methods.names(ROOM):
        alike = getattr(methods.module(ROOM, name), "IGNORES_MAGNITUDE", False)
        own = f",{given[name]}" if given.get(name) else ""
        found += [f"{name}:magnitude={magnitude}{own}" for magnitude in MAGNITUDES[: 1 if alike else None]]
    check(found)
    return tuple(found)
