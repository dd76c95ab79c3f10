"""What lies on a PostgreSQL server: a table of all galleries, and one of rows for each; all of its SQL."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from resight.codec import decode_text, encode_text
from resight.errors import StoreUnavailable
from resight.stores._copying import pack, spell
from resight.stores._promise import Rows, Scores
from resight.stores._served import CONSTRUCTION, LINKS, Block, Effort, Occupied, Served, arrange
from resight.types import Vectors

if TYPE_CHECKING:
    from resight.stores._postgres import Connection

WIDEST = 4000  # numbers a row that an index of half-precision vectors takes
LOCK = 0x7265_7369  # of whoever makes the tables
WAIT = "10s"  # for another writer
CANDIDATES = 1000  # hnsw.ef_search takes no more
NODE = 400  # bytes a row of a graph, beside the vector
BLOATED = 0.05  # share of the rows: so many deleted ones are taken out of the index, too
MEMORY = 512  # MiB of the server's memory, at most, to make the graph in

TABLES = """
CREATE TABLE IF NOT EXISTS resight_galleries (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gallery text NOT NULL,
    generation bigint NOT NULL,
    width integer NOT NULL,
    rows bigint NOT NULL DEFAULT 0,
    proof bigint NOT NULL DEFAULT 0,
    apart bigint[] NOT NULL DEFAULT '{}',
    deleted bigint NOT NULL DEFAULT 0,
    measured bigint NOT NULL DEFAULT 0,
    efforts text NOT NULL DEFAULT '{"efforts": []}',
    UNIQUE (gallery, generation)
)
"""
NEAREST = """
SELECT query.place, near.row, near.distance
FROM unnest(%s::halfvec({1})[]) WITH ORDINALITY AS query (vector, place)
CROSS JOIN LATERAL (
    SELECT row, embedding <#> query.vector AS distance FROM resight_rows_{0}
    ORDER BY embedding <#> query.vector LIMIT %s
) AS near
"""
SETTINGS = """
SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
    set_config('hnsw.max_scan_tuples', '2147483647', true),
    set_config('hnsw.scan_mem_multiplier', '16', true), set_config('enable_seqscan', 'off', true)
"""
COLUMNS = "gallery, number, generation, width, rows, proof, apart, deleted, measured, efforts"


@dataclass(frozen=True)
class Measured:
    """Efforts, as one JSON object."""

    efforts: tuple[Effort, ...]


class Tables:
    """Keeps the promise `resight.stores._served.Server`, by one connection."""

    efforts = ((100, 2), (200, 2), (400, 2), (CANDIDATES, 2), (CANDIDATES, 8))

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def prepare(self, width: int) -> None:
        """Make the table of galleries; raises StoreUnavailable for rows too wide, or an old pgvector."""
        if width > WIDEST:
            raise StoreUnavailable(
                f"pgvector makes an index of rows of at most {WIDEST:,} numbers, and these have {width:,}: "
                "use a recipe with fewer, or another store."
            )
        with self._connection.transaction():
            self._execute("SELECT pg_advisory_xact_lock(%s)", LOCK)
            _check_version(self._make_extension())
            self._execute(TABLES)

    def _make_extension(self) -> str:
        import psycopg

        installed = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
        try:
            if self._execute(installed).fetchone() is None:
                self._execute("CREATE EXTENSION vector")
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported) as error:
            raise StoreUnavailable(
                "This database has no pgvector: install it on the server, and run CREATE EXTENSION vector as "
                "the database's owner."
            ) from error
        return str((self._execute(installed).fetchone() or ("0",))[0])

    def find(self, gallery: str) -> list[Served]:
        """What is there of a gallery, the latest generation first."""
        import psycopg

        try:
            found = self._execute(
                f"SELECT {COLUMNS} FROM resight_galleries WHERE gallery = %s ORDER BY generation DESC",
                gallery,
            )
        except psycopg.errors.UndefinedTable:
            return []
        return [_read(each) for each in found]

    def begin(self, gallery: str, generation: int, width: int) -> None:
        """A table without rows, if there is none."""
        with self._connection.transaction():
            made = self._execute(
                "INSERT INTO resight_galleries (gallery, generation, width) VALUES (%s, %s, %s) "
                "ON CONFLICT DO NOTHING RETURNING number",
                gallery, generation, width,
            ).fetchone()  # fmt: skip
            if made:
                self._execute(
                    f"CREATE TABLE resight_rows_{made[0]} (row bigint PRIMARY KEY, image bigint NOT NULL, "
                    f"embedding halfvec({width}) NOT NULL)"
                )

    def append(self, served: Served, block: Block) -> bool:
        """The rows, and how many there are then, in one transaction."""
        with self._connection.transaction():
            if self._lock(served) != served.rows:
                return False
            with self._connection.cursor() as cursor:
                copy = f"COPY resight_rows_{served.number} (row, image, embedding) FROM STDIN (FORMAT BINARY)"
                with cursor.copy(copy) as stream:
                    stream.write(pack(block.numbers, block.images, block.vectors))
            self._execute(
                "UPDATE resight_galleries SET rows = %s, proof = %s, apart = apart || %s::bigint[] "
                "WHERE number = %s",
                block.end, block.proof, block.apart.tolist(), served.number,
            )  # fmt: skip
        return True

    def delete(self, served: Served, rows: Rows) -> None:
        """Take the rows out of the table and, where they are many, out of its index."""
        with self._connection.transaction():
            self._lock(served)
            self._execute(f"DELETE FROM resight_rows_{served.number} WHERE row = ANY(%s)", rows.tolist())
            self._execute(
                "UPDATE resight_galleries SET deleted = %s WHERE number = %s", len(rows), served.number
            )
        if len(rows) - served.deleted > BLOATED * served.rows:
            self._execute(f"VACUUM resight_rows_{served.number}")

    def make_index(self, served: Served) -> None:
        """A graph, made in the server's memory as far as that may be taken."""
        with self._connection.transaction():
            self._lock(served)
            self._try("SET LOCAL client_connection_check_interval = '1s'")  # who builds for a killed client?
            needed = min(served.rows * (2 * served.width + NODE) >> 10, MEMORY << 10)
            self._execute(
                "SELECT set_config('maintenance_work_mem', greatest(%s, "
                "pg_size_bytes(current_setting('maintenance_work_mem')) / 1024)::text || 'kB', true)",
                needed,
            )
            table = f"resight_rows_{served.number}"
            self._execute(
                f"CREATE INDEX IF NOT EXISTS {table}_hnsw ON {table} USING hnsw (embedding halfvec_ip_ops) "
                f"WITH (m = {LINKS}, ef_construction = {CONSTRUCTION})"
            )

    def note(self, served: Served, measured: int, efforts: tuple[Effort, ...], lost: Rows) -> None:
        """Keep what was measured; the rows that are lost in the index are `apart` from now on."""
        self._execute(
            "UPDATE resight_galleries SET measured = %s, efforts = %s, apart = apart || %s::bigint[] "
            "WHERE number = %s",
            measured, encode_text(Measured(efforts)), lost.tolist(), served.number,
        )  # fmt: skip

    def drop(self, served: Served) -> None:
        """Take a table away, and what is known of it."""
        with self._connection.transaction():
            if self._lock(served) is not None:
                self._execute(f"DROP TABLE IF EXISTS resight_rows_{served.number}")
                self._execute("DELETE FROM resight_galleries WHERE number = %s", served.number)

    def name(
        self, served: Served, vectors: Vectors, depth: int, candidates: int
    ) -> tuple[Scores, Rows] | None:
        """The nearest by the index, which goes on past its candidates until there are so many."""
        import psycopg

        found: list[list[tuple[float, int]]] = [[] for _ in vectors]
        try:
            with self._connection.transaction():
                self._execute(SETTINGS, str(candidates))
                statement = NEAREST.format(served.number, served.width)
                spelt = [spell(each) for each in vectors]
                for place, row, distance in self._execute(statement, spelt, depth):
                    found[int(place) - 1].append((float(distance), int(row)))
        except psycopg.errors.UndefinedTable:
            return None
        return arrange(found)

    def _lock(self, served: Served) -> int | None:
        """How many rows there are; no other process adds any until this transaction ends. None: dropped."""
        import psycopg

        self._execute("SELECT set_config('lock_timeout', %s, true)", WAIT)
        try:
            found = self._execute(
                "SELECT rows FROM resight_galleries WHERE number = %s FOR UPDATE", served.number
            )
        except psycopg.errors.LockNotAvailable as error:
            raise Occupied from error
        row = found.fetchone()
        self._execute("SELECT set_config('lock_timeout', '0', true)")
        return int(row[0]) if row else None

    def _try(self, statement: str) -> None:
        """Do what not every server can."""
        import psycopg

        with contextlib.suppress(psycopg.DatabaseError), self._connection.transaction():
            self._execute(statement)

    def _execute(self, statement: str, *values: Any) -> Any:
        return self._connection.execute(statement.encode(), values)


def _read(row: tuple[Any, ...]) -> Served:
    gallery, number, generation, width, rows, proof, apart, deleted, measured, efforts = row
    told = decode_text(efforts, Measured)
    apart = np.unique(np.array(apart, np.int64))  # two processes may have found the same row lost
    return Served(
        gallery, number, generation, width, rows, proof, apart, deleted, measured, told.efforts
    )  # fmt: skip


def _check_version(version: str) -> None:
    if tuple(map(int, version.split(".")[:2])) < (0, 8):
        raise StoreUnavailable(
            f"The server has pgvector {version}, and 0.8 or later is needed: install it there, and run ALTER "
            "EXTENSION vector UPDATE."
        )
