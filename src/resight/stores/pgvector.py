"""A graph of rows in PostgreSQL by pgvector, the nearest compared exactly. Malkov, Yashunin, TPAMI 2020."""

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
WITHOUT = "pgvector without rows on the server that would save anything: every row is compared"


def pgvector(
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
        return find_index("pgvector", connect, gallery, generation, width, recall, share)

    return Shortlisted(generation, width, find, share, WITHOUT)


@contextmanager
def connect() -> Iterator[Server]:
    """The server that the environment names, for one thread; raises StoreUnavailable, and StoreFailed."""
    _package.check("pgvector", "psycopg")
    from resight.stores import _postgres
    from resight.stores._tables import Tables

    with _postgres.connect() as connection:
        yield Tables(connection)


_upkeep = Upkeep(connect)
keep, tell, drop = _upkeep.keep, _upkeep.tell, _upkeep.drop


def check() -> None:
    """Raise StoreUnavailable where psycopg or an address is missing, StoreFailed where no server answers."""
    with connect():
        pass


def is_installed() -> bool:
    """Whether psycopg can be imported."""
    return _package.is_there("psycopg")
