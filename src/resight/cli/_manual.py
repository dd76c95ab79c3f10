"""What a method's file says of it: source, words, settings. It is read, and nothing is imported for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from resight import methods
from resight.errors import BadSetting, UnknownMethod, did_you_mean
from resight.places import place


@dataclass(frozen=True)
class Setting:
    """`kind` as it is annotated: int, float, bool or str. `default` is None where a value must be given."""

    kind: str
    default: Any

    def __str__(self) -> str:
        """The default as a recipe spells it."""
        if self.default is None:
            return "..."
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return str(self.default) if self.default != "" else '""'


@dataclass(frozen=True)
class Manual:
    """`about` cites the source; `text` is what the docstrings say beyond that, settings among it.

    `origin` is the package, and its version, of a method that is not Resight's.
    """

    kind: str
    name: str
    about: str
    text: str
    settings: dict[str, Setting]
    origin: str = ""

    def defaults(self) -> str:
        """All settings in one line: `top=100, ratio=0.8`; "" for none."""
        return ", ".join(f"{key}={setting}" for key, setting in self.settings.items())


def manual(kind: str, name: str) -> Manual:
    """Read the file of a method; raises UnknownMethod."""
    there = place(kind, name)
    tree = there.tree()
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    own = [functions[each] for each in (there.function, "fit") if each in functions]
    about, _, rest = (ast.get_docstring(tree) or "").partition("\n")
    words = [rest.strip(), *(ast.get_docstring(each) or "" for each in own)]
    text = "\n\n".join(dict.fromkeys(filter(None, words)))
    settings = {key: setting for each in own for key, setting in _settings(each, tree)}
    return Manual(kind, name, about, text, settings, there.origin)


def kind_of(name: str) -> str:
    """The one kind that has a method of this name; BadSetting names the kinds where several have."""
    kinds = [kind for kind in methods.KINDS if name in methods.names(kind)]
    if not kinds:
        known = {each for kind in methods.KINDS for each in methods.names(kind)}.union(methods.KINDS)
        likely = did_you_mean(name, known)
        raise UnknownMethod("method or kind of methods", name, known if likely else methods.KINDS)
    if len(kinds) > 1:
        said = " or ".join(f"`resight methods {kind} {name}`" for kind in kinds)
        raise BadSetting(f"There are several methods called '{name}': write {said}.")
    return kinds[0]


def _settings(function: ast.FunctionDef, tree: ast.Module) -> Iterator[tuple[str, Setting]]:
    arguments = function.args
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        kind = ast.unparse(argument.annotation) if argument.annotation else "str"
        yield argument.arg, Setting(kind, _value(default, tree) if default else None)


def _value(default: ast.expr, tree: ast.Module) -> Any:
    """A literal, or a name that the file gives to one; the words of the file for anything else."""
    given = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    try:
        return ast.literal_eval(given[default.id] if isinstance(default, ast.Name) else default)
    except (KeyError, ValueError):
        return ast.unparse(default)
