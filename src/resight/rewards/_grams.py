"""Similarities of pairs under any policy, from inner products alone: no descriptor is summed.

The sum over a policy of the vectors of photo a, times that of photo b, is the sum of all products of a vector
of a with one of b. These products are worked out once: for each pair, and for each photo with itself. Those
of (j, k) and (k, j) are only needed together, so V variants need V (V + 1) / 2 numbers a pair. A policy of n
adds up n (n + 1) / 2 of them: a bag of rows of the table, which torch sums several numbers at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from resight.rewards._promise import Examples, Policies
from resight.types import Vectors

BLOCK = 256  # pairs at once
TINY = 1e-24


class Bags(NamedTuple):
    """Rows of a table that are summed for each policy (P, B), and how often each counts (P, B)."""

    places: NDArray[np.int64]
    times: NDArray[np.float32]

    def sum(self, table: Vectors) -> Vectors:
        """(R, columns) -> (P, columns)."""
        import torch

        places, rows, times = map(torch.from_numpy, (self.places, table, self.times))
        found = torch.nn.functional.embedding_bag(places, rows, mode="sum", per_sample_weights=times)
        return np.asarray(found)


class Grams:
    """The products of all variants, of each pair of the examples and of each photo with itself."""

    def __init__(self, examples: Examples) -> None:
        count = len(examples.variants)
        self._rows, self._columns = np.triu_indices(count)
        places = np.zeros((count, count), np.int64)
        places[self._rows, self._columns] = np.arange(len(self._rows))
        self._places = np.maximum(places, places.T)
        used, pairs = np.unique(examples.pairs, return_inverse=True)
        self._first, self._second = pairs.reshape(examples.pairs.shape)
        self._own = list(self._tables(examples.descriptors, used, used))
        self._between = list(self._tables(examples.descriptors, *examples.pairs))

    @property
    def nbytes(self) -> int:
        """Bytes of the tables."""
        return sum(table.nbytes for table in (*self._own, *self._between))

    def similarities(self, policies: Policies) -> Vectors:
        """(P, n) numbers of variants -> (P, pairs) cosines of the summed descriptors."""
        return np.concatenate([found for _, found in self.blocks(policies)], axis=1)

    def blocks(self, policies: Policies) -> Iterator[tuple[slice, Vectors]]:
        """The same, some pairs after the others: (which, (P, their number)), which may be changed."""
        bags = self._bags(policies)
        squares = np.concatenate([bags.sum(table) for table in self._own], axis=1)
        inverse = 1 / np.sqrt(np.maximum(squares, np.float32(TINY)))
        first = 0
        for table in self._between:
            own = slice(first, first + table.shape[1])
            found = bags.sum(table)
            found *= inverse.take(self._first[own], axis=1)
            found *= inverse.take(self._second[own], axis=1)
            yield own, found
            first = own.stop

    def _bags(self, policies: Policies) -> Bags:
        """(P, n) -> which products enter a policy's sum, and how often.

        Two places of a policy with different variants take the two products together, so once; two places
        with one variant take its product with itself twice; a place alone takes it once.
        """
        one, other = np.triu_indices(policies.shape[1])
        places = self._places[policies[:, one], policies[:, other]]
        twice = (one != other) & (policies[:, one] == policies[:, other])
        times = np.where(twice, np.float32(2), np.float32(1))
        return Bags(places, times)

    def _tables(
        self, descriptors: Vectors, first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> Iterator[Vectors]:
        """Blocks (V (V + 1) / 2, pairs) of the products of photos with photos."""
        diagonal = self._rows == self._columns
        for begin in range(0, len(first), BLOCK):
            own = slice(begin, begin + BLOCK)
            products = descriptors[first[own]] @ descriptors[second[own]].transpose(0, 2, 1)
            table = products[:, self._rows, self._columns] + products[:, self._columns, self._rows]
            table[:, diagonal] /= 2
            yield np.ascontiguousarray(table.T)


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Torch keeps to the thread that calls it, in all threads that begin inside."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
