"""Reading a gallery: any number of readers beside one writer, each following it step by step."""

from __future__ import annotations

import functools
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from resight.errors import DescribedOtherwise, GalleryError
from resight.gallery import catalogue, parameters
from resight.gallery.kept import Kept
from resight.gallery.local import LocalReader
from resight.gallery.rows import Rows
from resight.gallery.snapshots import Snapshots
from resight.gallery.stored import Generation, StoredImage, vectors_name
from resight.gallery.vectors import CutShort, is_whole, mapped
from resight.gallery.warned import Warned
from resight.images import EARLIER_PATHS, PIXEL_LIMIT, PIXEL_PATH
from resight.methods import Parameters
from resight.recipe import NO_PARAMETERS, PRECISION, Recipe, fingerprint


class Gallery:
    """A gallery opened for reading; `refresh` follows what its writer has committed since.

    Any number of threads may ask one that is open, each by its own `snapshot`.
    """

    _frozen: tuple[int, int] | None = None

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._let_threads_in()
        self._open_to_read()

    def _let_threads_in(self) -> None:
        self._turn = threading.RLock()  # of the thread for which this reader is at rest
        self._others = Snapshots(lambda: Gallery(self.folder))

    def _open_to_read(self) -> None:
        connection = catalogue.open_to_read(self.folder)
        self._frozen = catalogue.frozen(self.folder)
        self._start(connection, must_exist=True)

    def _start(self, connection: sqlite3.Connection, must_exist: bool) -> None:
        self.connection = connection
        self._dead_until = 0
        self._live: Generation | None = None
        self._fingerprints: dict[str | None, str] = {}
        self.rows, self.kept, self.local_features = Rows(self), Kept(self), LocalReader(self)
        self.warnings = Warned(self)
        self.dead: list[tuple[int, int]] = []
        self.vectors: NDArray[np.float32] = np.empty((0, 1), dtype=np.float32)
        self.derived: dict[str, Any] = {}  # what callers worked out of the rows; forgotten when these change
        try:
            if must_exist:
                catalogue.must_be_begun(connection, self.folder)
            self.refresh()
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Give the catalogue back; a search that is under way in another thread is waited for."""
        self._others.close()
        with self._turn:
            self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise catalogue.unreadable(self.folder, error) from error

    def refresh(self) -> None:
        """Map the rows committed by now; only what is new is read, but after a refit or a compaction."""
        with self.at_rest(damaged=True):
            pass

    @contextmanager
    def snapshot(self) -> Iterator[Gallery]:
        """A reader at rest, for this thread alone: this one, or another where a thread has this one.

        What it says does not change while the context lasts. Use no other reader inside.
        """
        if not self._turn.acquire(blocking=False):
            with self._others.lend() as other:
                yield other
            return
        try:
            with self.at_rest():
                yield self
        finally:
            self._turn.release()

    @contextmanager
    def at_rest(self, damaged: bool = False) -> Iterator[None]:
        """Refresh, and let nothing change while the context lasts: vectors and catalogue stay one.

        Raises GalleryError where bytes are missing; with `damaged`, `vectors` are those that are there.
        Another thread that asks for the same waits; a thread that has it already just goes on.
        """
        with self._turn:
            self._others.must_be_open()
            if self.connection.in_transaction:
                yield
                return
            try:
                self._begin(damaged)
                yield
            except sqlite3.DatabaseError as error:
                raise catalogue.unreadable(self.folder, error) from error
            finally:
                with suppress(sqlite3.DatabaseError):  # a damaged catalogue; what was wrong was said by then
                    self.connection.execute("COMMIT")

    def _begin(self, damaged: bool) -> None:
        """Begin a transaction in which the vectors are those that the catalogue speaks of."""
        if self._frozen and self._frozen != catalogue.frozen(self.folder):  # somebody else began to write it
            self.connection.close()
            self._open_to_read()
        for last in (False, False, False, False, True):
            self.connection.execute("BEGIN")
            try:
                self._follow(damaged and last, last)
                break
            except CutShort:  # a new generation may have taken the old one's place
                self.connection.execute("COMMIT")
                if last:
                    raise
            except BaseException:
                self.connection.execute("COMMIT")
                raise

    def _follow(self, damaged: bool, last: bool) -> None:
        before = self.vectors, self._dead_until
        # a file of local features that is damaged keeps nobody from searching, or writing
        self.local_features.follow(damaged=last)
        live = self.generation(int(self.fact("generation", 0)))
        known = self._live
        if live is None or known is None or live.number != known.number:
            self._dead_until, self.dead = 0, []
        if live is None or live.width is None:
            self._live, self.vectors = live, np.empty((0, 1), dtype=np.float32)
            return
        # mapped anew only where it grew: a fresh map costs a page fault for every page that is read
        same = known is not None and known.number == live.number
        if not (same and self.vectors.shape == (live.rows, live.width) and is_whole(self.vectors)):
            self.vectors = mapped(self.folder / vectors_name(live.number), live.width, live.rows, damaged)
        self._live = live
        rows = self.connection.execute(
            "SELECT sequence, first_row, rows FROM dead WHERE generation = ? AND sequence > ? ORDER BY 1",
            (live.number, self._dead_until),
        ).fetchall()
        self.dead += [(first, count) for _, first, count in rows]
        self._dead_until = rows[-1][0] if rows else self._dead_until
        if before[0] is not self.vectors or before[1] != self._dead_until:
            self.derived.clear()

    # facts

    def fact(self, key: str, default: Any = None) -> Any:
        """One fact of the catalogue (docs/gallery-format.md lists them)."""
        row = self.connection.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return default if row is None else row[0]

    @property
    def root(self) -> Path:
        """The folder that the files' relative paths start from."""
        stored = catalogue.from_stored(self.fact("root"))
        return Path(os.path.normpath(self.folder.absolute() / stored))

    @functools.cached_property
    def recipe(self) -> Recipe:
        """The recipe that the gallery was made with; it never changes."""
        return Recipe.parse(json.loads(self.fact("recipe")))

    @property
    def live(self) -> Generation | None:
        """The generation that is searched; None before the first fit or photo."""
        return self._live

    @property
    def fit(self) -> str:
        """In a sentence, what the recipe was fitted on."""
        found = self._live.provenance if self._live else {}
        if not found:
            return "not fitted"
        more = ", and stays so until `resight fit`" if found["frozen"] else ""
        return f"fitted on {found['photos']} photos of {found['source']}{more}"

    def fitted_on(self) -> set[bytes]:
        """The SHA-256 of the photos behind the live fit, wherever it was made; empty without a fit."""
        own = self._live.parameters if self._live else None
        rows = self.connection.execute("SELECT sha256 FROM samples WHERE parameters = ?", (own,))
        return {sha256 for (sha256,) in rows}

    def generation(self, number: int) -> Generation | None:
        """A generation by its number."""
        row = self.connection.execute(
            "SELECT number, purpose, width, rows, parameters, provenance FROM generations WHERE number = ?",
            (number,),
        ).fetchone()
        return Generation(row[0], row[1], row[2], row[3], row[4], json.loads(row[5])) if row else None

    def parameters(self, generation: int | None = None) -> tuple[dict[str, Parameters], str]:
        """The parameters of the live generation, or of another, and what they are called."""
        found = self._live if generation is None else self.generation(generation)
        if found is None or found.parameters is None:
            return {}, NO_PARAMETERS
        return parameters.load(self.folder, found.parameters), parameters.identity(found.parameters)

    @property
    def fingerprint(self) -> str:
        """What descriptors must carry to be compared with the gallery's."""
        own = self._live.parameters if self._live else None
        if own not in self._fingerprints:
            self._fingerprints[own] = fingerprint(
                self.recipe,
                str(self.fact("weights")),
                parameters.identity(own) if own else NO_PARAMETERS,
                str(self.fact("pixel_path")),
                str(self.fact("precision")),
            )
        return self._fingerprints[own]

    def check(self, described: str) -> None:
        """Raise DescribedOtherwise, with advice, for a fingerprint that is not the gallery's."""
        if described == self.fingerprint:
            return
        self.check_pixels()
        if self.fact("pixel_path") != PIXEL_PATH or self.fact("precision") != PRECISION:
            why = "this Resight reads pixels in another way than the one that made it"
        else:
            why = "the recipe, the network's weights or the fit differ"
        raise DescribedOtherwise(
            f"A photo is described otherwise here than in the gallery {self.folder}: {why}; "
            "describe it with the gallery's own recipe, or index the photos again into a new gallery."
        )

    def check_pixels(self) -> None:
        """Raise DescribedOtherwise, with advice, if an earlier Resight read the gallery's files otherwise."""
        if self.fact("pixel_path") in EARLIER_PATHS:
            raise DescribedOtherwise(
                f"An earlier Resight made the gallery {self.folder}, and read files that are no JPEGs "
                "otherwise: run `resight index` once, which describes those again."
            )

    @property
    def pixel_limit(self) -> int:
        """How many pixels a photo of this gallery may have."""
        return round(1e6 * float(self.fact("max_megapixels", PIXEL_LIMIT / 1e6)))

    # images and files

    def image_of_file(self, relative: str) -> tuple[int | None, int, int] | None:
        """Image id, size in bytes and time of change of an indexed file; None for an unknown one."""
        row: tuple[int | None, int, int] | None = self.connection.execute(
            "SELECT image, size, mtime_ns FROM files WHERE relative = ?", (catalogue.to_stored(relative),)
        ).fetchone()
        return row

    def image_of_content(self, sha256: bytes, turn: int = 0) -> int | None:
        """The id of the image with this content hash, turned by so many degrees."""
        row = self.connection.execute(
            "SELECT id FROM images WHERE sha256 = ? AND turn = ?", (sha256, turn)
        ).fetchone()
        return row[0] if row else None

    def image(self, number: int) -> StoredImage:
        """An image by its id."""
        row = self.connection.execute(
            "SELECT id, sha256, width, height, turn FROM images WHERE id = ?", (number,)
        ).fetchone()
        if row is None:
            raise GalleryError(f"The gallery has no image {number} any more.")
        return StoredImage(row[0], row[1], row[2], row[3], tuple(self.files_of(number)), row[4])

    def files_of(self, image: int) -> list[str]:
        """Relative paths of the files that hold an image, sorted."""
        rows = self.connection.execute("SELECT relative FROM files WHERE image = ?", (image,))
        return sorted(catalogue.from_stored(relative) for (relative,) in rows)

    def files(self) -> Iterator[tuple[str, int | None, str | None]]:
        """Every file: relative path, image id, and the reason it could not be described."""
        rows = self.connection.execute("SELECT relative, image, failure FROM files ORDER BY relative")
        return ((catalogue.from_stored(relative), image, failure) for relative, image, failure in rows)

    def count(self) -> dict[str, int]:
        """Images, files, failures and vectors that can be found."""
        one = self.connection.execute
        number = self._live.number if self._live else 0
        return {
            "images": one("SELECT count(*) FROM images").fetchone()[0],
            "files": one("SELECT count(*) FROM files WHERE image IS NOT NULL").fetchone()[0],
            "failures": one("SELECT count(*) FROM files WHERE failure IS NOT NULL").fetchone()[0],
            "vectors": one(
                "SELECT coalesce(sum(rows), 0) FROM descriptors WHERE generation = ?", (number,)
            ).fetchone()[0],
        }
