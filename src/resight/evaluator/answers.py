"""What an evaluation found: a value for each query and measure, and the first photos of each ranking."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from resight.codec import decode, encode
from resight.errors import BadQuery
from resight.files import write_whole
from resight.ranking import Numbers
from resight.types import Match, Region

SHOWN = 100  # photos of a ranking that are kept
MATCHED = 10  # of these, verified ones whose matched points are kept: a thousand queries would fill memory
RANKS = 1000  # places of right photos that are kept of a query: all of them would grow with N x N
DISTRACTOR = re.compile(r"distractors:(\d+)/")  # before the path of a photo that is none of the data set
KEYS = {"caveats": "marks"}  # what a file calls otherwise than this code
NEEDED = (
    "protocol", "queries", "photos", "distractors", "fit", "rerank", "seconds", "fingerprint", "data_hash",
    "version",
)  # fmt: skip


@dataclass(frozen=True)
class RankedPhoto:
    """A photo of a ranking: `verdict` is right, wrong, junk, or query for the query's own photo.

    `inliers`: how many points agree, 0 where nothing was verified, and `region` where they lie; `through` the
    photo with which they do, if not with the query. `match`, which points they are, is there for the first
    ten verified photos alone, and not in the run's file.
    """

    photo: str
    score: float
    verdict: str
    inliers: int = 0
    region: Region | None = None
    through: str = ""
    match: Match | None = field(default=None, compare=False)


@dataclass(frozen=True)
class QueryResult:
    """One query: `values` by "protocol measure", or by the measure where a set has one protocol.

    `ranks` by protocol: the positions of the right photos, from 0, junk not counted; of more than a thousand,
    a thousand evenly spread (`kept_of`). `positives`: how many there are, ranked or not. A query that could
    not be described has `failure`, and counts as if all that it should find came last. `copies`: the photos
    among what it should find that are its own picture in another encoding or size.
    """

    query: str
    photo: str
    values: Mapping[str, float]
    ranks: Mapping[str, tuple[int, ...]]
    positives: Mapping[str, int]
    top: tuple[RankedPhoto, ...]
    box: tuple[float, float, float, float] | None = None
    failure: str = ""
    copies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """A recipe on a data set: what was measured, how, and on what.

    `facts` are words for whoever reads the result: protocol, fit, re-rankers, hashes. `caveats` say what was
    not as the protocol wants it. `means` are over all queries that have something to find.
    """

    recipe: str
    dataset: str
    root: str
    facts: Mapping[str, Any]
    caveats: tuple[str, ...]
    means: Mapping[str, float]
    answers: tuple[QueryResult, ...]

    def file(self, photo: str) -> Path:
        """Where a photo of a ranking lies: in the data set, or in a folder that distractors come from."""
        found = DISTRACTOR.match(photo)
        roots = self.facts.get("distractor_roots", ())
        if found and int(found[1]) <= len(roots):
            return Path(roots[int(found[1]) - 1]) / photo[found.end() :]
        return Path(self.root) / photo

    def turn(self, photo: str) -> int:
        """Degrees clockwise that a photo must be turned by."""
        return int(self.facts.get("turns", {}).get(photo, 0))

    def save(self, path: Path) -> None:
        """As JSON, a line a query; matched points are left out, their number stays. Raises OSError."""
        write_whole(path, (piece.encode("utf8") for piece in self._pieces()))

    def _pieces(self) -> Iterator[str]:
        head = json.dumps(self.as_dict(answers=False), indent=1)
        yield head.removesuffix("\n}") + ',\n "answers": ['
        for number, answer in enumerate(self.answers):
            yield (",\n" if number else "\n") + json.dumps(_brief(answer))
        yield "\n ]\n}\n"

    def as_dict(self, answers: bool = True) -> dict[str, Any]:
        """Plain values, with the queries or without."""
        plain = {KEYS.get(key, key): value for key, value in vars(self).items() if key != "answers"}
        if not answers:
            return plain
        return plain | {"answers": [_brief(answer) for answer in self.answers]}

    @classmethod
    def load(cls, path: Path) -> Evaluation:
        """What `save` wrote; raises BadQuery for anything else."""
        try:
            if not path.is_file():  # a pipe would hang
                raise ValueError("no such file" if not path.exists() else "not a file")
            values = json.loads(path.read_text(encoding="utf8"))
            names = {written: name for name, written in KEYS.items()}
            found = decode({names.get(key, key): value for key, value in values.items()}, cls)
            found._check()
        except (OSError, ValueError, AttributeError) as error:
            raise BadQuery(
                f"{path} is no result of `resight evaluate` ({error}): name a file of its results/runs."
            ) from None
        return found

    def _check(self) -> None:
        """Raise ValueError for a result that lacks a fact, or has a value that is not finite."""
        missing = [name for name in NEEDED if name not in self.facts]
        if missing:
            raise ValueError(f"it lacks {', '.join(missing)}")
        if not all(math.isfinite(value) for answer in self.answers for value in answer.values.values()):
            raise ValueError("a value is not finite")


def thin_out(ranks: Numbers, positives: int) -> tuple[int, ...]:
    """Those of the (M,) places of a query's right photos that are kept."""
    counts = kept_ranks(positives)
    return tuple(ranks[counts[counts <= len(ranks)] - 1].tolist())


def kept_ranks(positives: int) -> Numbers:
    """Which of so many right photos have their place kept, from 1: all, or a thousand evenly spread."""
    kept = min(positives, RANKS)
    return -(-np.arange(1, kept + 1) * positives // max(1, kept))


def mean(answers: tuple[QueryResult, ...]) -> dict[str, float]:
    """Of each measure, over the queries that have it."""
    return {name: float(np.mean(values)) for name, values in _by_measure(answers).items()}


def spread(answers: tuple[QueryResult, ...]) -> dict[str, float]:
    """The standard deviation of each measure over the queries that have it, as METU reports it."""
    return {name: float(np.std(values)) for name, values in _by_measure(answers).items()}


def _by_measure(answers: tuple[QueryResult, ...]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for answer in answers:
        for name, value in answer.values.items():
            found.setdefault(name, []).append(value)
    return found


def _brief(answer: QueryResult) -> dict[str, Any]:
    """An answer as a run's file has it: regions to a tenth of a pixel, scores to six digits, no match."""
    unmatched = (dataclasses.replace(one, match=None) if one.match else one for one in answer.top)
    plain: dict[str, Any] = encode(dataclasses.replace(answer, top=tuple(unmatched)), places=1)
    return plain | {"top": [_brief_photo(one) for one in plain["top"]]}


def _brief_photo(plain: dict[str, Any]) -> dict[str, Any]:
    """Without what most photos of a ranking do not have."""
    keys = ["photo", "score", "verdict", *(["inliers", "region"] if plain["region"] else [])]
    keys += ["through"] if plain["through"] else []
    return {key: plain[key] for key in keys} | {"score": round(plain["score"], 6)}
