"""Photos decoded by other processes, which are killed when they take too long."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import IO, Any, cast

import numpy as np

from resight.errors import BadImage
from resight.images import Photo
from resight.serving.settings import Limits

KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT")
HEADER = 4096  # bytes; no answer's first line is longer
DIED = "its decoder gave up: the photo needs too much memory, or is broken"


@dataclass(frozen=True)
class Picture:
    """A JPEG, and the width, height and warnings of the upright photo that it shows."""

    jpeg: bytes
    width: int
    height: int
    warnings: tuple[str, ...] = ()


class Decoders:
    """So many processes, each of which decodes one photo at a time; one that dies is started again."""

    def __init__(self, count: int, limits: Limits) -> None:
        self._limits = limits
        self._idle: queue.Queue[_Decoder] = queue.Queue()
        self._all = [_Decoder(limits) for _ in range(count)]
        for each in self._all:
            self._idle.put(each)

    def start(self) -> None:
        """Start those that do not run: the first photo need not wait for it."""
        for each in self._all:
            each.start()

    def picture(
        self,
        data: bytes,
        side: int,
        pixel_limit: int,
        turn: int = 0,
        box: tuple[float, float, float, float] | None = None,
    ) -> Picture:
        """A photo, or a box in it (left, top, width, height), at most `side` pixels wide and high.

        Raises BadImage, and BadQuery for a box outside.
        """
        told, body = self._ask(
            data, {"work": "picture", "side": side, "pixels": pixel_limit, "turn": turn, "box": box}
        )
        return Picture(bytes(body), told["width"], told["height"], tuple(told["warnings"]))

    def photo(self, data: bytes, enough: Any, pixel_limit: int, turn: int = 0) -> Photo:
        """A photo's pixels: `enough` is "all", "points", or views of a recipe as the codec writes them."""
        told, body = self._ask(
            data, {"work": "pixels", "enough": enough, "pixels": pixel_limit, "turn": turn}
        )
        height, width, _ = told["shape"]
        pixels = np.frombuffer(body, np.uint8).reshape(height, width, 3)
        return Photo(pixels, told["width"], told["height"], tuple(told["warnings"]))

    def close(self) -> None:
        """End all of them."""
        for each in self._all:
            each.end()

    def _ask(self, data: bytes, wanted: dict[str, Any]) -> tuple[dict[str, Any], bytearray]:
        decoder = self._idle.get()
        try:
            told, body = decoder.ask(data, wanted)
        finally:
            self._idle.put(decoder)
        if "refused" in told:
            raise BadImage(told["refused"])
        return told, body


class _Decoder:
    """One process, and the pipes to it."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._lock = limits, threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """The process, started unless it runs."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [sys.executable, "-B", "-m", "resight.serving.decoder", str(self._limits.decoder_bytes)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    env={key: os.environ[key] for key in KEPT if key in os.environ} | ONE_THREAD,
                    start_new_session=True,
                )  # fmt: skip
            return self._process

    def ask(self, data: bytes, wanted: dict[str, Any]) -> tuple[dict[str, Any], bytearray]:
        """One request and its answer; raises BadImage where the process dies of it, or is killed."""
        process = self.start()
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._limits.decoder_seconds, kill)
        timer.start()
        try:
            return self._exchanged(process, data, wanted)
        except (OSError, EOFError, ValueError, KeyError):
            _end(process)
            why = (
                f"it takes longer than {self._limits.decoder_seconds:g} s to decode"
                if late.is_set()
                else DIED
            )
            raise BadImage(why) from None
        finally:
            timer.cancel()

    def _exchanged(
        self, process: subprocess.Popen[bytes], data: bytes, wanted: dict[str, Any]
    ) -> tuple[dict[str, Any], bytearray]:
        outgoing, incoming = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        outgoing.write(json.dumps(wanted | {"bytes": len(data)}).encode() + b"\n")
        outgoing.write(data)
        outgoing.flush()
        told = json.loads(incoming.readline(HEADER))
        body = bytearray(_checked_length(told, wanted))
        view = memoryview(body)
        while view:
            count = incoming.readinto(view)  # type: ignore[attr-defined]
            if not count:
                raise EOFError
            view = view[count:]
        return told, body

    def end(self) -> None:
        """End the process."""
        with self._lock:
            if self._process is not None:
                _end(self._process)


ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # what a dead process did not read
            cast(IO[bytes], pipe).close()


def _checked_length(told: dict[str, Any], wanted: dict[str, Any]) -> int:
    """How many bytes follow; ValueError for more than can be meant."""
    length, most = int(told["bytes"]), 3 * int(wanted["pixels"])
    if not 0 <= length <= most:
        raise ValueError(length)
    return length
