"""Downloads one file over HTTP so that it can be stopped anywhere and goes on from there.

What has come lies in `FILE.part`, and in `FILE.part.of` the address and the server's mark of the version
(ETag, else Last-Modified): a part of another version is not continued but begun anew.
"""

from __future__ import annotations

import http
import http.client
import json
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from resight.errors import FetchFailed, NotReached
from resight.patience import within

TIMEOUT = 9.0  # seconds without a byte, the first one included
TRIES = 4  # connections that end early one after the other without a byte more
PAUSE = 1.0  # seconds before another connection
BLOCK = 1 << 18
HANDLERS = (
    urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler,
    urllib.request.HTTPRedirectHandler, urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPErrorProcessor, urllib.request.UnknownHandler,
)  # fmt: skip  # no file: and ftp: addresses, not even by a redirection

Begin = Callable[[int, "int | None"], None]
Seen = Callable[[int], None]


def download(url: str, path: Path, begin: Begin, seen: Seen) -> None:
    """Write the file at `url` to `path`, under this name only when it is whole and on the disk.

    `begin(had, total)` is told where each connection starts, in bytes, `seen(bytes)` what comes; what `seen`
    raises stops the download, which goes on at the next call. FetchFailed says what else stopped it.
    """
    if not url.startswith(("http://", "https://")):
        raise FetchFailed(
            f"{url} must be fetched by hand, as it is no address of http or https: lay it at {path}, and the "
            "same command goes on."
        )
    _refuse_socks(url)
    part = path.with_name(f"{path.name}.part")
    tries, had = 0, _size(part)
    while why := _attempt(url, part, begin, seen):
        tries = 1 if _size(part) > had else tries + 1
        if tries == TRIES:
            raise FetchFailed(f"{url} stopped at {_size(part):,} bytes: {why}; the same command goes on.")
        had = _size(part)
        time.sleep(PAUSE)
    _sync(part)
    os.replace(part, path)
    _of(part).unlink(missing_ok=True)
    _sync(path.parent)


def _attempt(url: str, part: Path, begin: Begin, seen: Seen) -> str:
    """One connection: "" if the file is whole after it, else why it ended; FetchFailed if no other helps."""
    try:
        return "" if _receive(url, part, begin, seen) else "the connection ended early"
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise NotReached(_unreachable(url, "the proxy asks for a name and a password")) from None
        raise FetchFailed(_refusal(url, error.code, error.reason)) from None
    except urllib.error.URLError as error:
        why = getattr(error.reason, "strerror", None) or error.reason
        raise NotReached(_unreachable(url, why)) from None
    except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        return str(error) or type(error).__name__
    except OSError as error:
        raise FetchFailed(f"{part} cannot be written: {error.strerror}; the same command goes on.") from None


def _receive(url: str, part: Path, begin: Begin, seen: Seen) -> bool:
    """Whether the file is whole after this connection."""
    version = _version(url, part)
    had = _size(part) if version else 0
    response = _request(url, had, version)
    if response is None:
        return True
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            had = 0
        elif not _continues(response, had, version):
            _of(part).unlink()
            return False
        length = response.headers.get("Content-Length")
        total = had + int(length) if length and length.isdecimal() else None
        _must_fit(part, total, had)
        with part.open("r+b" if had else "wb") as file:
            if not had:  # after the old bytes are gone: they are not of this version
                _keep_version(url, part, response)
            file.seek(had)
            begin(had, total)
            while block := response.read1(BLOCK):
                file.write(block)
                seen(len(block))
    return total is None or _size(part) == total


def _request(url: str, had: int, version: str) -> Any:
    """The answer of the server; None where it says that the part is the whole already."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "resight"}
    if had:
        headers |= {"Range": f"bytes={had}-", "If-Range": version}
    opener = urllib.request.OpenerDirector()
    for handler in HANDLERS:
        opener.add_handler(handler())
    request = urllib.request.Request(url, headers=headers)
    try:
        return within(TIMEOUT, lambda: opener.open(request, timeout=TIMEOUT))
    except TimeoutError as error:
        if had:
            raise
        raise NotReached(_unreachable(url, error)) from None
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not had:
            raise
        error.close()
        whole = error.headers.get("Content-Range") == f"bytes */{had}"
        return None if whole else _request(url, 0, "")


def _continues(response: Any, had: int, version: str) -> bool:
    """Whether a partial answer begins where the part ends, and is of the same version."""
    says = _mark(response)
    begins = str(response.headers.get("Content-Range", "")).startswith(f"bytes {had}-")
    return begins and says in ("", version)


def _mark(response: Any) -> str:
    """What tells this version from others; weak ETags do not."""
    tag = str(response.headers.get("ETag", ""))
    return tag if tag and not tag.startswith("W/") else str(response.headers.get("Last-Modified", ""))


def _version(url: str, part: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(_of(part).read_text(encoding="utf8"))
        if kept["url"] == url:
            return str(kept["version"])
    return ""


def _keep_version(url: str, part: Path, response: Any) -> None:
    _of(part).write_text(json.dumps({"url": url, "version": _mark(response)}), encoding="utf8")


def _must_fit(part: Path, total: int | None, had: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if total is not None and total - had > free:
        raise FetchFailed(f"{part} needs {total - had:,} more bytes, and the disk has {free:,}.")


def _refuse_socks(url: str) -> None:
    """Raise NotReached for a proxy whose protocol Python's own library takes for another."""
    address = urlsplit(url)
    proxy = urllib.request.getproxies().get(address.scheme, "")
    if proxy.lower().startswith("socks") and not urllib.request.proxy_bypass(address.hostname or ""):
        raise NotReached(
            f"{url} cannot be reached: the proxy in {address.scheme.upper()}_PROXY is one of SOCKS; name one "
            "of HTTP there."
        )


def _unreachable(url: str, why: object) -> str:
    return f"{url} cannot be reached: {why}; is there a network?"


def _refusal(url: str, code: int, reason: str) -> str:
    if code in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE):
        return f"{url} is not there any more ({code}): look for its makers' new address."
    return f"{url} answered {code} {reason}; try later."


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _of(part: Path) -> Path:
    return part.with_name(f"{part.name}.of")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
