"""Work by several threads, taken back in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from resight.processors import one_matrix_thread

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int, stopping: Callable[[], bool]
) -> Iterator[Result]:
    """Results of `workers` threads in the order of the items; a few items ahead, so memory stays flat."""
    waiting: deque[Future[Result]] = deque()
    # every core has its photo: threads of the matrix library beside them cost a quarter of the speed
    with one_matrix_thread(), ThreadPoolExecutor(workers) as pool:
        for item in items:
            if stopping():
                break
            waiting.append(pool.submit(work, item))
            if len(waiting) >= 3 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
