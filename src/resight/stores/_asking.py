"""What is asked of a Milvus server: in few tries, of collections that are loaded where they must be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pymilvus import MilvusClient

RETRIES = 4
PATIENCE, PAUSE = 10.0, 0.05  # seconds, for a collection that another process is making
GONE = (4, 100)  # codes: there is no such collection
NOT_LOADED = 101  # a code: the server, or Milvus Lite, was started anew
BEING_MADE = "File exists"  # what Milvus Lite says where another process makes the same collection
HALF_MADE = "No such file"  # and of one that is listed, and not whole yet
STRONG = "Strong"  # what was written is found at once, whoever wrote it

T = TypeVar("T")

# Milvus Lite opens a collection a second time where a thread lists all while another makes it, and loses at
# its next start what was written to both (seen with 3.2.2).
_making = threading.Lock()


class Asking:
    """A client of pymilvus, and how it is used here."""

    def __init__(self, client: MilvusClient) -> None:
        self._client = client

    def list_all(self) -> set[str]:
        """The names of all collections."""
        with _making:
            return {*self.do(self._client.list_collections)}

    def create(self, name: str, schema: Any) -> None:
        """A collection, if there is none of this name."""
        try:
            with _making:
                self.do(self._client.create_collection, name, schema=schema, consistency_level=STRONG)
        except Exception as error:
            if not self._is_listed(name, wait=BEING_MADE in str(error)):  # another process may have made it
                raise

    def _is_listed(self, name: str, wait: bool) -> bool:
        """Whether there is such a collection; Milvus Lite refuses a second one before it lists the first."""
        until = time.monotonic() + (PATIENCE if wait else 0)
        while name not in self.list_all():
            if time.monotonic() >= until:
                return False
            time.sleep(PAUSE)
        return True

    def make_index(self, name: str, field: str, kind: str, settings: dict[str, int]) -> None:
        """An index by inner product of one of its fields, if there is none, and load the collection."""
        asked = self._client.prepare_index_params()
        asked.add_index(field, index_type=kind, metric_type="IP", params=settings)
        try:
            if field not in self.do(self._client.list_indexes, name):
                self.do(self._client.create_index, name, asked)
        except Exception:
            if field not in self.do(self._client.list_indexes, name):
                raise
        self.do(self._client.load_collection, name)

    def ask_loaded(self, name: str, ask: Callable[[], T]) -> T:
        """What is asked of a collection, which is loaded before that where it has to be."""
        try:
            return ask()
        except Exception as error:
            if _code(error) != NOT_LOADED:
                raise
        self.do(self._client.load_collection, name)
        return ask()

    @staticmethod
    def do(call: Callable[..., T], *words: Any, **more: Any) -> T:
        """Call the server; pymilvus alone would try for minutes whether one that is away comes back.

        Milvus Lite lists a collection that another process is making before its files are there.
        """
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return call(*words, retry_times=RETRIES, **more)
            except Exception as error:
                if HALF_MADE not in str(error) or time.monotonic() >= until:
                    raise
            time.sleep(PAUSE)


def is_gone(error: Exception) -> bool:
    """Whether it says that there is no such collection."""
    return _code(error) in GONE


def _code(error: Exception) -> Any:
    return getattr(error, "code", None)
