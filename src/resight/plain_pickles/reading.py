"""Reads pickles of plain data without running them: nothing is imported, called or built that they name.

A pickle is a program for a machine with a stack. This machine knows numbers, strings, bytes, lists, tuples,
dictionaries, sets, and arrays and numbers of numpy; whatever else a pickle asks for is refused by its name.
Time and memory are linear in the size of the file. Strings of Python 2 are read as latin-1.
"""

from __future__ import annotations

import codecs
import io
import pickletools
import re
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import Any

import numpy as np

from resight.errors import BadData
from resight.plain_pickles.arrays import Refused
from resight.plain_pickles.machine import PLAIN, Machine

LARGEST = 8 << 20  # bytes; the largest truth known has less than one MiB, and an opcode may need 70 bytes
DEEPEST = 20
OPCODES = {opcode.code: opcode for opcode in pickletools.opcodes}
LINES = {"GLOBAL": 2, "INST": 2, "PERSID": 1}
ESCAPED = re.compile(rb"""(?:[^\\]|\\(?:[\\'"abfnrtv]|x[0-9a-fA-F]{2}))*""")
DAMAGE = (ValueError, IndexError, KeyError, TypeError, OverflowError)


def read(path: Path) -> Any:
    """What the pickle at `path` holds; `BadData` if it is damaged, too large, or no plain data."""
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    try:
        if len(data) > LARGEST:
            raise Refused(f"it has more than {LARGEST >> 20} MiB")
        value = _run(data)
        _weigh(value, 4 * len(data) + 1000)
    except Refused as reason:
        raise BadData(f"'{path}' is not read: {reason}. Get the file from its makers again.") from None
    except DAMAGE:
        raise BadData(f"'{path}' is damaged, or no pickle. Get the file from its makers again.") from None
    return value


def _run(data: bytes) -> Any:
    machine = Machine()
    for name, argument in _opcodes(data):
        if name == "STOP":
            return machine.pop()
        machine.step(name, argument)
    raise ValueError("a pickle ends with STOP")


def _opcodes(data: bytes) -> Iterator[tuple[str, Any]]:
    """(name, argument) of each. `pickletools.genops` takes no string of Python 2 that is not ASCII."""
    file = io.BytesIO(data)
    while code := file.read(1):
        opcode = OPCODES[code.decode("latin-1")]
        if opcode.name == "STRING":
            yield "STRING", _python2(_line(file))
        elif opcode.name in LINES:
            yield opcode.name, " ".join(_line(file).decode("ascii") for _ in range(LINES[opcode.name]))
        else:
            yield opcode.name, opcode.arg.reader(file) if opcode.arg else None


def _line(file: io.BytesIO) -> bytes:
    line = file.readline()
    if not line.endswith(b"\n"):
        raise ValueError("a line has an end")
    return line[:-1]


def _python2(line: bytes) -> str:
    text = line.strip()
    if len(text) < 2 or text[0] not in b"'\"" or text[0] != text[-1] or not ESCAPED.fullmatch(text):
        raise ValueError("a string stands in quotes, with the escapes that Python writes")
    return codecs.escape_decode(text[1:-1])[0].decode("latin-1")


def _weigh(root: Any, most: int) -> None:
    """Refuse what is nested too deeply, is no data, or unfolds to far more values than the file has bytes."""
    todo = [(root, 0)]
    while todo:
        value, depth = todo.pop()
        inner = _inside(value)
        most -= 1 + len(inner)
        if most < 0:
            raise Refused("it unfolds to far more than is in it")
        if depth > DEEPEST:
            raise Refused(f"it is nested more than {DEEPEST} deep")
        if not isinstance(value, np.ndarray):
            todo.extend((one, depth + 1) for one in inner)  # type: ignore[attr-defined]


def _inside(value: Any) -> Sized:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, np.ndarray):
        return value.reshape(-1)
    if not isinstance(value, (*PLAIN, bytearray)):
        raise Refused(f"it holds {value}, which is no data")
    return ()
