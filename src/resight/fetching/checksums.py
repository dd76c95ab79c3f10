"""Whether a file is what it should be: by its makers' checksum, else by the one first seen."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from resight.errors import FetchFailed
from resight.fetching.sources import Source
from resight.files import write_whole

RECORD = "checksums.txt"
BLOCK = 1 << 20


def verify(path: Path, source: Source, root: Path, seen: Callable[[int], None]) -> str:
    """Return the checksum as `kind:hexadecimal`; a file that has another one is put aside as `.wrong`.

    A file without a published checksum is compared with `checksums.txt` in `root`, or recorded there, in the
    form of sha256sum. `seen` is told of bytes as they are read; FetchFailed if the file was put aside.
    """
    known = _recorded(root)
    published = source.sha256 or source.md5
    kind = "md5" if source.md5 and not source.sha256 else "sha256"
    expected = (published or known.get(source.file, "")).lower()
    found = _digest(path, kind, seen)
    if not expected:
        _record(root, known | {source.file: found})
    elif found != expected:
        wrong = root / f"{source.file}.wrong"
        os.replace(path, wrong)
        whose = "of its makers" if published else f"of {RECORD}"
        else_do = "" if published else f", or take its line out of {RECORD} if its makers have changed it"
        raise FetchFailed(
            f"{source.file} has the {kind} {found}, not the {expected} {whose}; it was put aside as "
            f"{wrong}: fetch it again{else_do}."
        )
    return f"{kind}:{found}"


def _digest(path: Path, kind: str, seen: Callable[[int], None]) -> str:
    digest = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            seen(len(block))
    return digest.hexdigest()


def _recorded(root: Path) -> dict[str, str]:
    try:
        text = (root / RECORD).read_text(encoding="utf8")
    except FileNotFoundError:
        return {}
    parts = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in parts if name}


def _record(root: Path, known: dict[str, str]) -> None:
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(known.items()))
    write_whole(root / RECORD, [text.encode("utf8")], sync=os.fsync)
