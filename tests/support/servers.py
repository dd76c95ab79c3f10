"""Real servers of stores, one for a module of tests, and what these tests ask of any."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from resight.stores._served import Served
from support.milvus import Milvus
from support.milvus_server import NAMED, MilvusServer
from support.postgres import Postgres

Server = Postgres | Milvus
SERVERS = {"pgvector": Postgres, "milvus": Milvus} | (
    {"milvus-server": MilvusServer} if os.environ.get(NAMED) else {}
)


@contextmanager
def running(name: str) -> Iterator[Server]:
    """A server, which the environment names as long as it runs; the test is skipped without its packages."""
    server = SERVERS[name]()
    before = os.environ.get(server.variable)
    os.environ[server.variable] = server.address
    try:
        yield server
    finally:
        del os.environ[server.variable]
        if before is not None:
            os.environ[server.variable] = before
        server.stop()


def file_of(server: Server) -> ModuleType:
    """The file of its store."""
    return importlib.import_module(f"resight.stores.{server.name}")


def served(server: Server, gallery: str) -> list[Served]:
    """What it has of a gallery."""
    with file_of(server).connect() as asked:
        return asked.find(gallery)
