"""Photos that were uploaded, on the disk for a while: the one asked for longest ago goes first."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from resight.errors import StorageFailed
from resight.files import write_whole
from resight.serving.problems import Problem

LONGEST = 1000  # uploads, however small they are: each takes some memory, too


@dataclass(frozen=True)
class Upload:
    """One photo: its id is the SHA-256 of its bytes, width and height are those of it upright."""

    id: str
    size: int
    width: int
    height: int
    format: str
    warnings: tuple[str, ...] = ()


class Uploads:
    """A temporary folder of at most so many bytes; it goes with the service."""

    def __init__(self, most: int, folder: Path | None = None) -> None:
        self._most, self._lock = most, threading.Lock()
        self._folder = Path(tempfile.mkdtemp(prefix="resight-uploads-", dir=folder))
        self._known: OrderedDict[str, Upload] = OrderedDict()

    def add(self, data: bytes, width: int, height: int, warnings: tuple[str, ...]) -> Upload:
        """Keep a photo that was read; raises StorageFailed where the disk is full."""
        upload = Upload(identify(data), len(data), width, height, format_of(data), warnings)
        with self._lock:
            if upload.id not in self._known:
                self._make_room(len(data))
                try:
                    write_whole(self._folder / upload.id, [data])
                except OSError as error:
                    raise StorageFailed(
                        f"The upload could not be kept ({error.strerror}): make room on the disk."
                    ) from None
            self._known[upload.id] = upload
            self._known.move_to_end(upload.id)
        return upload

    def get(self, number: str) -> Upload:
        """What is known of an upload; raises Problem where it is not, or no longer."""
        with self._lock:
            if number not in self._known:
                raise Problem(404, "There is no such upload any more: upload the photo again.")
            self._known.move_to_end(number)
            return self._known[number]

    def content(self, number: str) -> bytes:
        """The bytes of an upload."""
        upload = self.get(number)
        try:
            return (self._folder / upload.id).read_bytes()
        except OSError:
            raise Problem(404, "There is no such upload any more: upload the photo again.") from None

    @property
    def bytes_kept(self) -> int:
        """Of all uploads together."""
        with self._lock:
            return sum(each.size for each in self._known.values())

    def close(self) -> None:
        """Delete them all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_room(self, size: int) -> None:
        kept = sum(each.size for each in self._known.values())
        while self._known and (kept + size > self._most or len(self._known) >= LONGEST):
            number, oldest = self._known.popitem(last=False)
            (self._folder / number).unlink(missing_ok=True)
            kept -= oldest.size


def identify(data: bytes) -> str:
    """The id of a photo: the SHA-256 of its bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


BEGINNINGS = {
    b"\xff\xd8": "jpeg", b"\x89PNG": "png", b"GIF8": "gif", b"BM": "bmp", b"II": "tiff", b"MM": "tiff",
    b"RIFF": "webp", b"\0\0\0\x0cjP": "jpeg 2000", b"\xff\x4f\xff\x51": "jpeg 2000", b"\xff\x0a": "jpeg xl",
    b"\0\0\0\x0cJXL": "jpeg xl", b"P": "ppm",
}  # fmt: skip


def format_of(data: bytes) -> str:
    """What to call the format of a photo that was read, by its first bytes."""
    if data[4:8] == b"ftyp":
        return "avif" if data[8:12] in (b"avif", b"avis") else "heic"
    return next((name for start, name in BEGINNINGS.items() if data.startswith(start)), "other")
