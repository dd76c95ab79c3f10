"""Reads what is needed next while photos before it are described; so many bytes at most."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from resight.processors import processors
from resight.roots.folder import State

Item = TypeVar("Item")

REQUESTS = 8  # at once, or two a core
BYTES = 256 << 20  # on their way, or read and not yet taken


class ReadAhead:
    """What is on its way, by its name; asked by several threads, while one passes items on."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._coming: dict[str, Future[bytes]] = {}
        self._bytes, self._lock = 0, threading.Lock()

    def state(self, name: str) -> State | None:
        """What was told of one that is coming."""
        return self._states.get(name)

    def take(self, name: str) -> tuple[State | None, Future[bytes] | None]:
        """What was told of one that is coming, and its contents, if they are on their way; once."""
        with self._lock:
            state, found = self._states.pop(name, None), self._coming.pop(name, None)
            if found is not None and state is not None:
                self._bytes -= state[0]
            return state, found

    def pass_on(
        self,
        items: Iterable[Item],
        told: Callable[[Item], tuple[str, State] | None],
        read: Callable[[str, State], bytes],
    ) -> Iterator[Item]:
        """The same items, later: the contents of some are read meanwhile. Whoever stops early closes this."""
        ahead, waiting, ended = max(REQUESTS, 2 * processors()), deque[Item](), False
        pool = ThreadPoolExecutor(ahead)
        try:
            for item in items:
                named = told(item)
                if named is not None:
                    self._begin(pool, *named, read)
                waiting.append(item)
                if len(waiting) > ahead:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
            ended = True
        finally:
            pool.shutdown(wait=False, cancel_futures=not ended)  # the last ones may not have been taken yet
            if not ended:
                with self._lock:
                    self._states.clear()
                    self._coming.clear()
                    self._bytes = 0

    def _begin(
        self, pool: ThreadPoolExecutor, name: str, state: State, read: Callable[[str, State], bytes]
    ) -> None:
        with self._lock:
            self._states[name] = state
            if self._bytes + state[0] > BYTES:  # whoever needs it will read it
                return
            self._bytes += state[0]
            self._coming[name] = pool.submit(read, name, state)
