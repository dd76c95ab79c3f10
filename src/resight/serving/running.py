"""Starts the service: the socket first, then what is needed to answer."""

from __future__ import annotations

import socket
from collections.abc import Callable

from resight.errors import BadSetting
from resight.serving.settings import Settings


def listen(settings: Settings) -> socket.socket:
    """A socket that takes connections from now on; raises BadSetting where the address is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as error:
        raise BadSetting(
            f"Nothing can listen on {settings.host}, port {settings.port} ({error.strerror}): "
            "name another with --port or --host."
        ) from None


def run(settings: Settings, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until an end is asked for; `ready` is called when requests are answered."""
    import uvicorn

    from resight.serving.application import make_application
    from resight.serving.protocol import careful
    from resight.serving.service import Service

    application = make_application(Service(settings))
    config = uvicorn.Config(
        application, http=careful(settings.limits), ws="none", proxy_headers=True,
        log_level="warning", access_log=False, server_header=False, date_header=False,
        limit_concurrency=settings.limits.connections, timeout_keep_alive=30, timeout_graceful_shutdown=10,
    )  # fmt: skip
    server = uvicorn.Server(config)
    ready()
    server.run(sockets=[listening])
