"""Which photos belong to which shard, by a rule that stays the same while photos come and go."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from resight.errors import BadSetting


@dataclass(frozen=True)
class Shard:
    """The shard `number`, from 1 on, `of` so many.

    A photo's shard follows from a hash of its relative path: every machine finds it from a listing alone. A
    hash of the contents would put copies together, but each machine would have to read every photo for it.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise BadSetting(f"A shard is 1 to N of N, such as 2/8, not {self.number}/{self.of}.")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `"2/8"`, as the command takes it."""
        try:
            number, of = map(int, text.split("/"))
        except ValueError:
            raise BadSetting(f"A shard is two numbers such as 2/8, not '{text}'.") from None
        return cls(number, of)

    @property
    def name(self) -> str:
        """As the name of a folder."""
        return f"{self.number}-of-{self.of}"

    def holds(self, relative: str) -> bool:
        """Whether a photo belongs to it."""
        return number_of(relative, self.of) == self.number


def number_of(relative: str, shards: int) -> int:
    """The number of a photo's shard, from 1 on.

    The sample of a fit has the smallest hashes. A shard looks at other bytes of them, so shards stay alike in
    size when the sample is described already.
    """
    digest = hashlib.sha256(os.fsencode(relative)).digest()
    return 1 + int.from_bytes(digest[16:24], "big") % shards
