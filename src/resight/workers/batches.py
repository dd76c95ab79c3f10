"""Work in batches of one shape: items are made ready by threads, then worked on together, as on a GPU."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from resight.workers.threads import in_order

WAITING = 8  # batches' worth of items that wait for others of their shape
WAITING_BYTES = 1 << 30
BEGUN = 2  # batches: while one is waited for, the device works on the next


class Ready(Protocol):
    """An item that is ready for its batch."""

    @property
    def shape(self) -> Hashable:
        """Items of one shape are worked on together; None of one that needs no work with others."""
        ...

    @property
    def nbytes(self) -> int:
        """What it takes while it waits."""
        ...


Item = TypeVar("Item")
Prepared = TypeVar("Prepared", bound=Ready)
Result = TypeVar("Result")


def in_order_or_batches(
    alone: Callable[[Item], Result],
    prepare: Callable[[Item], Prepared],
    begin: Callable[[Sequence[Prepared]], Callable[[], Iterable[Result]]],
    items: Iterable[Item],
    *,
    batch: Callable[[], int],
    workers: int,
    stopping: Callable[[], bool],
) -> Iterator[Result]:
    """An item a thread by `alone`, in order; or `in_batches`, where a batch is of more than one.

    `batch()` is not asked where there is no item: it may load a network.
    """
    coming = iter(items)
    first = list(itertools.islice(coming, 1))
    if not first:
        return iter(())
    every = itertools.chain(first, coming)
    if batch() == 1:
        return in_order(alone, every, workers, stopping)
    return in_batches(prepare, begin, every, batch=batch, workers=workers, stopping=stopping)


def in_batches(
    prepare: Callable[[Item], Prepared],
    begin: Callable[[Sequence[Prepared]], Callable[[], Iterable[Result]]],
    items: Iterable[Item],
    *,
    batch: Callable[[], int],
    workers: int,
    stopping: Callable[[], bool],
    waiting_bytes: int = WAITING_BYTES,
) -> Iterator[Result]:
    """Results of all items, near to their order; `workers` threads prepare, this thread begins batches.

    `begin` gives what waits for the results; before it is called, the next batch is begun. `batch()` is asked
    anew each time, since a device may turn out to hold less. A batch is begun once it is full, and the one
    that has waited longest where too many items wait, so that a result is never much later than its item.
    What is not full at the end is begun then; after a stop, it is left.
    """
    waiting: dict[Hashable, list[Prepared]] = {}
    begun: deque[Callable[[], Iterable[Result]]] = deque()
    for ready in in_order(prepare, items, workers, stopping):
        if ready.shape is None:
            yield from begin([ready])()
            continue
        most = max(1, batch())
        group = waiting.setdefault(ready.shape, [])
        group.append(ready)
        full = [ready.shape] if len(group) >= most else []
        for shape in full or _overdue(waiting, WAITING * most, waiting_bytes):
            begun.append(begin(waiting.pop(shape)))
            while len(begun) >= BEGUN:
                yield from begun.popleft()()
    for group in () if stopping() else list(waiting.values()):
        begun.append(begin(group))
        while len(begun) >= BEGUN:
            yield from begun.popleft()()
    while begun:
        yield from begun.popleft()()


def _overdue(waiting: dict[Hashable, list[Prepared]], items: int, size: int) -> Iterator[Hashable]:
    """The shapes that have waited longest, until the others are within the bounds; a dict keeps its order."""
    counts = [(shape, len(group), sum(each.nbytes for each in group)) for shape, group in waiting.items()]
    left, left_bytes = sum(count for _, count, _ in counts), sum(each for _, _, each in counts)
    for shape, count, own in counts:
        if left <= items and left_bytes <= size:
            return
        yield shape
        left, left_bytes = left - count, left_bytes - own
