"""Graphs of rows in a Milvus server, the nearest compared exactly. Wang et al., SIGMOD 2021."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resight.stores import _package
from resight.stores._served import ServedIndex, Server, find_index
from resight.stores._shortlisted import Shortlisted
from resight.stores._upkeep import Upkeep

KEEPS_INDEX = True
SHARE = 8.0
WITHOUT = "milvus without rows on the server that would save anything: every row is compared"


def milvus(
    generation: int,
    width: int,
    folder: Path | None = None,
    gallery: str = "",
    *,
    recall: float = 0.99,
    share: float = SHARE,
) -> Shortlisted:
    """An empty store; what a server has of this generation of a `gallery` is used from then on.

    `recall`: what is wanted of rankings of 100, as it was measured on rows of the gallery. Where more than
    one row in `share` would be compared, all are, without the server.
    """

    def find() -> ServedIndex | None:
        return find_index("milvus", connect, gallery, generation, width, recall, share)

    return Shortlisted(generation, width, find, share, WITHOUT)


@contextmanager
def connect() -> Iterator[Server]:
    """The server that the environment names; raises StoreUnavailable, and StoreFailed."""
    _package.check("milvus", "pymilvus")
    from resight.stores import _milvus
    from resight.stores._collections import Collections

    with _milvus.connect() as client:
        yield Collections(client)


_upkeep = Upkeep(connect)
keep, tell, drop = _upkeep.keep, _upkeep.tell, _upkeep.drop


def check() -> None:
    """Raise StoreUnavailable where pymilvus or an address is missing, StoreFailed where no server answers."""
    with connect() as server:
        server.find("")


def is_installed() -> bool:
    """Whether pymilvus can be imported."""
    return _package.is_there("pymilvus")
