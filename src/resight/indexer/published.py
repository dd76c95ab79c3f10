"""How far a running `index` is, in a small file of the gallery: for whoever watches from another process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from resight.codec import decode_text, encode_text
from resight.files import write_whole
from resight.progress import Progress

NAME = "progress.json"
EVERY = 1.0  # seconds between two writes
STALE = 30.0  # seconds; of a process that was killed nothing is heard any more


@dataclass(frozen=True)
class Far:
    """A stage, how many of its steps are done, how many a second, and how many seconds are left."""

    what: str
    done: int
    total: int | None
    rate: float
    left_s: float | None


class Published:
    """Keeps the promise `Progress`: tells another one, and writes the file now and then."""

    def __init__(self, told: Progress, folder: Path) -> None:
        self._told, self._file = told, folder / NAME
        self._what, self._total, self._done = "", 0, 0
        self._begun = self._written = 0.0

    def start(self, what: str, total: int | None) -> None:
        """A stage begins."""
        self._told.start(what, total)
        self._what, self._total, self._done = what, total or 0, 0
        self._begun = time.monotonic()
        self._write()

    def step(self, failures: int = 0) -> None:
        """One more is done."""
        self._told.step(failures)
        self._done += 1
        self._write_if_due()

    def say(self, sentence: str) -> None:
        """Something worth a line."""
        self._told.say(sentence)

    def stopping(self) -> bool:
        """Whether to end."""
        self._write_if_due()
        return self._told.stopping()

    def _write_if_due(self) -> None:
        if time.monotonic() - self._written > EVERY:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        rate = self._done / max(1e-3, self._written - self._begun)
        left = (self._total - self._done) / rate if self._total and rate else None
        far = Far(self._what, self._done, self._total or None, round(rate, 2), left and round(left, 1))
        with contextlib.suppress(OSError):  # nothing depends on it
            write_whole(self._file, [encode_text(far).encode()])


@contextlib.contextmanager
def published(told: Progress, folder: Path) -> Iterator[Published]:
    """Progress that is written into the gallery's folder while the context lasts."""
    try:
        yield Published(told, folder)
    finally:
        with contextlib.suppress(OSError):
            (folder / NAME).unlink(missing_ok=True)


def read_progress(folder: Path) -> Far | None:
    """How far a running `index` is; None where none runs, or nothing was heard of it for a while."""
    file = folder / NAME
    try:
        if time.time() - file.stat().st_mtime > STALE:
            return None
        return decode_text(file.read_text(encoding="utf8"), Far)
    except (OSError, ValueError):
        return None
