"""What the command returns for each kind of error; `resight --help` lists the numbers."""

from __future__ import annotations

from resight.errors import BadImage, FetchFailed, GalleryError, NotReached, ResightError

SOME_FAILED, WRONG_USAGE, TROUBLE, INTERRUPTED = 1, 2, 3, 130
CODES: dict[type[ResightError], int] = {
    ResightError: WRONG_USAGE,
    BadImage: SOME_FAILED,
    FetchFailed: SOME_FAILED,
    NotReached: WRONG_USAGE,
    GalleryError: TROUBLE,
}


def exit_code(error: ResightError) -> int:
    """The number for an error: that of the nearest kind above it that has one."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
