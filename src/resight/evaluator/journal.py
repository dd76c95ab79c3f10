"""The answers of an evaluation that has not ended: what a stopped or killed one goes on from.

A line an answer, with a hash, under a name that is another one where anything differs that an answer depends
on: the data, the descriptors, what re-ranks them, and the version and commit of this code. Code that was
changed since its commit has one name until the next, so `fresh` is for whoever changes it. The journal goes
when the evaluation ends: a finished one is always measured anew.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from resight.codec import decode_text, encode_text
from resight.evaluator.answers import QueryResult
from resight.evaluator.code_version import commit
from resight.evaluator.workspace import unwritable_cache
from resight.version import __version__

MARK = 16  # hexadecimal digits of the hash at the beginning of a line


@dataclass(frozen=True)
class Line:
    """The result of a query by its number, and the seconds it took, None for one that was not described."""

    number: int
    result: QueryResult
    seconds: float | None


class Journal:
    """Answers by the number of their query; `parts` are words for all that they depend on."""

    def __init__(self, folder: Path, parts: Sequence[str]) -> None:
        named = hashlib.sha256("\n".join([__version__, commit(), *parts]).encode("utf8", "surrogateescape"))
        self.path = folder / f"answers-{named.hexdigest()[:24]}.jsonl"
        self._found = dict(_read(self.path))

    def __len__(self) -> int:
        return len(self._found)

    def get(self, number: int) -> tuple[QueryResult, float | None] | None:
        """An answer and the seconds it took, None for one that could not be given; None: not answered yet."""
        return self._found.get(number)

    def add(self, number: int, answer: QueryResult, seconds: float | None) -> None:
        """Write an answer down; raises StorageFailed."""
        text = encode_text(Line(number, answer, seconds))
        line = f"{_mark(text)} {text}\n".encode()
        try:
            with self.path.open("ab", buffering=0) as file:
                # a line that a full disk or a kill has cut must not swallow the next one
                file.write(line if file.tell() == 0 else b"\n" + line)
        except OSError as error:
            raise unwritable_cache(self.path, error) from None

    def forget(self) -> None:
        """Begin anew."""
        self._found = {}
        self.end()

    def end(self) -> None:
        """All is answered."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def _read(path: Path) -> list[tuple[int, tuple[QueryResult, float | None]]]:
    """What is whole of it."""
    found = []
    try:
        lines = path.read_text(encoding="utf8", errors="replace").split("\n")
    except OSError:
        return []
    for one in lines:
        mark, _, text = one.partition(" ")
        if text and mark == _mark(text):
            with contextlib.suppress(ValueError):  # of a form that this code does not write
                line = decode_text(text, Line)
                found.append((line.number, (line.result, line.seconds)))
    return found


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:MARK]
