"""Rows in inverted lists: filled by FAISS, and searched where they lie in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resight.stores._coding import BLOCK, Coding, set_threads
from resight.stores._promise import Rows, Scores
from resight.types import Vectors

Table = NDArray[np.uint64]
"""(L, 3): of each list its rows, its room in rows (a multiple of 32), and where in the file it begins.

First the codes of all its room, as FAISS packs them, then a row number of 8 bytes for each.
"""


class Lists:
    """Some rows of a gallery by their numbers, in the lists of a coding; any number of threads may ask."""

    def __init__(self, coding: Coding, index: Any) -> None:
        self.coding, self._index = coding, index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, queries: Vectors, lists: int, depth: int) -> tuple[Scores, Rows]:
        """(Q, D) of unit length -> squared distances by the codes (Q, depth), nearest first, and row numbers.

        Looks into so many `lists` a query. Where they hold fewer rows, numbers of -1 follow.
        """
        import faiss

        compared = self.coding.lists + len(self) * lists // self.coding.lists
        set_threads(len(queries) * compared * self.coding.bytes_a_row if len(queries) > 1 else 0)
        library: Any = faiss  # whose types say less than it has
        asked = library.IVFSearchParameters(nprobe=min(lists, self.coding.lists))
        return self._index.search(self.coding.widen(queries), depth, params=asked)  # type: ignore[no-any-return]


class Filling(Lists):
    """Lists in memory, to which rows are added before they are written."""

    def __init__(self, coding: Coding) -> None:
        super().__init__(coding, coding.assemble())

    def add(self, numbers: Rows, rows: Vectors) -> None:
        """Put (N, D) rows of unit length into their lists, under their numbers."""
        set_threads(rows.size * self.coding.lists)
        self._index.add_with_ids(self.coding.widen(rows), np.ascontiguousarray(numbers))

    def take_in(self, filed: Filed) -> None:
        """Put in all that other lists of this coding hold, as it is coded there."""
        import faiss

        own, room = faiss.downcast_InvertedLists(self._index.invlists), filed.coding.bytes_a_row
        for number, (count, _space, _begins) in enumerate(filed.table.tolist()):
            if count:
                codes, numbers = filed.list(number)
                own.resize(number, count)
                blocks = -(-count // BLOCK) * BLOCK
                faiss.memcpy(own.get_codes(number), faiss.swig_ptr(codes[: blocks * room]), blocks * room)
                faiss.memcpy(own.get_ids(number), faiss.swig_ptr(numbers), 8 * count)
        self._index.ntotal = int(filed.table[:, 0].sum())

    def table(self, offset: int) -> Table:
        """Where its lists will stand in a file, from an offset on."""
        own = self._index.invlists
        counts = np.array([own.list_size(number) for number in range(self.coding.lists)], np.uint64)
        space = (counts + np.uint64(BLOCK - 1)) // np.uint64(BLOCK) * np.uint64(BLOCK)
        sizes = space * np.uint64(self.coding.bytes_a_row + 8)
        starts = np.uint64(offset) + np.cumsum(sizes) - sizes
        return np.stack([counts, space, starts.astype(np.uint64)], axis=1)

    def list(self, number: int) -> bytes:
        """The bytes of a list, as the table has them."""
        import faiss

        own = self._index.invlists
        count = own.list_size(number)
        if not count:
            return b""
        space = -(-count // BLOCK) * BLOCK
        codes = faiss.rev_swig_ptr(own.get_codes(number), space * self.coding.bytes_a_row)
        numbers = np.zeros(space, np.int64)
        numbers[:count] = faiss.rev_swig_ptr(own.get_ids(number), count)
        return codes.tobytes() + numbers.tobytes()


class Filed(Lists):
    """Lists that lie in a file, which is mapped and never read in whole; the file must stay as it is."""

    def __init__(self, coding: Coding, table: Table, path: Path, size: int) -> None:
        import faiss

        library: Any = faiss
        index, lists = coding.assemble(), library.OnDiskInvertedLists()
        lists.nlist, lists.code_size, lists.read_only = coding.lists, coding.bytes_a_row, True
        lists.filename, lists.totsize, lists.prefetch_nthread = str(path), size, 0
        lists.lists.resize(coding.lists)
        faiss.memcpy(lists.lists.data(), faiss.swig_ptr(np.ascontiguousarray(table)), table.nbytes)
        lists.do_mmap()
        index.replace_invlists(lists, False)
        index.ntotal = int(table[:, 0].sum())
        super().__init__(coding, index)
        self.table, self._mapped = table, lists  # FAISS keeps no reference

    def list(self, number: int) -> tuple[NDArray[np.uint8], Rows]:
        """The codes (room * bytes,) and the row numbers (count,) of a list that is not empty."""
        import faiss

        count, space, _ = (int(each) for each in self.table[number])
        codes = faiss.rev_swig_ptr(self._mapped.get_codes(number), space * self.coding.bytes_a_row)
        return codes, faiss.rev_swig_ptr(self._mapped.get_ids(number), count)
