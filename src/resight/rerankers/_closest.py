"""The k nearest rows of each of many rows: exact, tile by tile, never all pairs at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resight.processors import one_matrix_thread, processors
from resight.types import Vectors

ROWS = 2048  # of a block; few enough that a row of a block is a 16-bit number, which NumPy sorts by radix
BYTES = 16 << 20  # of a block's vectors
TILES = 16  # at once at most; each takes some 60 MiB
LOWEST = np.finfo(np.float32).min

Places = NDArray[np.int32]
Take = Callable[[Places], Vectors]


@dataclass(eq=False)
class Block:
    """Rows by their `places` (R,), ascending, and the nearest seen so far of each, nearest first.

    `neighbours` (R, k), -1 where fewer were seen, and `similarities` (R, k) are filled where they lie. Of
    equal ones the lower place comes first.
    """

    places: Places
    neighbours: NDArray[np.int32]
    similarities: NDArray[np.float32]
    floor: NDArray[np.float32] = field(init=False)  # (R,): what is lower is not among the k nearest
    _waiting: list[tuple[NDArray[np.int32], Places, Vectors]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.floor = np.maximum(self.similarities[:, -1], LOWEST)

    def see(self, products: Vectors, places: Places, axis: int) -> None:
        """Take in the products with the rows at other places; rows of this block lie along `axis`."""
        k, floor = self.similarities.shape[1], self.floor
        if products.shape[1 - axis] > k and (floor == LOWEST).any():
            at = products.shape[1 - axis] - k  # one pass that spares a sort of nearly all
            floor = np.maximum(floor, np.partition(products, at, axis=1 - axis).take(at, axis=1 - axis))
        near = np.flatnonzero(products >= (floor[:, None] if axis == 0 else floor))
        pair = np.divmod(near, products.shape[1])
        found = (pair[axis].astype(np.int32), places[pair[1 - axis]], products.ravel()[near])
        with self._lock:
            self._waiting.append(found)
            if sum(len(rows) for rows, *_ in self._waiting) > self.neighbours.size:
                self._settle()

    def settle(self) -> None:
        """Sort in all that was seen."""
        with self._lock:
            if self._waiting:
                self._settle()

    def _settle(self) -> None:
        count, k = self.neighbours.shape
        listed = (np.repeat(np.arange(count, dtype=np.int32), k), self.neighbours, self.similarities)
        pieces = zip(*[[part.ravel() for part in each] for each in (listed, *self._waiting)], strict=True)
        self._waiting.clear()
        rows, places, similarities = (np.concatenate(piece) for piece in pieces)
        enough = similarities >= self.floor[rows]
        rows, places, similarities = rows[enough], places[enough], similarities[enough]
        order = np.argsort(_descending(similarities) << np.uint64(32) | places.astype(np.uint64))
        order = order[np.argsort(rows[order].astype(np.uint16), kind="stable")]
        counts = np.bincount(rows, minlength=count)
        rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        order, rank = order[rank < k], rank[rank < k]
        self.neighbours[:], self.similarities[:] = -1, -np.inf
        self.neighbours[rows[order], rank] = places[order]
        self.similarities[rows[order], rank] = similarities[order]
        self.floor = np.maximum(self.similarities[:, -1], LOWEST)


def blocks(
    places: Places, neighbours: NDArray[np.int32], similarities: NDArray[np.float32], width: int
) -> list[Block]:
    """Cut rows of `width` numbers into blocks; the lists of all rows are filled where they lie."""
    size = max(64, min(ROWS, BYTES // (4 * max(1, width))))
    cuts = [slice(start, start + size) for start in range(0, len(places), size)]
    return [Block(places[cut], neighbours[cut], similarities[cut]) for cut in cuts]


def compare(pairs: Iterable[tuple[Block, Sequence[Block]]], take: Take, *, both: bool) -> None:
    """Show the rows of each first block those of its others; with `both`, also the others the first's.

    `take` gives the vectors at places, and is called by this thread alone.
    """
    workers = min(processors(), TILES)
    seen: dict[int, Block] = {}
    running: deque[Future[None]] = deque()
    with one_matrix_thread(), ThreadPoolExecutor(workers) as pool:
        for one, other, vectors, others in _tiles(pairs, take):
            seen |= {id(one): one, id(other): other}
            running.append(pool.submit(_tile, one, other, vectors, others, both))
            if len(running) > workers:
                running.popleft().result()
        while running:
            running.popleft().result()
        list(pool.map(Block.settle, seen.values()))


def _tiles(
    pairs: Iterable[tuple[Block, Sequence[Block]]], take: Take
) -> Iterator[tuple[Block, Block, Vectors, Vectors]]:
    for one, others in pairs:
        vectors = take(one.places)
        for other in others:
            yield one, other, vectors, vectors if other is one else take(other.places)


def _tile(one: Block, other: Block, vectors: Vectors, others: Vectors, both: bool) -> None:
    products = vectors @ others.T
    _, mine, theirs = np.intersect1d(one.places, other.places, assume_unique=True, return_indices=True)
    products[mine, theirs] = -np.inf  # no row is its own neighbour
    one.see(products, other.places, axis=0)
    if both and other is not one:
        other.see(products, one.places, axis=1)


def _descending(values: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Whole numbers of 32 bits in the opposite order of the values."""
    bits = (values + np.float32(0)).view(np.int32)  # no negative zero
    return (~np.where(bits < 0, ~bits, bits ^ np.int32(-(2**31))).view(np.uint32)).astype(np.uint64)
