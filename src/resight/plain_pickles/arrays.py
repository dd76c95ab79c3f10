"""Arrays and numbers of numpy as pickles write them, made here from checked parts; nothing is looked up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LATIN = ("latin1", "latin-1")
NUMBERS = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
ORDERS = {"<", ">", "=", "|"}


class Refused(Exception):
    """Why a pickle is not read; the words complete 'it is not read: ...'."""


@dataclass(frozen=True)
class Name:
    """A name that plain data need; never the thing itself."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class Type:
    """A type of numbers in the making: its byte order comes after its name."""

    code: str
    order: str = "="

    def __str__(self) -> str:
        return f"the type {self.code}"

    def dtype(self) -> np.dtype[Any]:
        """As numpy has it."""
        return np.dtype(self.order + self.code)


def known(module: Any, name: Any) -> Name:
    """The name under which `make` knows it; `Refused` if plain data do not need it."""
    home = str(module).replace("numpy._core.", "numpy.core.").replace("__builtin__", "builtins")
    if f"{home}.{name}" not in MAKERS:
        raise Refused(f"it asks for '{module}.{name}', which is no plain data")
    return Name(f"{home}.{name}")


def make(what: Any, arguments: Any) -> Any:
    """What calling `what` would give."""
    if not isinstance(what, Name) or not isinstance(arguments, tuple):
        raise Refused(f"it wants to call {type(what).__name__}")
    return MAKERS[what.text](*arguments)


def fill(target: Any, state: Any) -> None:
    """Give an array its shape, type and numbers, or a type its byte order."""
    if isinstance(target, Type):
        _fill_type(target, state)
    elif isinstance(target, np.ndarray):
        _, shape, kind, by_columns, data = state
        values = _array(data, kind, shape, "F" if by_columns is True else "C")
        restore: Any = target.__setstate__  # numpy's hints want a bool of its own, its code takes none
        restore((1, values.shape, values.dtype, by_columns is True, _bytes(data)))
    else:
        raise Refused(f"it wants to fill {type(target).__name__}")


def _fill_type(target: Type, state: Any) -> None:
    version, order, *compound = state[:5]
    if version not in (3, 4) or order not in ORDERS or compound != [None, None, None]:
        raise Refused("it has arrays of something else than plain numbers")
    target.order = order


def _type(code: Any, *_: Any) -> Type:
    if code not in NUMBERS:
        raise Refused(f"it has arrays of '{code}', not of plain numbers")
    return Type(code)


def _empty_array(kind: Any, *_: Any) -> NDArray[np.int8]:
    if kind != Name("numpy.ndarray"):
        raise Refused(f"it wants to make {kind}")
    return np.empty(0, np.int8)


def _array(data: Any, kind: Any, shape: Any, order: Any) -> NDArray[Any]:
    """A copy, so that it can be written to; `ValueError` if there are more or fewer bytes than it needs."""
    if not isinstance(kind, Type) or not isinstance(shape, tuple) or order not in ("C", "F"):
        raise Refused("it has an array that is not made of plain numbers")
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError("an array has whole numbers as its shape")
    raw, dtype = _bytes(data), kind.dtype()
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError("an array has as many bytes as its numbers need")
    return np.frombuffer(raw, dtype).reshape(shape, order=order).copy(order)


def _scalar(kind: Any, data: Any) -> Any:
    return _array(data, kind, (1,), "C")[0]


def _bytes(data: Any) -> bytes:
    return data.encode("latin-1") if isinstance(data, str) else bytes(memoryview(data))


def _encode(text: Any, encoding: Any) -> bytes:
    if encoding not in LATIN or not isinstance(text, str):
        raise Refused(f"it encodes as '{encoding}'")
    return text.encode("latin-1")


def _no_bytes() -> bytes:
    return b""


def _set(items: Any) -> set[Any]:
    if not isinstance(items, list) or not all(isinstance(one, str | int | float | bytes) for one in items):
        raise Refused("it has a set of something else than strings and numbers")
    return set(items)


def _frozenset(items: Any) -> frozenset[Any]:
    return frozenset(_set(items))


def _itself(*_: Any) -> Any:
    raise Refused("it makes an array in an unknown way")


MAKERS: dict[str, Any] = {
    "numpy.core.multiarray._reconstruct": _empty_array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _array,
    "numpy.ndarray": _itself,
    "numpy.dtype": _type,
    "_codecs.encode": _encode,
    "builtins.bytes": _no_bytes,
    "builtins.set": _set,
    "builtins.frozenset": _frozenset,
}
