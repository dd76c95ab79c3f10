"""What is known of a collection of rows: lines, which are merged in whatever order they were written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from resight.stores._served import Effort, Served

if TYPE_CHECKING:
    from pymilvus import MilvusClient

LONGEST = 65_535  # bytes of a text


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


def merge(gallery: str, number: int, lines: list[Line]) -> Served:
    """All that is known of a collection."""
    last = max(lines, key=lambda each: each.rows)
    measured = max(lines, key=lambda each: each.measured)
    apart = np.unique(np.array([row for each in lines for row in each.apart], np.int64))
    return Served(
        gallery, number, max(each.generation for each in lines), max(each.width for each in lines),
        last.rows, last.proof, apart[apart < last.rows], max(each.deleted for each in lines),
        measured.measured, measured.efforts,
    )  # fmt: skip


def make_schema(client: MilvusClient) -> Any:
    """How lines lie in a collection: a key, whose they are, and what they say as JSON."""
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=128)
    schema.add_field("gallery", DataType.VARCHAR, max_length=1024)
    schema.add_field("text", DataType.VARCHAR, max_length=LONGEST)
    schema.add_field("unused", DataType.FLOAT_VECTOR, dim=2)  # there is no collection without a vector
    return schema
