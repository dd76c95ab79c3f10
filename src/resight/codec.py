"""The one codec: values as plain JSON values, and back with every type checked.

A frozen dataclass is an object of its fields; an array is a list of its rows; a path is a string. A type may
say itself how it is written: see `Listed`.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar, get_args, runtime_checkable

import numpy as np

T = TypeVar("T")


@runtime_checkable
class Listed(Protocol):
    """A value that is written as a list, with so many decimal places, or with all of them for None."""

    def as_list(self, places: int | None) -> list[Any]:
        """The list."""
        ...

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        """The value of such a list; raises ValueError or TypeError for another one."""
        ...


def encode(value: Any, places: int | None = None) -> Any:
    """Plain values, as `json.dumps` takes them; `places` are the decimals of what is `Listed`, None: all.

    Raises TypeError for what has no such form.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if dataclasses.is_dataclass(value):
        names = (field.name for field in dataclasses.fields(value))
        return {name: encode(getattr(value, name), places) for name in names}
    if isinstance(value, Mapping):
        return {key: encode(one, places) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [encode(one, places) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Listed):
        return value.as_list(places)
    raise TypeError(f"{type(value).__name__} is not written as JSON.")


def decode(plain: Any, kind: type[T]) -> T:
    """The value of a kind; raises ValueError, which says where, for what is none.

    Other keys are passed over.
    """
    import msgspec

    try:
        return msgspec.convert(plain, kind, dec_hook=_decode_one)
    except msgspec.ValidationError as error:  # a ValueError in later versions alone
        raise ValueError(str(error)) from None


def encode_text(value: Any, places: int | None = None) -> str:
    """One line of JSON; a name that is not UTF-8 is escaped."""
    return json.dumps(encode(value, places))


def decode_text(text: str, kind: type[T]) -> T:
    """The value of a line of JSON; raises ValueError for another one."""
    return decode(json.loads(text), kind)


def _decode_one(kind: Any, plain: Any) -> Any:
    """What msgspec does not know: arrays, and what is `Listed`."""
    if getattr(kind, "__origin__", None) is np.ndarray:
        (dtype,) = get_args(get_args(kind)[1])
        return np.array(plain, dtype)
    return kind.of(plain)


def toml_value(value: Any) -> str:
    """A text, a number, a truth, or a list or table of them, as it stands behind `key = ` in TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(own)}" for key, own in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    # A JSON string is a TOML string, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
