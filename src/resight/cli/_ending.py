"""How verbs end that can be called again: what they came to, and their code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar

import typer

from resight.cli._exit_codes import INTERRUPTED, SOME_FAILED

if TYPE_CHECKING:
    from resight.cli._terminal import Terminal


class Reported(Protocol):
    """What a run over a gallery came to: a frozen dataclass."""

    @property
    def gallery(self) -> Path:
        """The gallery's folder."""
        ...


Report = TypeVar("Report", bound=Reported)


def print_report(report: Report, as_json: bool, lines: Callable[[Report], list[str]]) -> None:
    """Print a report as one JSON object, or line by line."""
    from resight.cli._terminal import print_json, print_line

    if as_json:
        plain = dataclasses.asdict(report)  # type: ignore[call-overload]
        print_json(plain | {"gallery": str(report.gallery.absolute())})
    else:
        for line in lines(report):
            print_line(line)


def say_stopped(terminal: Terminal) -> None:
    """That the same command goes on."""
    terminal.say("Stopped before the end: the same command goes on from here.")


def end(terminal: Terminal, interrupted: bool, failed: bool) -> NoReturn:
    """End with the code of a run that was stopped, of one in which some failed, or of one that is done."""
    if interrupted:
        say_stopped(terminal)
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(SOME_FAILED if failed else 0)
