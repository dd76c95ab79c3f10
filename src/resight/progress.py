"""What long work tells whoever watches, and asks: how far it is, and whether to stop."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """The command shows it on stderr; a service may keep it."""

    def start(self, what: str, total: int | None) -> None:
        """A stage begins; `total` is its number of steps, where that is known."""
        ...

    def step(self, failures: int = 0) -> None:
        """One more is done; so many failed so far."""
        ...

    def say(self, sentence: str) -> None:
        """Something worth a line."""
        ...

    def stopping(self) -> bool:
        """Asked between photos, or blocks of a file: whether to end cleanly as soon as possible."""
        ...


class Stopped(Exception):
    """The work was asked to stop, and did; what was done before is kept where the work says so."""


class Silent:
    """Watches nothing and never stops."""

    def start(self, what: str, total: int | None) -> None:
        """Say nothing."""

    def step(self, failures: int = 0) -> None:
        """Say nothing."""

    def say(self, sentence: str) -> None:
        """Say nothing."""

    def stopping(self) -> bool:
        """Never."""
        return False
