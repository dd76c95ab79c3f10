"""One sentence of a recipe as data: which views of a photo, which network, and what is made of its maps."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resight import methods, policy
from resight.errors import BadRecipe

FITTED = "fitted"  # a weight that follows from the gallery's sample
UNIT = "l2"  # the step that follows the sum over a policy
FULL = "f32"  # float32 throughout, without TF32
SHORT = "bf16"
PRECISIONS = (FULL, SHORT)


@dataclass(frozen=True)
class Views:
    """Which images of a photo are described: `sizes` in pixels of the side that `resize` names.

    `policy` are operations, such as "rotate:magnitude=10". Each of them makes views of all sizes, and what
    they are described as is summed; without any, the photo is seen as it is.
    """

    resize: str = "longest"
    sizes: tuple[int, ...] = (640,)
    enlarge: float = 2.0
    combine: str = "sum"
    policy: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _one_of("views.resize", self.resize, ("longest", "shortest", "square"))
        _one_of("views.combine", self.combine, ("sum", "concat"))
        if not self.sizes or not all(type(size) is int and 0 < size <= 8192 for size in self.sizes):
            raise BadRecipe("views.sizes is a list of whole pixels between 1 and 8192.")
        if not self.enlarge >= 1:
            raise BadRecipe("views.enlarge is how many times a small photo may grow: 1 or more.")
        policy.check(self.policy)

    @property
    def count(self) -> int:
        """How many views there are of a photo."""
        return len(self.sizes) * len(self.policies)

    @property
    def policies(self) -> list[tuple[str, ...]]:
        """Of each view's policy: its one operation, or none."""
        return [(operation,) for operation in self.policy] or [()]

    @classmethod
    def parse(cls, values: Any) -> Views:
        """Views from their table; a policy may be named, by its name or its file, and is read then."""
        if isinstance(values, Mapping) and isinstance(values.get("policy"), str):
            values = {**values, "policy": policy.Policy.load(values["policy"]).operations}
        built: Views = _build(cls, "views", values)
        return built


@dataclass(frozen=True)
class Backbone:
    """Which network runs, with which weights, and the layers whose feature maps are taken.

    `relu` clamps the maps at zero; `preprocess` says how pixels enter: "" as the library states for its
    weights, or another way that its file lists in `PREPROCESS`. A library that finds points, as
    "opencv:sift:count=1000", has neither weights nor layers: its descriptors are one map. `precision` is in
    what numbers the network computes; a recipe says it beside the backbone, since it is of nothing else.
    """

    network: str
    weights: str = ""
    layers: tuple[str, ...] = ()
    relu: bool = False
    preprocess: str = ""
    precision: str = FULL

    def __post_init__(self) -> None:
        library, _, name = self.network.partition(":")
        if not name or not methods.has("backbones", library):
            known = ", ".join(f"{library}:NAME" for library in methods.names("backbones"))
            raise BadRecipe(f"backbone.network is one of {known}, not '{self.network}'.")
        home = methods.module("backbones", library)
        getattr(home, "check", _has_layers_and_weights)(self)
        _one_of("precision", self.precision, PRECISIONS)
        if not isinstance(self.relu, bool):
            raise BadRecipe(f"backbone.relu is true or false, not {self.relu!r}.")
        others = getattr(home, "PREPROCESS", ())
        if self.preprocess not in ("", *others):
            known = "".join(f" or '{each}'" for each in others)
            raise BadRecipe(
                f"backbone.preprocess is '' (what the library states){known}, not '{self.preprocess}'."
            )


def _has_layers_and_weights(backbone: Backbone) -> None:
    if not backbone.weights:
        raise BadRecipe("backbone needs 'weights'.")
    if not backbone.layers:
        raise BadRecipe("backbone.layers names at least one layer.")


@dataclass(frozen=True)
class Part:
    """One sentence: views -> backbone -> regions -> pooling -> each -> gather -> join -> combine -> post.

    `weight` is the share that its similarities have among those of other parts: a number, or "fitted".
    """

    views: Views
    backbone: Backbone
    regions: str = "whole"
    pooling: str = "mac"
    each: tuple[str, ...] = ("l2",)
    gather: str = "sum"
    join: tuple[str, ...] = ()
    post: tuple[str, ...] = ("l2",)
    weight: float | str = 1.0

    def __post_init__(self) -> None:
        if self.weight != FITTED and not (_is_number(self.weight) and 0 < float(self.weight) < math.inf):
            raise BadRecipe(f"weight is a number above zero, or '{FITTED}', not {self.weight!r}.")
        gather = methods.find("gather", self.gather)
        methods.find("regions", self.regions)
        methods.find("poolings", self.pooling)
        for step in (*self.each, *self.join, *self.post):
            methods.find("post", step)
        if gather.keeps_regions and (self.layers > 1 or len(self.views.sizes) > 1):
            raise BadRecipe(
                f"gather = '{gather.name}' takes one layer and one size: vectors are kept a region each."
            )
        if "equal_counts" in gather.needs:
            self._has_as_many_regions_in_every_photo(gather.name)

    def _has_as_many_regions_in_every_photo(self, gather: str) -> None:
        same = {"shape"} if self.views.resize == "square" else set()
        varies = methods.find("regions", self.regions).count_varies_with - same
        resized = any(map(policy.side, self.views.policy))
        if varies or resized or len(self.views.sizes) > 1:
            raise BadRecipe(
                f"gather = '{gather}' needs as many regions in every photo: "
                "a grid, one size, and views.resize = 'square'."
            )

    @property
    def layers(self) -> int:
        """How many feature maps a view gives."""
        return max(1, len(self.backbone.layers))

    @functools.cached_property
    def keeps_regions(self) -> bool:
        """Whether an image has a vector for each of its regions."""
        return methods.find("gather", self.gather).keeps_regions

    @classmethod
    def parse(cls, where: str, values: Mapping[str, Any]) -> Part:
        """A part from its tables; an unknown key is an error that names the known ones."""
        values = dict(values)
        if "backbone" not in values:
            raise BadRecipe(f"{where} needs a backbone: network, weights and layers.")
        backbone = values.pop("backbone")
        if isinstance(backbone, Mapping) and "precision" in values:
            backbone = {**backbone, "precision": values.pop("precision")}
        elif isinstance(backbone, Mapping) and "precision" in backbone:
            raise BadRecipe(f"{where}: 'precision' stands beside the backbone, not in it.")
        parts = {
            "views": Views.parse(values.pop("views", {})),
            "backbone": _build(Backbone, "backbone", backbone),
        }
        built: Part = _build(cls, where, values | parts)
        return built

    @property
    def packages(self) -> set[str]:
        """The packages, with their versions, of methods that are not Resight's."""
        steps = (*self.each, *self.join, *self.post)
        named = [("regions", self.regions), ("poolings", self.pooling), ("gather", self.gather)]
        named += [("backbones", self.backbone.network), *(("post", step) for step in steps)]
        origins = {methods.place(kind, text.partition(":")[0].strip()).origin for kind, text in named}
        return origins - {""}

    def as_dict(self) -> dict[str, Any]:
        """Plain values, which `parse` reads back.

        What was not there in earlier versions is said only where it is used: precision, and a policy.
        """
        values = dataclasses.asdict(self)
        if not self.views.policy:
            del values["views"]["policy"]
        precision = values["backbone"].pop("precision")
        return values if precision == FULL else {**values, "precision": precision}

    def sentence(self) -> dict[str, Any]:
        """What its vectors depend on, with default settings written out."""
        values = self.as_dict()
        del values["weight"]
        values["regions"] = methods.find("regions", self.regions).sentence()
        values["pooling"] = methods.find("poolings", self.pooling).sentence()
        values["gather"] = methods.find("gather", self.gather).sentence()
        if self.views.policy:
            values["views"]["policy"] = [policy.operation(text).sentence() for text in self.views.policy]
        for place in ("each", "join", "post"):
            values[place] = [methods.find("post", step).sentence() for step in values[place]]
        return values


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
            "float": _is_number(value),
            "tuple[str, ...]": isinstance(value, list | tuple) and all(isinstance(v, str) for v in value),
            "tuple[int, ...]": isinstance(value, list | tuple),
        }
        if not right.get(wanted, True):
            kinds = {"str": "text", "float": "a number"}
            raise BadRecipe(f"{where}: '{key}' is {kinds.get(wanted, 'a list')}, not {value!r}.")
        read[key] = (
            tuple(value)
            if isinstance(value, list)
            else float(value)
            if _is_number(value) and "float" in wanted
            else value
        )
    try:
        return kind(**read)
    except TypeError:
        required = [f.name for f in fields.values() if f.default is dataclasses.MISSING]
        missing = [key for key in required if key not in read]
        raise BadRecipe(f"{where} needs '{missing[0]}'.") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _one_of(where: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadRecipe(f"{where} is one of {', '.join(known)}, not '{value}'.")
