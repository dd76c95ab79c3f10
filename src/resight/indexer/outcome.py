"""What reading one file came to: its content, and what it was described as; what is wrong becomes words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from resight import images
from resight.describing.describer import Describer
from resight.describing.shared_pixels import serves
from resight.errors import BadImage
from resight.gallery.records import file_state
from resight.images import Photo, budget
from resight.images.photo import spell_warning
from resight.indexer.local import extracted
from resight.ranking import LocalFeatures
from resight.types import Descriptor, Prepared


@dataclass(frozen=True)
class Outcome:
    """One file, read: its content, and what it was described as unless the gallery has that content."""

    relative: str
    turn: int = 0
    size: int = 0
    mtime_ns: int = 0
    sha256: bytes = b""
    shape: tuple[int, int] = (0, 0)
    prepared: Prepared | None = None
    descriptor: Descriptor | None = None
    local: LocalFeatures | None = None
    failure: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reader:
    """Reads files; safe to call from several threads.

    `known(sha256, turn)` is the image that the gallery has of a content, `turns` degrees clockwise by which
    files are turned, `variants` how many synthetic views of a photo are made, where what was prepared is kept
    for a fit, None where it is not; `local` says whether local features are stored, `pixel_limit` how many
    pixels a photo may have, `strict` whether a photo with a warning is refused.
    """

    root: Path
    describer: Describer
    known: Callable[[bytes, int], int | None]
    turns: Mapping[str, int]
    variants: int | None
    local: bool
    pixel_limit: int
    strict: bool = False

    def __call__(self, relative: str) -> Outcome:
        """Read one file, and describe it unless its content is known."""
        with budget.SHARED.hold():
            return self._read(relative)

    def _read(self, relative: str) -> Outcome:
        path, describer = self.root / relative, self.describer
        read = Outcome(relative, self.turns.get(relative, 0))
        try:
            size, mtime_ns = file_state(path.stat())
            read = replace(read, size=size, mtime_ns=mtime_ns)
            data = images.content(path)
            read = replace(read, sha256=hashlib.sha256(data).digest())
            if self.known(read.sha256, read.turn) is not None:
                return read
            photo = describer.read(data, read.turn, self.pixel_limit)
            if self.strict and photo.warnings:
                raise BadImage(f"refused, since it is {' and '.join(map(spell_warning, photo.warnings))}")
            prepared = describer.prepare(photo, variants=self.variants or 0, seed=tuple(read.sha256))
        except BadImage as error:
            return replace(read, failure=str(error))
        except (RuntimeError, MemoryError) as error:  # a photo too small for a network's layers, or too large
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            return replace(read, failure=f"the network cannot describe it: {first[:200]}")
        except (
            OSError
        ) as error:  # not the photo's fault, so it is tried again next time: no time of change fits
            return replace(read, mtime_ns=-1, failure=f"cannot be read: {error.strerror}")
        return replace(
            read,
            shape=(photo.width, photo.height),
            prepared=None if self.variants is None else prepared,
            descriptor=describer.finish(prepared) if describer.is_fitted else None,
            local=self._local(data, read.turn, photo) if self.local else None,
            warnings=photo.warnings,
        )

    def _local(self, data: bytes, turn: int, photo: Photo) -> LocalFeatures | None:
        own = photo if serves(data, photo, self.describer.recipe.views) else None
        return extracted(data, turn, self.pixel_limit, own)
