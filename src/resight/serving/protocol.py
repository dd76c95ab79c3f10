"""HTTP/1.1 as uvicorn speaks it with httptools, but no header may be too large or come too slowly."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from resight.serving.settings import Limits

TOO_LARGE = 431, "Request Header Fields Too Large", "The header of the request is too large."
TOO_SLOW = 408, "Request Timeout", "The header of the request comes too slowly."


def careful(limits: Limits) -> type[HttpToolsProtocol]:
    """The protocol with these limits; uvicorn makes one of it for each connection."""

    class Careful(Protocol):
        own = limits

    return Careful


class Protocol(HttpToolsProtocol):
    """One connection: its header is counted and timed from the first byte to the last."""

    own: Limits = Limits()

    def __init__(self, *values: Any, **more: Any) -> None:
        super().__init__(*values, **more)
        self._in_header, self._passed, self._bytes, self._refused = True, False, 0, False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Somebody has connected, and must say soon what is wanted."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is to be timed any more."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes of a header or a body."""
        if self._refused:
            return
        if self._in_header and self._timer is None:
            self._start_timer()
        self._passed = False
        super().data_received(data)
        if self._in_header and not self._passed:  # else these bytes were the end of a body, too
            self._bytes += len(data)
            if self._bytes > self.own.header_bytes:
                self._refuse(*TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The header is whole."""
        self._stop_timer()
        self._in_header, self._bytes = False, 0
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.own.header_bytes:
            self._refuse(*TOO_LARGE)
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some bytes of the body."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; the next byte begins another header."""
        self._in_header = self._passed = True
        if not self._refused:
            super().on_message_complete()

    def _refuse(self, status: int, phrase: str, detail: str) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        body = msgspec.json.encode(
            {"type": "about:blank", "title": phrase, "status": status, "detail": detail}
        )
        head = (
            f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.own.header_seconds, self._refuse, *TOO_SLOW)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
