"""The photos in a folder as an update compares them: by path, size and time of change."""

from __future__ import annotations

from collections.abc import Iterator

from resight.errors import BadQuery
from resight.images.folder import Walk
from resight.indexer.listed import Listed
from resight.roots import Found, Listing
from resight.roots.folder import file_state


def file_states(walk: Walk | Listing | Listed) -> Iterator[Found]:
    """(relative path, size in bytes, time of change in ns) of each photo; BadQuery for an unreadable root.

    Photos that cannot be looked at are added to the counts of the walk. What is listed has its states.
    """
    if not isinstance(walk, Walk):
        yield from walk
        return
    try:
        for relative, entry in walk:
            try:
                status = entry.stat()
            except OSError as error:
                walk.could_not_look(relative, error)
            else:
                yield relative, *file_state(status)
    except OSError as error:
        raise BadQuery(f"The folder {walk.root} cannot be read: {error.strerror}.") from None
