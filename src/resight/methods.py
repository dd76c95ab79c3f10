"""Finds a method by its name: a file of a room is a method, and its function bears the file's name.

`find("poolings", "gem:p=2")` imports `resight/poolings/gem.py` only then; `names("poolings")` reads the
folder and imports nothing. Other packages add methods by entry points (`resight.places`). The keyword-only
arguments of the function (and of the file's `fit`, where a method is fitted) are the settings; their
annotations say how a value is read.

A file says of its method what others must know, in names of capital letters: `FIT_ON` what its fit is given,
`NEEDS` what must be there or hold (`local_features`; `equal_counts`: as many regions in every photo),
`DEPTH` the setting that says how many of a ranking's first it looks at, `KEEPS_REGIONS` that a photo keeps a
vector a region, `COUNT_VARIES_WITH` whether the number of regions depends on a photo's `shape` or `content`,
`SHAPE_ALONE` that the regions depend on nothing but the shape of the map, `QUERY_WHOLE` that a query is the
first of its regions alone, which is the whole photo, where regions are kept, `AT_LEAST` the lowest values of
parameters that training may change, `TAKES` what a loss is given beside the descriptors, `LEVELLED` that a
transform may be given pixels whose values are still to be looked up.
"""

from __future__ import annotations

import ast
import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from resight.errors import BadSetting
from resight.places import KINDS as KINDS
from resight.places import ROOT as ROOT
from resight.places import has as has
from resight.places import names as names
from resight.places import place as place
from resight.places import unknown as unknown

Parameters = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """A method with its settings bound; the parameters of a fitted one are handed in at each call.

    `fit` is None for a method that needs no fitting; `fit_on` is what its fit is given of each photo: "maps"
    (features and masks), "rows" (N, D), or "views" (a `Varied`: rows, and those of synthetic views).
    `hides` says whether a fit on few photos hides what they share. `says` is what its file says of it in
    names of capital letters. `origin` is the package, and its version, of a method that is not Resight's.
    """

    kind: str
    name: str
    call: Callable[..., Any]
    fit: Callable[..., Parameters] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    fit_on: str = "rows"
    hides: bool = False
    says: Mapping[str, Any] = field(default_factory=dict, repr=False)
    origin: str = ""

    def __call__(self, *values: Any, parameters: Parameters | None = None) -> Any:
        """Apply to values; a fitted method also needs the parameters that its `fit` gave."""
        return self.call(*values, parameters) if self.fit else self.call(*values)

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be there, or hold, for it to work."""
        return tuple(self.says.get("NEEDS", ()))

    @property
    def depth(self) -> int:
        """How many of a ranking's first it looks at; 0 where it asks for others by itself."""
        return int(self.settings[self.says["DEPTH"]]) if "DEPTH" in self.says else 0

    @property
    def keeps_regions(self) -> bool:
        """Whether a photo keeps a vector a region."""
        return bool(self.says.get("KEEPS_REGIONS", False))

    @property
    def query_whole(self) -> bool:
        """Whether a query is the whole photo alone, and not each of its regions."""
        return bool(self.says.get("QUERY_WHOLE", False))

    @property
    def count_varies_with(self) -> frozenset[str]:
        """What the number of regions depends on; of a method that does not say, the content of the photo."""
        return frozenset(self.says.get("COUNT_VARIES_WITH", ("shape", "content")))

    def sentence(self) -> str:
        """The full spelling, defaults written out, so that a changed default changes the fingerprint."""
        settings = ",".join(f"{key}={_spell(value)}" for key, value in sorted(self.settings.items()))
        return f"{self.name}:{settings}" if settings else self.name


def pack(parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Parameters by step and key -> arrays by `STEP/KEY`, as files of tensors name them."""
    return {f"{step}/{key}": array for step, own in parameters.items() for key, array in own.items()}


def unpack(arrays: Mapping[str, Any]) -> dict[str, Parameters]:
    """What `pack` gave -> parameters, steps in the order of their names: files keep none."""
    parameters: dict[str, Parameters] = {}
    for name, array in sorted(arrays.items(), key=lambda one: one[0]):
        step, _, key = name.partition("/")
        parameters.setdefault(step, {})[key] = array
    return parameters


def summary(kind: str, name: str) -> str:
    """The first line of a method's file, which cites its source; nothing is imported for it."""
    return (ast.get_docstring(place(kind, name).tree()) or "").partition("\n")[0]


def module(kind: str, name: str) -> Any:
    """Import the file of a method."""
    return place(kind, name).load()


def find(kind: str, text: str) -> Method:
    """The method that a recipe names as `name` or `name:setting=value,setting=value`."""
    name, _, rest = (piece.strip() for piece in text.partition(":"))
    there = place(kind, name)
    home = there.load()
    call = getattr(home, there.function)
    fitting = getattr(home, "fit", None)
    known = settings(call) | (settings(fitting) if fitting else {})
    given = _given(name, rest, known)
    bound = {key: given.get(key, default) for key, (_, default) in known.items()}
    missing = [key for key, value in bound.items() if value is inspect.Parameter.empty]
    if missing:
        raise BadSetting(f"'{name}' needs its setting '{missing[0]}', as in '{name}:{missing[0]}=...'.")
    says = {key: value for key, value in vars(home).items() if key.isupper()}
    fit_on = says.get("FIT_ON", "maps" if kind == "poolings" else "rows")
    hides = bool(home.hides(bound)) if hasattr(home, "hides") else False
    fit = _bind(fitting, bound) if fitting else None
    return Method(kind, name, _bind(call, bound), fit, bound, fit_on, hides, says, there.origin)


def settings(function: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """The keyword-only arguments of a method: name -> (type, default)."""
    own = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    # of these only: what a function gives back may be a type that is not imported until it is called
    told = SimpleNamespace(__annotations__={parameter.name: parameter.annotation for parameter in own})
    hints = typing.get_type_hints(told, inspect.unwrap(function).__globals__)
    return {parameter.name: (hints[parameter.name], parameter.default) for parameter in own}


def _given(method: str, text: str, known: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if key not in known:
            raise BadSetting(f"'{method}' has no setting '{key}'. Known: {', '.join(known) or 'none'}.")
        if key in given or not equals:
            raise BadSetting(f"'{method}' takes one value for '{key}', as in '{method}:{key}=...'.")
        given[key] = _read(method, key, value, known[key][0])
    return given


def _bind(function: Callable[..., Any], values: dict[str, Any]) -> Callable[..., Any]:
    own = settings(function)
    return functools.partial(function, **{key: value for key, value in values.items() if key in own})


def _read(method: str, key: str, text: str, kind: Any) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        return kind(text)
    except (KeyError, ValueError):
        raise BadSetting(f"'{method}' takes {kind.__name__} for '{key}', not '{text}'.") from None


def _spell(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
