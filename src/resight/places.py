"""Where methods are: files of Resight's rooms, and entry points of installed packages.

A package names its method as an entry point of the group `resight.KIND`, with the value `module:function`.
Where a name is Resight's own, its own is meant. The packages are asked once a process, and for a name only
if Resight has no method of that name.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resight.errors import BadMethod, UnknownMethod

ROOT = Path(__file__).parent
KINDS = (
    "backbones", "datasets", "engines", "figures", "gather", "losses", "mining", "operations", "points",
    "poolings", "post", "regions", "rerankers", "rewards", "searches", "stores", "transforms",
)  # fmt: skip
SINGULAR = {
    "datasets": "data set", "gather": "way to gather", "losses": "loss",
    "mining": "way to mine", "points": "kind of points",
    "post": "step", "rerankers": "re-ranker", "searches": "search",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """The module and the function of a method; `package` and its `version`: "" for Resight's own."""

    name: str
    module: str
    function: str
    package: str = ""
    version: str = ""

    @property
    def origin(self) -> str:
        """`package-1.0`, which becomes a part of fingerprints; "" for Resight's own."""
        return f"{self.package}-{self.version}" if self.package else ""

    def load(self) -> Any:
        """Import the module; raises BadMethod for one of another package that cannot be used."""
        if not self.package:
            return importlib.import_module(self.module)
        try:
            found = importlib.import_module(self.module)
        except Exception as error:  # whatever a module of others raises
            raise BadMethod(f"{self} cannot be imported ({error}): mend or uninstall it.") from error
        if self.function and not callable(getattr(found, self.function, None)):
            raise BadMethod(f"{self} has no function '{self.function}': mend or uninstall it.")
        return found

    def tree(self) -> ast.Module:
        """The module as it is written, not imported for it; empty where a package hides or broke it."""
        if not self.package:
            folder, stem = self.module.split(".")[1:]
            return ast.parse((ROOT / folder / f"{stem}.py").read_text(encoding="utf8"))
        try:
            spec = importlib.util.find_spec(self.module)
            return ast.parse(Path(spec.origin).read_text(encoding="utf8") if spec and spec.origin else "")
        except Exception:  # the package that the module is in is imported, and may raise what it likes
            return ast.parse("")

    def __str__(self) -> str:
        return f"The method '{self.name}' of the package {self.package} {self.version}"


@functools.cache
def own_names(kind: str) -> tuple[str, ...]:
    """Resight's own methods of a kind, from the file names of its room."""
    if kind not in KINDS:
        raise UnknownMethod("kind of method", kind, KINDS)
    files = (path.stem for path in (ROOT / kind).glob("*.py"))
    return tuple(sorted(name.replace("_", "-") for name in files if not name.startswith("_")))


@functools.cache
def foreign(kind: str) -> Mapping[str, tuple[Place, ...]]:
    """The methods of a kind that installed packages bring, by name; several where packages collide."""
    from importlib.metadata import entry_points

    found: dict[str, dict[str, Place]] = {}
    for point in entry_points(group=f"resight.{kind}"):
        name = point.name.replace("_", "-")
        package, version = (point.dist.name, point.dist.version) if point.dist else (point.module, "unknown")
        place = Place(name, point.module, point.attr, package, version)
        found.setdefault(name, {}).setdefault(package, place)
    return {name: tuple(here.values()) for name, here in found.items()}


def names(kind: str) -> list[str]:
    """All methods of a kind: Resight's own, and those of installed packages; none is imported for it."""
    return sorted({*own_names(kind), *foreign(kind)})


def has(kind: str, name: str) -> bool:
    """Whether a kind has a method of this name."""
    return name in own_names(kind) or name in foreign(kind)


def place(kind: str, name: str) -> Place:
    """Where a method is; raises UnknownMethod, or BadMethod where two packages bring it."""
    if name in own_names(kind):
        stem = name.replace("-", "_")
        return Place(name, f"resight.{kind}.{stem}", stem)
    found = foreign(kind).get(name, ())
    if not found:
        raise unknown(kind, name)
    if len(found) > 1:
        packages = " and ".join(f"{each.package} {each.version}" for each in found)
        raise BadMethod(f"The packages {packages} both bring '{name}' of the {kind}: uninstall one.")
    return found[0]


def shipped(kind: str, name: str, folder: Path) -> Path:
    """The TOML file of a name in a folder of Resight's own, or of a path; raises UnknownMethod."""
    known = names_in(folder)
    if name in known:
        return folder / f"{name}.toml"
    if Path(name).suffix != ".toml":
        raise UnknownMethod(kind, name, known)
    return Path(name)


def names_in(folder: Path) -> list[str]:
    """The names of the TOML files in a folder."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def unused(kind: str) -> list[Place]:
    """Methods of other packages that nobody can name, as Resight has its own of the same name."""
    return [each for name in own_names(kind) for each in foreign(kind).get(name, ())]


def unknown(kind: str, name: str) -> UnknownMethod:
    """The error that a kind has no such method."""
    return UnknownMethod(SINGULAR.get(kind, kind.removesuffix("s")), name, names(kind))
