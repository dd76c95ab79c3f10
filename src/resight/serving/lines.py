"""Lines before the work: so many threads, so many requests that wait, and no more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from resight.serving.problems import Busy

Result = TypeVar("Result")


class Line:
    """Work for a fixed number of threads; where too much of it waits already, more is refused.

    What was begun is counted until it ends, even if whoever asked for it has gone.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.name, self.most = name, threads + waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._lock, self.inside = threading.Lock(), 0

    async def run(self, work: Callable[..., Result], *values: Any) -> Result:
        """The work's result, from a thread; raises Busy where the line is full."""
        return await asyncio.wrap_future(self.submit(work, *values))

    def submit(self, work: Callable[..., Result], *values: Any) -> Future[Result]:
        """The same, for a caller that waits by itself."""
        with self._lock:
            if self.inside >= self.most:
                raise Busy(f"{self.inside} requests wait already: try again in a moment.")
            self.inside += 1
        future = self._pool.submit(work, *values)
        future.add_done_callback(self._leave)
        return future

    def _leave(self, _: object) -> None:
        with self._lock:
            self.inside -= 1

    def close(self) -> None:
        """Take no more; what runs goes on to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
