"""How many requests a second one caller may make: a bucket each, which fills up again by itself."""

from __future__ import annotations

import math
from collections import OrderedDict

from resight.serving.problems import Problem

BURST = 4.0  # seconds' worth of requests at once
CALLERS = 4096  # buckets that are kept; who was not seen for longest has a full one anyway


class Rates:
    """`rate` requests a second for each caller; 0: any number."""

    def __init__(self, rate: float, burst: float = BURST) -> None:
        self._rate, self._most = rate, max(1.0, rate * burst)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def refuse_too_many(self, caller: str, now: float) -> None:
        """Take one request from a caller's bucket; raises Problem where it is empty."""
        if not self._rate:
            return
        left, then = self._buckets.pop(caller, (self._most, now))
        left = min(self._most, left + (now - then) * self._rate)
        self._buckets[caller] = (max(left - 1, 0.0) if left >= 1 else left, now)
        while len(self._buckets) > CALLERS:
            self._buckets.popitem(last=False)
        if left < 1:
            seconds = math.ceil((1 - left) / self._rate)
            raise Problem(429, "Too many requests: wait a moment.", {"Retry-After": str(seconds)})
