"""What lies on a Milvus server: a collection that tells of all galleries, and one of rows for each.

Milvus has no transactions. So a line of the first one is written once and never changed by a later one, rows
come before the line that counts them, and all is written by its key: whatever is done again changes nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from resight.codec import decode_text, encode_text
from resight.errors import StoreUnavailable
from resight.stores._milvus import GONE
from resight.stores._promise import Rows, Scores
from resight.stores._served import Block, Effort, Served, arrange
from resight.types import Vectors

if TYPE_CHECKING:
    from pymilvus import MilvusClient

GALLERIES = "resight_galleries"
WIDEST = 32_768  # numbers a row
MOST = 16_384  # rows of an answer
MESSAGE = 16 << 20  # bytes of rows that are sent at once
KEYS = 4096  # rows that are deleted at once
LINKS, CONSTRUCTION = 16, 64  # of each row in a graph, and how many are looked at to choose them
RETRIES = 4
NOT_LOADED = 101  # a code: the server, or Milvus Lite, was started anew
STRONG = "Strong"  # what was written is found at once, whoever wrote it
LONGEST = 65_535  # bytes of a text

T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    """Something that is known of a collection of rows; what it does not say is 0, or empty."""

    generation: int = 0
    width: int = 0
    rows: int = 0
    proof: int = 0
    apart: tuple[int, ...] = ()
    deleted: int = 0
    measured: int = 0
    efforts: tuple[Effort, ...] = ()


class Collections:
    """Keeps the promise `resight.stores._served.Server`, by one client."""

    efforts = ((200, 2), (400, 2), (800, 2), (1600, 2), (3200, 8))

    def __init__(self, client: MilvusClient) -> None:
        self._client = client

    def prepare(self, width: int) -> None:
        """Make the collection of galleries; raises StoreUnavailable for rows that are too wide."""
        if width > WIDEST:
            raise StoreUnavailable(
                f"Milvus takes rows of at most {WIDEST:,} numbers, and these have {width:,}: use a recipe "
                "with fewer, or another store."
            )
        if GALLERIES not in self._list():
            self._create(GALLERIES, _galleries_schema(self._client))
        self._make_index(GALLERIES, "unused", "FLAT", {})

    def find(self, gallery: str) -> list[Served]:
        """What is there of a gallery, the latest generation first."""
        there = self._list()
        found = [each for each in self._tell_of(gallery, there) if _table(each) in there]
        return sorted(found, key=lambda each: (-each.generation, each.number))

    def begin(self, gallery: str, generation: int, width: int) -> None:
        """A collection without rows, if there is none."""
        there = self._list()
        found = self._tell_of(gallery, there)
        for each in found:
            if _table(each) not in there:  # a process was killed before it made this, or behind a `drop`
                if (each.generation, each.width, each.rows) == (generation, width, 0):
                    return self._create(_table(each), _rows_schema(self._client, width))
                self._forget(each)
        if not any(each.generation == generation and _table(each) in there for each in found):
            begun = Line(generation, width)
            served = _merge(gallery, secrets.randbits(62), [begun])
            self._tell(served, "begun", begun)
            self._create(_table(served), _rows_schema(self._client, width))
        return None

    def append(self, served: Served, block: Block) -> bool:
        """The rows, and then how many there are."""
        try:
            for part in _split(block):
                self._do(self._client.upsert, _table(served), part)
        except Exception as error:
            if _code(error) in GONE:
                return False
            raise
        if len(block.apart):
            self._tell(served, f"apart/{block.end}", Line(apart=tuple(block.apart.tolist())))
        self._tell(served, f"rows/{block.end}", Line(rows=block.end, proof=block.proof))
        if served.rows:
            self._do(self._client.delete, GALLERIES, ids=[f"{served.number}/rows/{served.rows}"])
        return True

    def delete(self, served: Served, rows: Rows) -> None:
        """Take the rows out of the collection."""
        for start in range(0, len(rows), KEYS):
            self._do(self._client.delete, _table(served), ids=rows[start : start + KEYS].tolist())
        self._tell(served, "deleted", Line(deleted=len(rows)))

    def make_index(self, served: Served) -> None:
        """A graph by inner product of each segment."""
        table = _table(served)
        self._do(self._client.flush, table)
        self._make_index(table, "embedding", "HNSW", {"M": LINKS, "efConstruction": CONSTRUCTION})

    def note(self, served: Served, measured: int, efforts: tuple[Effort, ...]) -> None:
        """Keep what was measured."""
        self._tell(served, "measured", Line(measured=measured, efforts=efforts))

    def drop(self, served: Served) -> None:
        """Take a collection away, and what is known of it."""
        self._do(self._client.drop_collection, _table(served))
        self._forget(served)

    def name(
        self, served: Served, vectors: Vectors, depth: int, candidates: int
    ) -> tuple[Scores, Rows] | None:
        """The nearest by the index.

        There are at least as many candidates as rows are asked for: a server refuses fewer, and Milvus Lite
        then finds fewer rows.
        """
        limit = max(1, min(depth, served.rows, MOST))
        settings = {"metric_type": "IP", "params": {"ef": max(candidates, limit)}}
        table = _table(served)

        def ask() -> Any:
            return self._do(
                self._client.search, table, data=[*vectors], limit=limit, output_fields=["id"],
                search_params=settings, consistency_level=STRONG,
            )  # fmt: skip

        try:
            found = self._loaded(table, ask)
        except Exception as error:
            if _code(error) in GONE:
                return None
            raise
        return arrange([[(-float(hit["distance"]), int(hit["id"])) for hit in own] for own in found])

    # what is known

    def _tell_of(self, gallery: str, there: set[str]) -> list[Served]:
        """What was ever begun of a gallery, and not forgotten; not all of it has a collection."""
        if GALLERIES not in there:
            return []
        lines: dict[int, list[Line]] = {}
        for key, text in self._query(f"gallery == {json.dumps(gallery, ensure_ascii=False)}"):
            lines.setdefault(int(key.partition("/")[0]), []).append(decode_text(text, Line))
        return [_merge(gallery, number, own) for number, own in lines.items()]

    def _query(self, condition: str) -> list[tuple[str, str]]:
        """Keys and texts of lines."""

        def ask() -> Any:
            return self._do(
                self._client.query, GALLERIES, filter=condition, output_fields=["id", "text"],
                consistency_level=STRONG,
            )  # fmt: skip

        return [(str(each["id"]), str(each["text"])) for each in self._loaded(GALLERIES, ask)]

    def _tell(self, served: Served, what: str, line: Line) -> None:
        told = {
            "id": f"{served.number}/{what}", "gallery": served.gallery, "text": encode_text(line),
            "unused": [0.0, 0.0],
        }  # fmt: skip
        self._do(self._client.upsert, GALLERIES, [told])

    def _forget(self, served: Served) -> None:
        keys = [key for key, _ in self._query(f'id like "{served.number}/%"')]
        if keys:
            self._do(self._client.delete, GALLERIES, ids=keys)

    # collections

    def _list(self) -> set[str]:
        return {*self._do(self._client.list_collections)}

    def _create(self, name: str, schema: Any) -> None:
        try:
            self._do(self._client.create_collection, name, schema=schema, consistency_level=STRONG)
        except Exception:
            if name not in self._list():  # another process may have made it
                raise

    def _make_index(self, name: str, field: str, kind: str, settings: dict[str, int]) -> None:
        asked = self._client.prepare_index_params()
        asked.add_index(field, index_type=kind, metric_type="IP", params=settings)
        try:
            if field not in self._do(self._client.list_indexes, name):
                self._do(self._client.create_index, name, asked)
        except Exception:
            if field not in self._do(self._client.list_indexes, name):
                raise
        self._do(self._client.load_collection, name)

    def _loaded(self, name: str, ask: Callable[[], T]) -> T:
        """What is asked of a collection, which is loaded before that where it has to be."""
        try:
            return ask()
        except Exception as error:
            if _code(error) != NOT_LOADED:
                raise
        self._do(self._client.load_collection, name)
        return ask()

    @staticmethod
    def _do(call: Callable[..., T], *words: Any, **more: Any) -> T:
        """Call the server; pymilvus alone would try for minutes whether one that is away comes back."""
        return call(*words, retry_times=RETRIES, **more)


def _table(served: Served) -> str:
    return f"resight_rows_{served.number}"


def _code(error: Exception) -> Any:
    return getattr(error, "code", None)


def _merge(gallery: str, number: int, lines: list[Line]) -> Served:
    """All that is known of a collection."""
    last = max(lines, key=lambda each: each.rows)
    measured = max(lines, key=lambda each: each.measured)
    apart = np.unique(np.array([row for each in lines for row in each.apart], np.int64))
    return Served(
        gallery, number, max(each.generation for each in lines), max(each.width for each in lines),
        last.rows, last.proof, apart[apart < last.rows], max(each.deleted for each in lines),
        measured.measured, measured.efforts,
    )  # fmt: skip


def _split(block: Block) -> Iterator[list[dict[str, Any]]]:
    """The rows as Milvus takes them, in parts that a message can hold."""
    most = max(1, MESSAGE // (4 * block.vectors.shape[1]))
    for start in range(0, len(block.numbers), most):
        part = slice(start, start + most)
        columns = zip(
            block.numbers[part].tolist(), block.images[part].tolist(), block.vectors[part], strict=True
        )
        yield [{"id": row, "image": image, "embedding": vector} for row, image, vector in columns]


def _rows_schema(client: MilvusClient, width: int) -> Any:
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)  # the row; old servers call every key `id`
    schema.add_field("image", DataType.INT64)
    schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=width)
    return schema


def _galleries_schema(client: MilvusClient) -> Any:
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=128)
    schema.add_field("gallery", DataType.VARCHAR, max_length=1024)
    schema.add_field("text", DataType.VARCHAR, max_length=LONGEST)
    schema.add_field("unused", DataType.FLOAT_VECTOR, dim=2)  # there is no collection without a vector
    return schema
