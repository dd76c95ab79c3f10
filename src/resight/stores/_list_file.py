"""Lists in a file beside the gallery: written whole, trusted only where all that is said of it holds."""

from __future__ import annotations

import functools
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from resight.codec import decode_text, encode_text
from resight.files import write_whole
from resight.stores._coding import BLOCK, CODES, Coding
from resight.stores._lists import Filed, Filling, Table
from resight.stores._promise import Rows
from resight.stores._proof import Take, is_made_of

MAGIC = b"resight lists 1\n"
END = struct.Struct("<QI16s")  # bytes and CRC-32 of what stands before it, a JSON object; then MAGIC again
ALIGNED = 64


@dataclass(frozen=True)
class Point:
    """So many `lists` a query, `factor` times as many rows compared as are wanted: the recall that gives."""

    lists: int
    factor: int
    recall: float


@dataclass(frozen=True)
class About:
    """What a file says of itself: whose rows these are, how many it has looked at, and how well it finds.

    `trained_on`: how many rows there were when the coding was learnt. `proof`: CRC-32 of some of the rows.
    `points` are what `queries` of the rows measured at `k`, fewer lists first. `known`: the row numbers that
    the first centroid finds; another FAISS that packs codes otherwise would find others.
    """

    gallery: str
    generation: int
    rows: int
    width: int
    trained_on: int
    proof: int
    points: tuple[Point, ...]
    k: int
    queries: int
    known: tuple[int, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()
    begins: int = 0
    ends: int = 0
    head_crc: int = 0
    lists_crc: int = 0


@dataclass(frozen=True, eq=False)
class Opened:
    """A file of lists. `apart` are the sorted rows, of those looked at, that are of no unit length."""

    path: Path
    about: About
    lists: Filed
    apart: Rows

    def is_whole(self) -> bool:
        """Whether the lists are what was written, which reads them all."""
        return _checksum(self.path, self.about.begins, self.about.ends) == self.about.lists_crc

    def is_of(self, take: Take, rows: int) -> bool:
        """Whether it was made of these `rows`, or of the first of them; of more rows than these it may be."""
        return is_made_of(take, rows, self.about.rows, self.about.proof)


def name(generation: int, rows: int) -> str:
    """The file of lists of so many rows."""
    return f"lists-{generation:03d}-{rows}.faiss"


def write(folder: Path, about: About, filling: Filling, apart: Rows) -> Path:
    """Put the file in its place as a whole; raises OSError."""
    path = folder / name(about.generation, about.rows)
    write_whole(path, _pieces(about, filling, apart), sync=os.fsync)
    return path


def _pieces(about: About, filling: Filling, apart: Rows) -> Iterator[bytes]:
    coding = filling.coding
    shapes = (coding.centroids.shape, coding.codebooks.shape, (coding.lists, 3), apart.shape)
    sizes = [4 * coding.centroids.size, 4 * coding.codebooks.size, 24 * coding.lists, 8 * len(apart)]
    begins = -(-(len(MAGIC) + sum(sizes)) // ALIGNED) * ALIGNED
    table = filling.table(begins)
    arrays = (coding.centroids, coding.codebooks, table, apart.astype(np.int64))
    head = (MAGIC + b"".join(each.tobytes() for each in arrays)).ljust(begins, b"\0")
    yield head
    crc, ends = 0, begins
    for number in range(coding.lists):
        piece = filling.list(number)
        crc, ends = zlib.crc32(piece, crc), ends + len(piece)
        yield piece
    found = find_known(filling)
    told = encode_text(
        {
            **vars(about), "known": found, "shapes": shapes, "begins": begins, "ends": ends,
            "head_crc": zlib.crc32(head), "lists_crc": crc,
        }
    ).encode()  # fmt: skip
    yield told + END.pack(len(told), zlib.crc32(told), MAGIC)


def find_known(lists: Filling | Filed) -> tuple[int, ...]:
    """The row numbers that the first centroid finds in few lists."""
    first = np.ascontiguousarray(lists.coding.centroids[:1])
    return tuple(lists.search(first, 4, 8)[1][0].tolist())


def open_lists(path: Path) -> Opened | None:
    """A file that is whole as far as can be seen without reading its lists; None for any other.

    The same file is opened once.
    """
    try:
        state = path.stat()
    except OSError:
        return None
    return _opened(path, (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))


@functools.lru_cache(maxsize=4)
def _opened(path: Path, state: tuple[int, ...]) -> Opened | None:
    try:
        with path.open("rb") as file:
            opened = _read(path, file, state[2])
            there = path.stat()
            return opened if opened and (there.st_dev, there.st_ino) == state[:2] else None
    except (OSError, ValueError, RuntimeError, struct.error):  # FAISS raises RuntimeError
        return None


def _read(path: Path, file: BinaryIO, size: int) -> Opened | None:
    about = _about(file, size)
    if about is None or about.begins > about.ends or about.ends + END.size > size:
        return None
    file.seek(0)
    head = file.read(about.begins)
    if zlib.crc32(head) != about.head_crc or not head.startswith(MAGIC):
        return None
    arrays, offset = [], len(MAGIC)
    for shape, dtype in zip(about.shapes, ("<f4", "<f4", "<u8", "<i8"), strict=True):
        count = int(np.prod(shape))
        arrays.append(np.frombuffer(head, dtype, count, offset).reshape(shape))
        offset += arrays[-1].nbytes
    centroids, codebooks, table, apart = arrays
    coding = Coding(centroids, codebooks)
    if not _fits(table, coding, about):
        return None
    lists = Filed(coding, table, path, size)
    return Opened(path, about, lists, apart) if find_known(lists) == about.known else None


def _fits(table: Table, coding: Coding, about: About) -> bool:
    """Whether all lists lie between where they begin and end, so that FAISS reads nothing else."""
    counts, room, starts = table.astype(np.float64).T  # which does not wrap around
    ends = starts + room * (coding.bytes_a_row + 8)
    inside = (starts >= about.begins) & (ends <= about.ends) & (counts <= room) & (room % BLOCK == 0)
    shaped = len(table) == coding.lists and coding.codebooks.shape[1] == CODES
    wide = coding.codebooks.shape[0] * coding.codebooks.shape[2] == coding.centroids.shape[1]
    return bool(inside.all()) and shaped and wide and coding.centroids.shape[1] >= about.width


def _about(file: BinaryIO, size: int) -> About | None:
    if size < END.size:
        return None
    file.seek(size - END.size)
    length, crc, magic = END.unpack(file.read(END.size))
    if magic != MAGIC or length > size:
        return None
    file.seek(size - END.size - length)
    text = file.read(length)
    return decode_text(text.decode(), About) if zlib.crc32(text) == crc else None


def _checksum(path: Path, begins: int, ends: int) -> int:
    crc = 0
    with path.open("rb") as file:
        file.seek(begins)
        while begins < ends and (piece := file.read(min(1 << 22, ends - begins))):
            crc, begins = zlib.crc32(piece, crc), begins + len(piece)
    return crc


def find_lists(folder: Path, gallery: str, generation: int) -> Opened | None:
    """The lists of a generation that have looked at the most rows; None where none can be trusted."""
    paths = sorted(folder.glob(f"lists-{generation:03d}-*.faiss"), key=_rows_named, reverse=True)
    for path in paths:
        opened = open_lists(path)
        if opened and (opened.about.gallery, opened.about.generation) == (gallery, generation):
            return opened
    return None


def list_all(folder: Path, gallery: str) -> list[Opened]:
    """All lists of a gallery that can be trusted."""
    opened = map(open_lists, folder.glob("lists-*.faiss"))
    return [each for each in opened if each and each.about.gallery == gallery]


def _rows_named(path: Path) -> int:
    text = path.stem.rpartition("-")[2]
    return int(text) if text.isdecimal() else -1
