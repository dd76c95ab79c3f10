"""The body of a request as it comes in: not more than was allowed, and not slower."""

from __future__ import annotations

import asyncio
import time

from starlette.types import Message, Receive

from resight.serving.problems import Problem
from resight.serving.settings import Limits

DRAINED = 8 << 20  # bytes of a refused body that are read and thrown away


class Body:
    """Wraps `receive`: raises Problem for a body that is too large, or too slow."""

    def __init__(self, receive: Receive, most: int, limits: Limits) -> None:
        self._receive, self._most, self._limits = receive, most, limits
        self._length, self._done = 0, False
        self._until = time.monotonic() + limits.request_seconds
        self.is_broken = False

    async def receive(self) -> Message:
        """The next piece; once the body is whole, what the server says waits as long as it likes."""
        if self._done:
            return await self._receive()
        seconds = min(self._limits.body_seconds, self._until - time.monotonic())
        try:
            async with asyncio.timeout(seconds):
                message = await self._receive()
        except TimeoutError:
            self.is_broken = True
            raise Problem(408, "The body comes too slowly: send it again.") from None
        self._length += len(message.get("body", b""))
        if self._length > self._most:
            self.is_broken = True
            limit = f"{self._most / (1 << 20):g} MiB"
            raise Problem(
                413, f"The body is over the limit of {limit}: send a smaller photo.", limit=self._most
            )
        self._done = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Throw away some of what comes."""
        length = 0
        while length < DRAINED:
            message = await self._receive()
            length += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return
