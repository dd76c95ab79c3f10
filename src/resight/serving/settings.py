"""What a service is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from resight.processors import processors

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Limits:
    """Of what a stranger may send, and of what the service keeps for it.

    `upload_bytes` of one photo, `upload_pixels` of its pixels, `decoder_bytes` of memory and
    `decoder_seconds` for decoding one, `body_bytes` of any other request, `header_bytes` of its header,
    `header_seconds` until that is whole, `body_seconds` between two pieces of a body and `request_seconds`
    for all of it, `cache_bytes` of uploads kept on the disk and `picture_bytes` of small pictures in memory,
    `waiting` requests in line, `connections` at once, `rate` requests a second of one token (0: any number).
    """

    upload_bytes: int = 64 << 20
    upload_pixels: int = 100_000_000
    decoder_bytes: int = 3 << 30
    decoder_seconds: float = 20.0
    body_bytes: int = 1 << 20
    header_bytes: int = 16 << 10
    header_seconds: float = 10.0
    body_seconds: float = 15.0
    request_seconds: float = 120.0
    cache_bytes: int = 1 << 30
    picture_bytes: int = 64 << 20
    waiting: int = 64
    connections: int = 1000
    rate: float = 0.0


@dataclass(frozen=True)
class Settings:
    """Which galleries are served, where, and to whom.

    `tokens` are needed by every request where there are any. `names` are further names that a request may
    call this host by. `marks` is the file of marks; None: one in each gallery, where it is `writable`.
    """

    galleries: tuple[Path, ...]
    host: str = "127.0.0.1"
    port: int = 8000
    writable: bool = False
    marks: Path | None = None
    tokens: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    engine: str = "auto"
    workers: int = field(default_factory=processors)
    limits: Limits = Limits()

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in LOOPBACK

    @property
    def hosts(self) -> frozenset[str]:
        """The names by which a request may call this host, in lower case, without a port."""
        own = {name.lower() for name in (*LOOPBACK, *self.names)}
        return frozenset(own if self.host in ("0.0.0.0", "::") else own | {self.host.lower()})
