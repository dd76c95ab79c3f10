"""The rewards of a search so far, on the disk: a search that was killed is given them again.

A search is deterministic, so it proposes the same policies again, and only what was not scored yet costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from resight.rewards import Score
from resight.rewards._promise import Policies, Rewards


class Journal:
    """A score that writes down what it gives; each record is (P, n), the policies and their rewards."""

    def __init__(self, path: Path, score: Score) -> None:
        self._score, self._path = score, path
        self._known = list(_read(path))
        self._kept = sum(_size(len(policies), policies.shape[1]) for policies, _ in self._known)
        self._known.reverse()

    def __call__(self, policies: Policies) -> Rewards:
        """(P, n) -> (P,)."""
        if self._known:
            known, rewards = self._known.pop()
            if known.shape == policies.shape and (known == policies).all():
                return rewards
            self._forget_from(known, rewards)
        rewards = self._score(policies)
        with self._path.open("ab") as file:
            file.truncate(self._kept)
            file.seek(self._kept)
            file.write(np.array(policies.shape, np.int64).tobytes())
            file.write(policies.astype(np.int64).tobytes() + rewards.astype(np.float64).tobytes())
        self._kept += _size(*policies.shape)
        return rewards

    def end(self) -> None:
        """Forget all: the search came to its end."""
        self._path.unlink(missing_ok=True)

    def _forget_from(self, policies: Policies, rewards: Rewards) -> None:
        """What was written by another search from here on, such as one of an earlier version, is not used."""
        for known, _ in [*self._known, (policies, rewards)]:
            self._kept -= _size(len(known), known.shape[1])
        self._known.clear()


def _size(count: int, length: int) -> int:
    return 16 + 8 * count * length + 8 * count


def _read(path: Path) -> Iterator[tuple[Policies, Rewards]]:
    """The records that were written whole."""
    data = path.read_bytes() if path.exists() else b""
    place = 0
    while place + 16 <= len(data):
        count, length = np.frombuffer(data, np.int64, 2, place).tolist()
        end = place + _size(count, length)
        if count < 0 or length < 0 or end > len(data):
            return
        policies = np.frombuffer(data, np.int64, count * length, place + 16).reshape(count, length)
        yield policies, np.frombuffer(data, np.float64, count, place + 16 + 8 * count * length).copy()
        place = end
