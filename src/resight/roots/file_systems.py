"""The fsspec file system of an address, opened once in a process; its package finds credentials by itself."""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

from resight.errors import AddressUnavailable

_opening = threading.Lock()


def open_files(address: str) -> tuple[Any, str]:
    """The fsspec file system of an address, one a process for all threads, and the path in it.

    Raises AddressUnavailable where a package is missing or the kind of address is unknown.
    """
    with _opening:
        return _open_files(address, os.getpid())


@functools.lru_cache(maxsize=64)
def _open_files(address: str, process: int) -> tuple[Any, str]:
    kind = address.partition("://")[0]
    try:
        from fsspec.core import url_to_fs

        files, path = url_to_fs(address)
    except ImportError:
        named = f"for {kind}:// fsspec and its package for it, such as s3fs or gcsfs"
        raise AddressUnavailable(
            f"Photos at {address} need another package ({named}): pip install 'resight[objects]' brings s3://."
        ) from None
    except ValueError:
        raise AddressUnavailable(
            f"fsspec knows no addresses of the kind {kind}://, as in {address}."
        ) from None
    return files, str(path).rstrip("/")
