"""Clients of a Milvus server, or of Milvus Lite in this process, and what their errors mean."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from resight.errors import StoreFailed, StoreUnavailable
from resight.stores._address import read_variable

if TYPE_CHECKING:
    from pymilvus import MilvusClient

VARIABLE = "RESIGHT_MILVUS"
TOKEN = "RESIGHT_MILVUS_TOKEN"  # the name of a variable
LITE = ".db"  # ends the path of a folder of Milvus Lite
PATIENCE = 10  # seconds, for a connection
CONNECT_FAILED = 2  # a code
# A new channel does not wait as long as the one before it would, whose server went away and has come back.
CHANNEL = {"grpc.use_local_subchannel_pool": 1, "grpc.max_reconnect_backoff_ms": 1000}

_lock = threading.Lock()
_clients: dict[tuple[int, str, str], MilvusClient] = {}


@contextlib.contextmanager
def connect() -> Iterator[MilvusClient]:
    """The client of this process, which any number of threads may use.

    Raises StoreUnavailable, and StoreFailed for whatever goes wrong while the context lasts.
    """
    address = read_variable(VARIABLE)
    if not address:
        raise StoreUnavailable(
            f"The store 'milvus' needs a Milvus server: put its address, such as 'http://localhost:19530', "
            f"in {VARIABLE}, or in a file that {VARIABLE}_FILE names; a path that ends in '{LITE}' is a "
            "folder of Milvus Lite."
        )
    own = os.getpid(), address, read_variable(TOKEN) or ""
    from grpc import RpcError
    from pymilvus.exceptions import MilvusException

    try:
        with _lock:
            if own not in _clients:
                _clients[own] = _open(address, own[2])
            client = _clients[own]
        yield client
    except (MilvusException, RpcError) as error:
        raise explain(error) from error


def explain(error: Exception) -> StoreFailed:
    """What an error of pymilvus or gRPC means, in a sentence without the address and what it may hold."""
    from grpc import RpcError, StatusCode

    status = error.code() if isinstance(error, RpcError) else getattr(error, "code", None)
    if status in (StatusCode.UNAUTHENTICATED, StatusCode.PERMISSION_DENIED):
        return StoreFailed(f"The Milvus server of the store 'milvus' refuses the token: see {TOKEN}.")
    if isinstance(status, StatusCode) or status == CONNECT_FAILED:
        reason = f" ({status.name.replace('_', ' ').lower()})" if isinstance(status, StatusCode) else ""
        return StoreFailed(
            f"The Milvus server of the store 'milvus' does not answer{reason}: see that it runs and that "
            f"{VARIABLE} names it, or search with --exact, which needs no server."
        )
    reason = (str(getattr(error, "message", "")).splitlines() or ["it does not say why"])[0].rstrip(".")
    return StoreFailed(f"The Milvus server of the store 'milvus' refuses: {reason}.")


def _open(address: str, token: str) -> MilvusClient:
    for name in ("pymilvus", "milvus_lite"):  # they log what they raise, with its traceback
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    from pymilvus import MilvusClient
    from pymilvus.exceptions import ConnectionConfigException

    try:
        return MilvusClient(address, token=token, timeout=PATIENCE, grpc_options=CHANNEL)
    except (ConnectionConfigException, ValueError) as error:  # their texts repeat the address
        if address.endswith(LITE):
            raise StoreFailed(
                f"The folder of Milvus Lite that {VARIABLE} names cannot be opened: see that the folder "
                "above it is there, and that no other process uses it, since only one can; `milvus-lite "
                "server` serves several."
            ) from error
        raise StoreUnavailable(
            f"The address in {VARIABLE}, or in the file that {VARIABLE}_FILE names, cannot be read: write it "
            f"as 'http://localhost:19530', or as a path that ends in '{LITE}' for Milvus Lite."
        ) from None
