"""The answers of an evaluation that has not ended: what a stopped or killed one goes on from.

A line an answer, with a hash, under a name that is another one where anything differs that an answer depends
on: the data, the descriptors, what re-ranks them, and the version and commit of this code. Code that was
changed since its commit has one name until the next, so `fresh` is for whoever changes it. The journal goes
when the evaluation ends: a finished one is always measured anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import resight
from resight.evaluator.answers import QueryResult, RankedPhoto, answer_from
from resight.evaluator.code_version import commit
from resight.evaluator.workspace import unwritable_cache
from resight.types import Match, Region

MARK = 16  # hexadecimal digits of the hash at the beginning of a line


class Journal:
    """Answers by the number of their query; `parts` are words for all that they depend on."""

    def __init__(self, folder: Path, parts: Sequence[str]) -> None:
        named = hashlib.sha256(
            "\n".join([resight.__version__, commit(), *parts]).encode("utf8", "surrogateescape")
        )
        self.path = folder / f"answers-{named.hexdigest()[:24]}.jsonl"
        self._found = dict(_read(self.path))

    def __len__(self) -> int:
        return len(self._found)

    def get(self, number: int) -> tuple[QueryResult, float | None] | None:
        """An answer and the seconds it took, None for one that could not be given; None: not answered yet."""
        return self._found.get(number)

    def add(self, number: int, answer: QueryResult, seconds: float | None) -> None:
        """Write an answer down; raises StorageFailed."""
        text = json.dumps([number, _plain(answer), seconds])
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
    for line in lines:
        mark, _, text = line.partition(" ")
        if text and mark == _mark(text):
            number, values, seconds = json.loads(text)
            found.append((number, (_answer(values), seconds)))
    return found


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:MARK]


def _plain(answer: QueryResult) -> dict[str, Any]:
    """All of an answer, to the last digit and with its matches."""
    return vars(answer) | {"top": [_plain_placed(one) for one in answer.top]}


def _plain_placed(one: RankedPhoto) -> dict[str, Any]:
    region = one.region.polygon if one.region else None
    return vars(one) | {"region": region, "match": _plain_match(one.match) if one.match else None}


def _plain_match(match: Match) -> dict[str, Any]:
    values = {name: getattr(match, name).tolist() for name in ("query_points", "points", "homography")}
    regions = {"query_region": match.query_region.polygon, "region": match.region.polygon}
    return values | regions | {"through": match.through}


def _answer(values: dict[str, Any]) -> QueryResult:
    return answer_from(values | {"top": [one | {"match": _match(one["match"])} for one in values["top"]]})


def _match(values: dict[str, Any] | None) -> Match | None:
    if values is None:
        return None
    return Match(
        np.array(values["query_points"], np.float32).reshape(-1, 2),
        np.array(values["points"], np.float32).reshape(-1, 2),
        np.array(values["homography"], np.float64),
        Region.of(values["query_region"]),
        Region.of(values["region"]),
        values["through"],
    )
