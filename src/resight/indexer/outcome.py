"""What reading one file came to: its content, and what it was described as; what is wrong becomes words."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from resight.describing.describer import Describer
from resight.describing.seeing import Look
from resight.describing.shared_pixels import serves
from resight.errors import BadImage
from resight.images import Photo, budget
from resight.images.photo import spell_warning
from resight.indexer.listed import Listed
from resight.indexer.local import extracted
from resight.ranking import LocalFeatures
from resight.roots import Found, Root, State
from resight.types import Descriptor, Prepared


@dataclass(frozen=True)
class FileState:
    """A file as it was read: its relative path, bytes and time of change, and why it failed, if it did."""

    relative: str
    size: int = 0
    mtime_ns: int = 0
    failure: str | None = None


@dataclass(frozen=True, eq=False)
class Described:
    """A content, and what it was described as: nothing where the gallery has that content already."""

    sha256: bytes = b""
    turn: int = 0
    shape: tuple[int, int] = (0, 0)
    warnings: tuple[str, ...] = ()
    local: LocalFeatures | None = None
    prepared: Prepared | None = None
    descriptor: Descriptor | None = None


Outcome = tuple[FileState, Described]


@dataclass(frozen=True, eq=False)
class Decoded:
    """A file that was read, and its photo ready for the networks; None where it needs them no more."""

    file: FileState
    content: Described
    look: Look | None = None

    @property
    def shape(self) -> tuple[tuple[int, ...], ...] | None:
        """Photos that agree in it are described together."""
        return self.look.shape if self.look else None

    @property
    def nbytes(self) -> int:
        """Bytes of its pixels, while it waits for others of its shape."""
        return self.look.nbytes if self.look else 0


@dataclass(frozen=True)
class Reader:
    """Reads files; safe to call from several threads.

    `known(sha256, turn)` is the image that the gallery has of a content, `turns` degrees clockwise by which
    files are turned, `variants` how many synthetic views of a photo are made, where what was prepared is kept
    for a fit, None where it is not; `local` says whether local features are stored, `pixel_limit` how many
    pixels a photo may have, `strict` whether a photo with a warning is refused. `listed` gives the states of
    objects, to the thread that reads the catalogue alone; None for files.
    """

    root: Root
    describer: Describer
    known: Callable[[bytes, int], int | None]
    turns: Mapping[str, int]
    variants: int | None
    local: bool
    pixel_limit: int
    strict: bool = False
    listed: Callable[[str], State] | None = None

    def coming(self, paths: Iterable[str]) -> Iterable[str]:
        """The same paths, whose contents are read ahead where they were listed: objects, and not files."""
        listed = self.listed
        return self.root.coming(paths, lambda path: (path, listed(path))) if listed else paths

    def found(self, paths: Iterable[str]) -> tuple[Found, ...]:
        """Paths with their states; without those that are not there any more."""
        listed = self.listed
        return tuple((path, *listed(path)) for path in paths) if listed else tuple(Listed(self.root, paths))

    def __call__(self, relative: str) -> Outcome:
        """Read one file, and describe it unless its content is known."""
        with budget.SHARED.hold():
            return self.describe([self._decode(relative)])()[0]

    def decode(self, relative: str) -> Decoded:
        """Read one file, and make it ready to be described with others, unless its content is known."""
        with budget.SHARED.hold():
            return self._decode(relative)

    def describe(self, read: Sequence[Decoded]) -> Callable[[], list[Outcome]]:
        """Photos of one shape through the networks together; what comes back waits for what they came to.

        Where that fails, it is tried with half of them, until one alone says why.
        """
        if read[0].look is None:
            return lambda: [(each.file, each.content) for each in read]
        try:
            waiting = self._begin(read)
        except (BadImage, RuntimeError, MemoryError) as error:
            return functools.partial(self._in_halves, read, _words(error))

        def outcomes() -> list[Outcome]:
            try:
                contents = waiting()
            except (BadImage, RuntimeError, MemoryError) as error:
                return self._in_halves(read, _words(error))
            return [(each.file, content) for each, content in zip(read, contents, strict=True)]

        return outcomes

    def _decode(self, relative: str) -> Decoded:
        root, describer = self.root, self.describer
        file, content = FileState(relative), Described(turn=self.turns.get(relative, 0))
        try:
            file = FileState(relative, *root.state(relative))
            data = root.content(relative)
            content = replace(content, sha256=hashlib.sha256(data).digest())
            if self.known(content.sha256, content.turn) is not None:
                return Decoded(file, content)
            photo = describer.read(data, content.turn, self.pixel_limit)
            if self.strict and photo.warnings:
                raise BadImage(f"refused, since it is {' and '.join(map(spell_warning, photo.warnings))}")
            look = describer.look(photo, variants=self.variants, seed=tuple(content.sha256))
        except (BadImage, RuntimeError, MemoryError) as error:
            return Decoded(replace(file, failure=_words(error)), content)
        except (
            OSError
        ) as error:  # not the photo's fault, so it is tried again next time: no time of change fits
            return Decoded(replace(file, mtime_ns=-1, failure=f"cannot be read: {error.strerror}"), content)
        local = self._local(data, content.turn, photo) if self.local else None
        shape = photo.width, photo.height
        return Decoded(file, replace(content, shape=shape, warnings=photo.warnings, local=local), look)

    def _begin(self, read: Sequence[Decoded]) -> Callable[[], list[Described]]:
        describer, looks = self.describer, [each.look for each in read if each.look]
        contents = [each.content for each in read]
        if self.variants is None and describer.is_fitted:
            descriptors = describer.describe_all(looks)
            return lambda: [replace(c, descriptor=d) for c, d in zip(contents, descriptors(), strict=True)]
        waiting = describer.prepare_all(looks)

        def described() -> list[Described]:
            found = []
            for content, prepared in zip(contents, waiting(), strict=True):
                descriptor = describer.finish(prepared) if describer.is_fitted else None
                kept = None if self.variants is None else prepared
                found.append(replace(content, prepared=kept, descriptor=descriptor))
            return found

        return described

    def _in_halves(self, read: Sequence[Decoded], why: str) -> list[Outcome]:
        if len(read) == 1:
            return [(replace(read[0].file, failure=why), read[0].content)]
        half = len(read) // 2
        return [*self.describe(read[:half])(), *self.describe(read[half:])()]

    def _local(self, data: bytes, turn: int, photo: Photo) -> LocalFeatures | None:
        own = photo if serves(data, photo, self.describer.recipe.views) else None
        return extracted(data, turn, self.pixel_limit, own)


def _words(error: Exception) -> str:
    if isinstance(error, BadImage):
        return str(error)
    # A photo too small for a network's layers, or too large.
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"the network cannot describe it: {first[:200]}"
