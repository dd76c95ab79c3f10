"""The machine that a pickle is a program for, with the operations that plain data need and no others."""

from __future__ import annotations

from typing import Any

import numpy as np

from resight.plain_pickles import arrays as _pickled_numpy
from resight.plain_pickles.arrays import Refused

PLAIN = (str, int, float, bytes, type(None), np.integer, np.floating, np.bool_)
VALUES = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}


class Machine:
    """The stack, the places of its marks, and the memo."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Do one opcode."""
        if name in VALUES:
            self.stack.append(_small(argument))
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif operation := getattr(self, f"_{name.lower()}", None):
            operation(argument)
        elif name not in ("PROTO", "FRAME"):
            what = f"{name} {argument}" if isinstance(argument, str) else name
            raise Refused(f"it asks for {what}, which plain data do not need")

    def pop(self) -> Any:
        """The top of the stack, which must lie above the last mark."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise ValueError("nothing on the stack")
        return self.stack.pop()

    def since_mark(self) -> list[Any]:
        """What lies above the last mark, taken off with it."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self, kind: type) -> Any:
        """The top of the stack, which must be of this kind."""
        value = self.pop()
        self.stack.append(value)
        if not isinstance(value, kind):
            raise ValueError(f"not a {kind.__name__}")
        return value

    def _mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def _pop(self, _: Any) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.pop()

    def _pop_mark(self, _: Any) -> None:
        self.since_mark()

    def _dup(self, _: Any) -> None:
        self.stack.append(self.top(object))

    def _put(self, place: int) -> None:
        self.memo[place] = self.top(object)

    _binput = _long_binput = _put

    def _memoize(self, _: Any) -> None:
        self._put(len(self.memo))

    def _get(self, place: int) -> None:
        self.stack.append(self.memo[place])

    _binget = _long_binget = _get

    def _empty_list(self, _: Any) -> None:
        self.stack.append([])

    def _empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def _empty_set(self, _: Any) -> None:
        self.stack.append(set())

    def _list(self, _: Any) -> None:
        self.stack.append(self.since_mark())

    def _tuple(self, _: Any) -> None:
        self.stack.append(tuple(self.since_mark()))

    def _tuple1(self, _: Any) -> None:
        self.stack.append((self.pop(),))

    def _tuple2(self, _: Any) -> None:
        second, first = self.pop(), self.pop()
        self.stack.append((first, second))

    def _tuple3(self, _: Any) -> None:
        third, second, first = self.pop(), self.pop(), self.pop()
        self.stack.append((first, second, third))

    def _frozenset(self, _: Any) -> None:
        self.stack.append(frozenset(map(_key, self.since_mark())))

    def _dict(self, _: Any) -> None:
        items = self.since_mark()
        self.stack.append({})
        self._fill(items)

    def _append(self, _: Any) -> None:
        value = self.pop()
        self.top(list).append(value)

    def _appends(self, _: Any) -> None:
        items = self.since_mark()
        self.top(list).extend(items)

    def _additems(self, _: Any) -> None:
        items = self.since_mark()
        self.top(set).update(map(_key, items))

    def _setitem(self, _: Any) -> None:
        value, key = self.pop(), self.pop()
        self._fill([key, value])

    def _setitems(self, _: Any) -> None:
        self._fill(self.since_mark())

    def _fill(self, items: list[Any]) -> None:
        target = self.top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_key(key)] = value

    def _global(self, names: str) -> None:
        self.stack.append(_pickled_numpy.known(*names.split(" ", 1)))

    def _stack_global(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        self.stack.append(_pickled_numpy.known(module, name))

    def _reduce(self, _: Any) -> None:
        arguments, what = self.pop(), self.pop()
        self.stack.append(_pickled_numpy.make(what, arguments))

    def _build(self, _: Any) -> None:
        state = self.pop()
        _pickled_numpy.fill(self.top(object), state)


def _small(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > 64:
        raise Refused("it holds a whole number of more than 64 bits")
    return value


def _key(value: Any) -> Any:
    """A key of a dictionary: plain, since hashing nested tuples may take exponential time."""
    if not isinstance(value, PLAIN):
        raise Refused(
            f"it has a key or an item of a set that is no string or number, but {type(value).__name__}"
        )
    return value
