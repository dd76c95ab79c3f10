"""The sentence that says how a photo becomes a descriptor, as data; and its fingerprint.

A recipe is a TOML file (docs/recipes.md). It holds settings only: parameters come from a fit,
or from a file that training has left.
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

from resight import methods, places
from resight.errors import BadRecipe, ResightError
from resight.parts import FULL, SHORT
from resight.parts import Backbone as Backbone
from resight.parts import Part as Part
from resight.parts import Views as Views

FOLDER = Path(__file__).parent / "recipes"
NO_PARAMETERS = "none"
SHORT_PATH = "bf16-v2"  # grows where bf16 gives other maps


@dataclass(frozen=True)
class Recipe:
    """A name and its parts: what each makes of a photo is joined into one descriptor.

    The dot product of two descriptors is the weighted mean of the parts' similarities. `parameters` is a file
    of what training has learnt of its steps, which are then not fitted on photos; "" where there is none.
    """

    name: str
    parts: tuple[Part, ...]
    parameters: str = ""

    def __post_init__(self) -> None:
        if not self.parts:
            raise BadRecipe("A recipe has at least one part.")
        keeping = [part.keeps_regions for part in self.parts]
        if any(keeping) and not all(keeping):
            raise BadRecipe(
                "A part that keeps its regions (gather = 'keep') and one that sums them do not mix: "
                "a photo has a vector for each region in the one, and a single vector in the other."
            )
        if (
            all(keeping)
            and len({methods.find("regions", part.regions).sentence() for part in self.parts}) > 1
        ):
            raise BadRecipe(
                "Parts that keep their regions take the same ones: 'regions' must be alike in all."
            )
        if all(keeping) and len({part.views.policy for part in self.parts}) > 1:
            raise BadRecipe("Parts that keep their regions take one policy: 'views.policy' must be alike.")

    @property
    def keeps_regions(self) -> bool:
        """Whether an image has a vector for each of its regions."""
        return self.parts[0].keeps_regions

    @property
    def asking(self) -> slice:
        """Which of a photo's rows are looked for when it is a query: all, or the first, the whole photo."""
        alone = self.keeps_regions and methods.find("regions", self.first.regions).query_whole
        return slice(1 if alone else None)

    @property
    def first(self) -> Part:
        """The part that figures of layers and regions look at."""
        return self.parts[0]

    @property
    def views(self) -> tuple[Views, ...]:
        """The views of its parts."""
        return tuple(part.views for part in self.parts)

    @property
    def backbones(self) -> tuple[Backbone, ...]:
        """The backbones of its parts, each once."""
        return tuple(dict.fromkeys(part.backbone for part in self.parts))

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages, with their versions, that bring methods of its parts: none for Resight's own."""
        return tuple(sorted(set().union(*(part.packages for part in self.parts))))

    @property
    def precision(self) -> str:
        """How maps are rounded, which it does not say: another one where bf16 gives other maps."""
        return SHORT_PATH if any(backbone.precision == SHORT for backbone in self.backbones) else FULL

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Recipe:
        """A recipe from the tables of its TOML: one sentence, or a list of them under `parts`."""
        values = dict(values)
        name = values.pop("name", None)
        if not isinstance(name, str):
            raise BadRecipe(
                "the recipe needs 'name'." if name is None else f"the recipe: 'name' is text, not {name!r}."
            )
        learnt = values.pop("parameters", "")
        if not isinstance(learnt, str):
            raise BadRecipe(f"the recipe: 'parameters' names a file, not {learnt!r}.")
        if "parts" not in values:
            return cls(name, (Part.parse("the recipe", values),), learnt)
        parts = values.pop("parts")
        if values:
            raise BadRecipe(
                f"A recipe of parts has no setting '{min(values)}' of its own: it belongs to a part."
            )
        if not isinstance(parts, list | tuple) or not all(isinstance(part, Mapping) for part in parts):
            raise BadRecipe("parts is a list of tables, a sentence each: [[parts]].")
        return cls(name, tuple(Part.parse(f"part {n}", part) for n, part in enumerate(parts, 1)), learnt)

    @classmethod
    def load(cls, name: str) -> Recipe:
        """A shipped recipe by its name, or one from a TOML file by its path."""
        path = places.shipped("recipe", name, FOLDER)
        try:
            text = path.read_text(encoding="utf8")
            read = cls.parse({"name": path.stem} | tomllib.loads(text))._with_files_of(path.parent)
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

    def _with_files_of(self, folder: Path) -> Recipe:
        """Files that lie beside the recipe's own are meant by their names."""

        def placed(name: str) -> str:
            beside = folder / name
            return (
                str(beside.resolve()) if name and not Path(name).is_absolute() and beside.is_file() else name
            )

        parts = tuple(
            dataclasses.replace(
                part, backbone=dataclasses.replace(part.backbone, weights=placed(part.backbone.weights))
            )
            for part in self.parts
        )
        return dataclasses.replace(self, parts=parts, parameters=placed(self.parameters))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the gallery stores them; `parse` reads them back."""
        parts = [part.as_dict() for part in self.parts]
        own = {"name": self.name} | ({"parameters": self.parameters} if self.parameters else {})
        if len(parts) > 1:
            return {**own, "parts": parts}
        del parts[0]["weight"]  # of one part alone it says nothing
        return {**own, **parts[0]}

    def sentence(self) -> dict[str, Any]:
        """What the descriptor depends on but for the contents of files, with default settings written out."""
        parts = [part.sentence() for part in self.parts]
        if len(parts) == 1:
            return parts[0]
        return {
            "parts": [said | {"weight": part.weight} for said, part in zip(parts, self.parts, strict=True)]
        }


def names() -> list[str]:
    """The recipes that ship with Resight."""
    return places.names_in(FOLDER)


def summaries() -> dict[str, str]:
    """The first line of each recipe that ships with Resight, by its name."""
    return {
        name: (FOLDER / f"{name}.toml").read_text(encoding="utf8").partition("\n")[0].lstrip("# ")
        for name in names()
    }


def fingerprint(recipe: Recipe, weights: str, parameters: str, pixel_path: str, precision: str) -> str:
    """Equal fingerprints, comparable descriptors: recipe, weights, parameters, pixel path and precision."""
    parts = [recipe.sentence(), weights, parameters, pixel_path, precision]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
