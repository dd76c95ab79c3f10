"""A Ray cluster, connected for as long as there is work for it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from resight.errors import ClusterUnavailable
from resight.patience import within

SECONDS = 4.0  # in which a cluster must answer


@contextlib.contextmanager
def cluster(where: str) -> Iterator[Any]:
    """Ray, connected: to an address, to `RAY_ADDRESS`, or to this machine's own cores.

    Nothing is reported to anybody, and signals stay ours.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise ClusterUnavailable("Ray is not installed: pip install 'resight[ray]'.") from None
    address = where if "://" in where else os.environ.get("RAY_ADDRESS", "local")
    with _our_signals():
        try:
            _must_answer(address)
            more: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **more)
        except (OSError, ImportError, RuntimeError, ValueError) as error:
            raise ClusterUnavailable(
                f"The Ray cluster {address} cannot be reached ({str(error).splitlines()[0]}): start it first."
            ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _must_answer(address: str) -> None:
    """Raise OSError where nobody listens at a `ray://` address: Ray itself would try for half a minute."""
    if address.startswith("ray://"):
        there = urlsplit(address)
        within(SECONDS, lambda: socket.create_connection((there.hostname or "", there.port or 10001)).close())


@contextlib.contextmanager
def _our_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself, which asks this process for an end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # signals belong to the main thread
            for number, handler in before.items():
                signal.signal(number, handler)
