"""Fetches the files of a data set: download, checksum, unpack; each can be stopped, and goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from resight.errors import FetchFailed, NotReached
from resight.fetching.checksums import verify
from resight.fetching.downloading import download
from resight.fetching.sources import Source
from resight.fetching.unpacking import is_archive, unpack
from resight.progress import Progress, Stopped

MEGABYTE = 1_000_000


def state(source: Source, root: Path) -> str:
    """`here`, `unpacked`, `begun` or `missing`; nothing is read for it."""
    path = root / source.file
    if _marker(path).exists():
        return "unpacked"
    if path.exists():
        return "here"
    return "begun" if (path.parent / f"{path.name}.part").exists() else "missing"


def fetch(sources: Iterable[Source], root: Path, progress: Progress) -> list[FetchFailed]:
    """Bring each source that has an address into `root`; the errors of those that failed.

    A file that is there, laid there by hand perhaps, is not fetched, but compared with its checksum. An
    archive is unpacked into the folder that it lies in, and may be deleted after that: `FILE.unpacked` says
    that it was. A step of the progress is a megabyte. Raises Stopped if `progress.stopping()`, which is asked
    for every block: what has come stays. Raises FetchFailed if another process is fetching.
    """
    from filelock import FileLock, Timeout

    failed: list[FetchFailed] = []
    silent: Counter[str] = Counter()  # hosts that cannot be reached, and how many files were not asked for
    root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(root / ".fetching.lock", timeout=0):
            for source in sources:
                host = urlsplit(source.url).netloc
                try:
                    if host in silent and state(source, root) in ("missing", "begun"):
                        silent[host] += 1
                    elif source.url or (root / source.file).is_file():
                        _fetch(source, root, progress)
                except FetchFailed as error:
                    progress.say(str(error))
                    failed.append(error)
                    silent.update({host: 0} if isinstance(error, NotReached) else {})
    except Timeout:
        raise FetchFailed(f"Another process is fetching into {root}.") from None
    for host, count in silent.items():
        if count:
            progress.say(f"{count} more files of {host} were not tried.")
    return failed


def _fetch(source: Source, root: Path, progress: Progress) -> None:
    path = root / source.file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            if _marker(path).exists():
                return
            download(source.url, path, _begin(source, progress), _steps(progress))
        progress.start(f"checking {source.file} (MB)", path.stat().st_size // MEGABYTE or None)
        digest = verify(path, source, root, _steps(progress))
        if is_archive(path.name) and not _is_unpacked(path, digest):
            stage = f"unpacking {source.file} (MB)"
            count = unpack(
                path,
                path.parent,
                lambda size: progress.start(stage, size // MEGABYTE or None),
                _steps(progress),
            )
            _marker(path).write_text(digest, encoding="utf8")
            progress.say(f"{source.file} is unpacked: {count} files.")
    except OSError as error:
        raise FetchFailed(f"{error.filename or path}: {error.strerror or error}.") from None


def _begin(source: Source, progress: Progress) -> Callable[[int, int | None], None]:
    def begin(had: int, total: int | None) -> None:
        if had:
            progress.say(f"{source.file} goes on after {had // MEGABYTE} MB.")
        progress.start(f"{source.file} (MB)", (total - had) // MEGABYTE or None if total else None)

    return begin


def _steps(progress: Progress) -> Callable[[int], None]:
    """Tells of bytes in whole megabytes, and stops where that is asked for."""
    rest = 0

    def seen(count: int) -> None:
        nonlocal rest
        if progress.stopping():
            raise Stopped
        rest += count
        while rest >= MEGABYTE:
            rest -= MEGABYTE
            progress.step()

    return seen


def _marker(path: Path) -> Path:
    return path.parent / f"{path.name}.unpacked"  # with_name wants a name, and the folder "." has none


def _is_unpacked(path: Path, digest: str) -> bool:
    return _marker(path).exists() and _marker(path).read_text(encoding="utf8") == digest
