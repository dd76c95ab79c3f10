"""What the command shows while it works (on stderr), and how it is stopped."""

from __future__ import annotations

import json
import logging
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from resight.cli._names import printable

EVERY = 5.0  # seconds between lines where stderr is no terminal
PATIENCE = 30.0  # seconds; who has not asked for so long whether to stop will not ask soon


class Terminal:
    """Progress with a rate, the time left and the failures so far; Ctrl-C and SIGTERM ask for an end.

    Work that asks whether to stop ends by itself, between two photos. Any other is interrupted at once, and
    so is that at the second time.
    """

    interrupted = False  # so that whatever the interruption breaks is known to be its work

    def __init__(self, quiet: bool = False, reading: str = "the photos that are being read") -> None:
        self._quiet, self._stop, self._reading = quiet, False, reading
        self._what, self._total, self._done, self._failures = "", 0, 0, 0
        self._begun = self._shown = time.monotonic()
        self._bar: Any = None
        self._asked: float | None = None

    def start(self, what: str, total: int | None) -> None:
        """A stage begins."""
        self._end_bar()
        self._what, self._total, self._done, self._failures = what, total or 0, 0, 0
        self._begun = self._shown = time.monotonic()
        if total and not self._quiet and sys.stderr.isatty():
            self._bar = _bar()
            self._task = self._bar.add_task(what, total=total, failures="")
            self._bar.start()

    def step(self, failures: int = 0) -> None:
        """One more is done."""
        self._done, self._failures = self._done + 1, failures
        if self._bar:
            told = f"{failures} failed" if failures else ""
            self._bar.update(self._task, advance=1, failures=told)
        elif time.monotonic() - self._shown > EVERY:
            self._shown = time.monotonic()
            self._line()

    def say(self, sentence: str) -> None:
        """A line of its own."""
        if not self._quiet:
            self._end_bar()
            write_sentence(sentence)

    def stopping(self) -> bool:
        """Whether an end was asked for."""
        self._asked = time.monotonic()
        return self._stop

    def _line(self) -> None:
        spent = time.monotonic() - self._begun
        rate = self._done / spent
        left = f", {_clock((self._total - self._done) / rate)} left" if self._total else ""
        self.say(
            f"{self._what}: {self._done} of {self._total}, {rate:.1f} a second{left}, {self._failures} failed"
        )

    def _end_bar(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        asks = self._asked is not None and time.monotonic() - self._asked < PATIENCE
        if self._stop or not asks:
            Terminal.interrupted = True
            raise KeyboardInterrupt
        self._stop = True
        self.say(f"Stopping after {self._reading}; once more stops at once.")

    @contextmanager
    def watching(self) -> Iterator[Terminal]:
        """Take signals while the context lasts, show warnings as sentences, and put all back after it."""
        before = {
            number: signal.signal(number, self._signalled) for number in (signal.SIGINT, signal.SIGTERM)
        }
        logger, told = logging.getLogger("resight"), _Told(self)
        level = logger.level
        logger.addHandler(told)
        logger.setLevel(logging.INFO)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("default", UserWarning)
                warnings.showwarning = lambda message, *_, **__: self.say(f"Note: {message}")
                yield self
        finally:
            self._end_bar()
            logger.removeHandler(told)
            logger.setLevel(level)
            for number, handler in before.items():
                signal.signal(number, handler)


class _Told(logging.Handler):
    """What the library logs, as lines."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(logging.INFO)
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        self._terminal.say(record.getMessage())


def print_json(value: Any) -> None:
    r"""One JSON object on stdout; ASCII, so that names that are not UTF-8 survive, a byte XX as `\udcXX`."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def print_line(text: str = "") -> None:
    """A line of the result on stdout."""
    sys.stdout.write(f"{printable(text)}\n")


def write_sentence(sentence: str) -> None:
    """A sentence on stderr; those of other libraries may have several lines."""
    sys.stderr.write("".join(f"{printable(line)}\n" for line in sentence.split("\n")))


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn(),
        TextColumn("{task.fields[failures]}", style="red"), console=Console(stderr=True),
    )  # fmt: skip


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
