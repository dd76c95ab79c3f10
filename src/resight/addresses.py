"""Addresses of places in object storage, such as `s3://bucket/prefix`: what is one, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeGuard

from resight.errors import BadQuery

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*(::[a-z][a-z0-9+.-]*)*://", re.IGNORECASE)
OWN = ("file", "local")


def is_address(place: object) -> TypeGuard[str]:
    """Whether a text is an address, and no path."""
    return isinstance(place, str) and ADDRESS.match(place) is not None


def checked(address: str) -> str:
    """An address without its last slash; raises BadQuery, which never says what may be a password."""
    protocol, _, rest = address.partition("://")
    server = rest.partition("/")[0]
    if ":" in server.rpartition("@")[0] or (protocol.startswith("http") and "?" in rest):
        raise BadQuery(
            f"A password in an address ({protocol}://...) would be kept in the gallery: leave it out, and "
            "let the library find it in its own ways."
        )
    if "::" in protocol:
        raise BadQuery(
            f"'{address}' is a chain of addresses: name the place itself, such as s3://bucket/prefix."
        )
    if protocol.lower() in OWN:
        raise BadQuery(f"'{address}' is on this machine: name it by its path, {rest}.")
    if not rest.strip("/"):
        raise BadQuery(f"'{address}' names no bucket: name one, such as s3://bucket/prefix.")
    return address.rstrip("/")


def folder_of(place: Path | str, what: str) -> Path:
    """A path where no address will do; raises BadQuery for one. `what` is what lies there."""
    if is_address(place):
        raise BadQuery(f"{what} lies in a folder of this machine, not at an address ({checked(place)}).")
    return Path(place)
