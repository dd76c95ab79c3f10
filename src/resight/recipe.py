"""The sentence that says how a photo becomes a descriptor, as data; and its fingerprint.

A recipe is a TOML file (docs/recipes.md). It holds settings only: parameters come from a fit.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resight import methods
from resight.errors import BadRecipe, ResightError, UnknownMethod

FOLDER = Path(__file__).parent / "recipes"
PRECISION = "f32"
NO_PARAMETERS = "none"


@dataclass(frozen=True)
class Views:
    """Which images of a photo are described: `sizes` in pixels of the side that `resize` names."""

    resize: str = "longest"
    sizes: tuple[int, ...] = (640,)
    enlarge: float = 2.0
    combine: str = "sum"

    def __post_init__(self) -> None:
        _one_of("views.resize", self.resize, ("longest", "shortest", "square"))
        _one_of("views.combine", self.combine, ("sum", "concat"))
        if not self.sizes or not all(type(size) is int and 0 < size <= 8192 for size in self.sizes):
            raise BadRecipe("views.sizes is a list of whole pixels between 1 and 8192.")
        if not self.enlarge >= 1:
            raise BadRecipe("views.enlarge is how many times a small photo may grow: 1 or more.")


@dataclass(frozen=True)
class Backbone:
    """Which network runs, with which weights, and the layers whose feature maps are taken.

    `relu` clamps the maps at zero; `preprocess` says how pixels enter: "" as the library states for its
    weights, "caffe" as blue, green, red of 255 less their means.
    """

    network: str
    weights: str
    layers: tuple[str, ...]
    relu: bool = False
    preprocess: str = ""

    def __post_init__(self) -> None:
        library, _, name = self.network.partition(":")
        if library not in methods.names("backbones") or not name:
            known = ", ".join(f"{library}:NAME" for library in methods.names("backbones"))
            raise BadRecipe(f"backbone.network is one of {known}, not '{self.network}'.")
        if not self.layers:
            raise BadRecipe("backbone.layers names at least one layer.")
        if not isinstance(self.relu, bool):
            raise BadRecipe(f"backbone.relu is true or false, not {self.relu!r}.")
        if self.preprocess not in ("", "caffe"):
            raise BadRecipe(
                f"backbone.preprocess is '' (what the library states) or 'caffe', not '{self.preprocess}'."
            )


@dataclass(frozen=True)
class Recipe:
    """One sentence: views -> backbone -> regions -> pooling -> each -> gather -> join -> combine -> post."""

    name: str
    views: Views
    backbone: Backbone
    regions: str = "whole"
    pooling: str = "mac"
    each: tuple[str, ...] = ("l2",)
    gather: str = "sum"
    join: tuple[str, ...] = ()
    post: tuple[str, ...] = ("l2",)

    def __post_init__(self) -> None:
        gather = methods.find("gather", self.gather).name
        methods.find("regions", self.regions)
        methods.find("poolings", self.pooling)
        for step in (*self.each, *self.join, *self.post):
            methods.find("post", step)
        if gather == "keep" and (len(self.backbone.layers) > 1 or len(self.views.sizes) > 1):
            raise BadRecipe("gather = 'keep' takes one layer and one size: vectors are kept a region each.")
        if gather in ("concat", "weighted-sum"):
            self._has_as_many_regions_in_every_photo(gather)

    def _has_as_many_regions_in_every_photo(self, gather: str) -> None:
        regions = methods.find("regions", self.regions).name
        fixed = regions == "whole" or (regions != "salient" and self.views.resize == "square")
        if not fixed or len(self.views.sizes) > 1:
            raise BadRecipe(
                f"gather = '{gather}' needs as many regions in every photo: "
                "a grid, one size, and views.resize = 'square'."
            )

    @property
    def keeps_regions(self) -> bool:
        """Whether an image has a vector for each of its regions."""
        return methods.find("gather", self.gather).name == "keep"

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Recipe:
        """A recipe from the tables of its TOML; an unknown key is an error that names the known ones."""
        values = dict(values)
        try:
            parts = {
                "views": _build(Views, "views", values.pop("views", {})),
                "backbone": _build(Backbone, "backbone", values.pop("backbone")),
            }
        except KeyError:
            raise BadRecipe("A recipe needs a backbone: network, weights and layers.") from None
        built: Recipe = _build(cls, "the recipe", values | parts)
        return built

    @classmethod
    def load(cls, name: str) -> Recipe:
        """A shipped recipe by its name, or one from a TOML file by its path."""
        path = FOLDER / f"{name}.toml"
        if name not in names():
            path = Path(name)
            if path.suffix != ".toml":
                raise UnknownMethod("recipe", name, names())
        try:
            text = path.read_text(encoding="utf8")
            read = cls.parse({"name": path.stem} | tomllib.loads(text))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadRecipe(f"The recipe {path} cannot be read: {error}.") from None
        except ResightError as error:
            raise BadRecipe(f"The recipe {path.name} cannot be used: {error}") from None
        read._has_a_name_of_its_own(path)
        return read

    def _has_a_name_of_its_own(self, path: Path) -> None:
        if path.parent == FOLDER or self.name not in names():
            return
        if self.sentence() != Recipe.load(self.name).sentence():
            raise BadRecipe(
                f"The recipe {path.name} calls itself '{self.name}', which ships with Resight and is another "
                "one: give it a name of its own."
            )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the gallery stores them; `parse` reads them back."""
        return dataclasses.asdict(self)

    def sentence(self) -> dict[str, Any]:
        """What the descriptor depends on: everything but the name, with default settings written out."""
        values = self.as_dict()
        del values["name"]
        values["regions"] = methods.find("regions", self.regions).sentence()
        values["pooling"] = methods.find("poolings", self.pooling).sentence()
        values["gather"] = methods.find("gather", self.gather).sentence()
        for place in ("each", "join", "post"):
            values[place] = [methods.find("post", step).sentence() for step in values[place]]
        return values


def names() -> list[str]:
    """The recipes that ship with Resight."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def fingerprint(recipe: Recipe, weights: str, parameters: str, pixel_path: str, precision: str) -> str:
    """Equal fingerprints, comparable descriptors: recipe, weights, parameters, pixel path and precision."""
    parts = [recipe.sentence(), weights, parameters, pixel_path, precision]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _build(kind: Any, where: str, values: Any) -> Any:
    if not isinstance(values, Mapping):
        raise BadRecipe(f"{where} is a table of settings.")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise BadRecipe(f"{where} has no setting '{unknown[0]}'. Known: {', '.join(fields)}.")
    read = {}
    for key, value in values.items():
        wanted = str(fields[key].type)
        right = {
            "str": isinstance(value, str),
            "float": isinstance(value, int | float) and not isinstance(value, bool),
            "tuple[str, ...]": isinstance(value, list | tuple) and all(isinstance(v, str) for v in value),
            "tuple[int, ...]": isinstance(value, list | tuple),
        }
        if not right.get(wanted, True):
            kinds = {"str": "text", "float": "a number"}
            raise BadRecipe(f"{where}: '{key}' is {kinds.get(wanted, 'a list')}, not {value!r}.")
        read[key] = tuple(value) if isinstance(value, list) else float(value) if wanted == "float" else value
    try:
        return kind(**read)
    except TypeError:
        required = [f.name for f in fields.values() if f.default is dataclasses.MISSING]
        missing = [key for key in required if key not in read]
        raise BadRecipe(f"{where} needs '{missing[0]}'.") from None


def _one_of(where: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadRecipe(f"{where} is one of {', '.join(known)}, not '{value}'.")
