"""What lies on a Milvus server: a collection that tells of all galleries, and one of rows for each.

Milvus has no transactions. So a line of the first one is written once and never changed by a later one, rows
come before the line that counts them, and all is written by its key: whatever is done again changes nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from resight.codec import decode_text, encode_text
from resight.errors import StoreUnavailable
from resight.stores._asking import STRONG, Asking, is_gone
from resight.stores._lines import Line, make_schema, merge
from resight.stores._promise import Rows, Scores
from resight.stores._served import CONSTRUCTION, LINKS, Block, Effort, Served, arrange
from resight.types import Vectors

if TYPE_CHECKING:
    from pymilvus import MilvusClient

GALLERIES = "resight_galleries"
WIDEST = 32_768  # numbers a row
MOST = 16_384  # rows of an answer
MESSAGE = 16 << 20  # bytes of rows that are sent at once
KEYS = 4096  # rows that are deleted at once


class Collections:
    """Keeps the promise `resight.stores._served.Server`, by one client."""

    efforts = ((200, 2), (400, 2), (800, 2), (1600, 2), (3200, 8))

    def __init__(self, client: MilvusClient) -> None:
        self._client, self._asking = client, Asking(client)

    def prepare(self, width: int) -> None:
        """Make the collection of galleries; raises StoreUnavailable for rows that are too wide."""
        if width > WIDEST:
            raise StoreUnavailable(
                f"Milvus takes rows of at most {WIDEST:,} numbers, and these have {width:,}: use a recipe "
                "with fewer, or another store."
            )
        if GALLERIES not in self._asking.list_all():
            self._asking.create(GALLERIES, make_schema(self._client))
        self._asking.make_index(GALLERIES, "unused", "FLAT", {})

    def find(self, gallery: str) -> list[Served]:
        """What is there of a gallery, the latest generation first."""
        there = self._asking.list_all()
        found = [each for each in self._tell_of(gallery, there) if _table(each) in there]
        return sorted(found, key=lambda each: (-each.generation, each.number))

    def begin(self, gallery: str, generation: int, width: int) -> None:
        """A collection without rows, if there is none."""
        there = self._asking.list_all()
        found = self._tell_of(gallery, there)
        for each in found:
            if _table(each) not in there:  # a process was killed before it made this, or behind a `drop`
                if (each.generation, each.width, each.rows) == (generation, width, 0):
                    return self._asking.create(_table(each), _rows_schema(self._client, width))
                self._forget(each)
        if not any(each.generation == generation and _table(each) in there for each in found):
            begun = Line(generation, width)
            served = merge(gallery, secrets.randbits(62), [begun])
            self._tell(served, "begun", begun)
            self._asking.create(_table(served), _rows_schema(self._client, width))
        return None

    def append(self, served: Served, block: Block) -> bool:
        """The rows, and then how many there are."""
        try:
            for part in _split(block):
                self._asking.do(self._client.upsert, _table(served), part)
        except Exception as error:
            if is_gone(error):
                return False
            raise
        if len(block.apart):
            self._tell(served, f"apart/{block.end}", Line(apart=tuple(block.apart.tolist())))
        self._tell(served, f"rows/{block.end}", Line(rows=block.end, proof=block.proof))
        if served.rows:
            self._asking.do(self._client.delete, GALLERIES, ids=[f"{served.number}/rows/{served.rows}"])
        return True

    def delete(self, served: Served, rows: Rows) -> None:
        """Take the rows out of the collection."""
        for start in range(0, len(rows), KEYS):
            self._asking.do(self._client.delete, _table(served), ids=rows[start : start + KEYS].tolist())
        self._tell(served, "deleted", Line(deleted=len(rows)))

    def make_index(self, served: Served) -> None:
        """A graph by inner product of each segment."""
        table = _table(served)
        self._asking.do(self._client.flush, table)
        self._asking.make_index(table, "embedding", "HNSW", {"M": LINKS, "efConstruction": CONSTRUCTION})

    def note(self, served: Served, measured: int, efforts: tuple[Effort, ...], lost: Rows) -> None:
        """Keep what was measured; the rows that are lost in the index are `apart` from now on."""
        if len(lost):
            self._tell(served, f"lost/{measured}", Line(apart=tuple(lost.tolist())))
        self._tell(served, "measured", Line(measured=measured, efforts=efforts))

    def drop(self, served: Served) -> None:
        """Take a collection away, and what is known of it."""
        self._asking.do(self._client.drop_collection, _table(served))
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
            return self._asking.do(
                self._client.search, table, data=[*vectors], limit=limit, output_fields=["id"],
                search_params=settings, consistency_level=STRONG,
            )  # fmt: skip

        try:
            found = self._asking.ask_loaded(table, ask)
        except Exception as error:
            if is_gone(error):
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
        return [merge(gallery, number, own) for number, own in lines.items()]

    def _query(self, condition: str) -> list[tuple[str, str]]:
        """Keys and texts of lines."""

        def ask() -> Any:
            return self._asking.do(
                self._client.query, GALLERIES, filter=condition, output_fields=["id", "text"],
                consistency_level=STRONG,
            )  # fmt: skip

        return [(str(each["id"]), str(each["text"])) for each in self._asking.ask_loaded(GALLERIES, ask)]

    def _tell(self, served: Served, what: str, line: Line) -> None:
        told = {
            "id": f"{served.number}/{what}", "gallery": served.gallery, "text": encode_text(line),
            "unused": [0.0, 0.0],
        }  # fmt: skip
        self._asking.do(self._client.upsert, GALLERIES, [told])

    def _forget(self, served: Served) -> None:
        keys = [key for key, _ in self._query(f'id like "{served.number}/%"')]
        if keys:
            self._asking.do(self._client.delete, GALLERIES, ids=keys)


def _table(served: Served) -> str:
    return f"resight_rows_{served.number}"


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
