"""Connections to a PostgreSQL server: where it is, and what its errors mean to whoever searches."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from resight.errors import StoreFailed, StoreUnavailable
from resight.stores._address import read_variable

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[object, ...]]

VARIABLE = "RESIGHT_PGVECTOR"
FILE = f"{VARIABLE}_FILE"
IDLE = 4  # connections that wait for the next search
AWAY = ("08", "28", "3D", "53300", "57P")  # codes of a server that lets nobody in, or goes
# A server that vanished is noticed within half a minute; one that answers slowly is waited for.
PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}

_lock = threading.Lock()
_idle: list[tuple[int, str, Connection]] = []


def read_address() -> str:
    """The connection string, from the environment or the file that it names; raises StoreUnavailable."""
    address = read_variable(VARIABLE)
    if address is None:
        raise StoreUnavailable(
            f"The store 'pgvector' needs a PostgreSQL server: put its connection string, such as "
            f"'host=localhost dbname=photos', in {VARIABLE}, or in a file that {FILE} names."
        )
    return address


@contextlib.contextmanager
def connect() -> Iterator[Connection]:
    """A connection for one thread, which commits each statement unless a transaction is begun.

    Raises StoreUnavailable, and StoreFailed for whatever goes wrong while the context lasts.
    """
    import psycopg

    address = read_address()
    try:
        connection = _take_idle(address) or _open(address)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        _give_back(address, connection)
    except psycopg.Error as error:
        raise explain(error) from error


def explain(error: psycopg.Error) -> StoreFailed:
    """What an error of psycopg means, in a sentence without the address and what it may hold."""
    text = str(error).strip() or type(error).__name__
    reason = text.splitlines()[0].rpartition(" failed: ")[2].removeprefix("FATAL:").strip().rstrip(".")
    if error.sqlstate is not None and not error.sqlstate.startswith(AWAY):
        return StoreFailed(f"The PostgreSQL server of the store 'pgvector' refuses: {reason}.")
    return StoreFailed(
        f"The PostgreSQL server of the store 'pgvector' does not answer ({reason}): see that it runs and "
        f"that {VARIABLE} names it, or search with --exact, which needs no server."
    )


def _open(address: str) -> Connection:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        known = conninfo_to_dict(address)
    except psycopg.ProgrammingError:  # whose text repeats the string, and so a password
        raise StoreUnavailable(
            f"The connection string in {VARIABLE}, or in the file that {FILE} names, cannot be read: write "
            "it as 'host=localhost dbname=photos user=me', or as postgresql://me@localhost/photos."
        ) from None
    settings = {key: value for key, value in PATIENCE.items() if key not in known}
    whole = make_conninfo(address, application_name="resight", **settings)
    # Statements are not prepared: a pooler may hand each transaction to another process of the server.
    return psycopg.connect(whole, autocommit=True, prepare_threshold=None)


def _take_idle(address: str) -> Connection | None:
    """A connection of this process that waits, and still answers."""
    import psycopg

    own = os.getpid(), address
    while True:
        with _lock:
            place = next((place for place, each in enumerate(_idle) if each[:2] == own), None)
            if place is None:
                return None
            connection = _idle.pop(place)[2]
        try:
            connection.execute("SELECT 1")
            return connection
        except psycopg.Error:  # the server was started anew
            connection.close()


def _give_back(address: str, connection: Connection) -> None:
    with _lock:
        if len(_idle) < IDLE and not connection.closed:
            atexit.unregister(_close_idle)
            atexit.register(_close_idle)
            _idle.append((os.getpid(), address, connection))
            return
    connection.close()


def _close_idle() -> None:
    while _idle:
        owner, _, connection = _idle.pop()
        if owner == os.getpid():
            connection.close()
