"""Stdout and stderr that may be closed, full, or read by somebody who has gone."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from resight.errors import StorageFailed

STDOUT, STDERR = 1, 2


def take_streams() -> None:
    """Put streams of ours in the places of stdout and stderr: a closed one is as /dev/null from here on.

    Whoever reads them may go away: the work goes on, and ends with its own code. Where stdout cannot be
    written for another reason, such as a full disk, writing raises StorageFailed; stderr stays silent then.
    """
    for number in (0, STDOUT, STDERR):
        _open_if_closed(number)
    sys.stdout, sys.stderr = _text(STDOUT, sys.stdout), _text(STDERR, sys.stderr)


class Outlet(io.FileIO):
    """The raw end of such a stream. After its first trouble it is /dev/null, so that the exit goes well."""

    def write(self, data: Any, /) -> int:
        """Write, or raise StorageFailed once."""
        try:
            return super().write(data)
        except OSError as error:
            _open_nowhere(self.fileno())
            if self.fileno() == STDOUT and not isinstance(error, BrokenPipeError):
                raise StorageFailed(
                    f"The result could not be written to stdout ({error.strerror}): write it elsewhere."
                ) from None
        return len(memoryview(data).cast("B"))


def _open_if_closed(number: int) -> None:
    """Or a file that is opened later would get its number, and what is said there."""
    try:
        os.fstat(number)
    except OSError:
        _open_nowhere(number)


def _open_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


def _text(number: int, before: Any) -> io.TextIOWrapper:
    """The same encoding as before; what it has not stands as an escape."""
    raw = Outlet(number, "w", closefd=False)
    encoding = getattr(before, "encoding", None) or "utf-8"
    at_once = number == STDERR or raw.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, errors="backslashreplace", line_buffering=at_once
    )
