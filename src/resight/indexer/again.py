"""Photos of a gallery through the network again, as far as a fit needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from resight.describing.describer import Describer
from resight.describing.seeing import Look
from resight.errors import BadImage
from resight.gallery import Writer
from resight.gallery.records import StoredImage
from resight.gallery.reread import reread
from resight.indexer.coming import coming_again
from resight.roots import Root
from resight.types import Prepared
from resight.workers.batches import in_order_or_batches

Again = tuple[int, Prepared | None]
"""An image, and its photo prepared; None for one that is gone or changed."""


@dataclass(frozen=True, eq=False)
class Found:
    """An image whose photo was read again, ready for the networks; None for one that is gone or changed."""

    image: int
    look: Look | None

    @property
    def shape(self) -> tuple[tuple[int, ...], ...] | None:
        """Photos that agree in it are prepared together."""
        return self.look.shape if self.look else None

    @property
    def nbytes(self) -> int:
        """Bytes of its pixels, while it waits for others of its shape."""
        return self.look.nbytes if self.look else 0


def prepared_again(
    writer: Writer,
    describer: Describer,
    images: Iterable[int],
    variants: int | None,
    workers: int,
    stopping: Callable[[], bool],
) -> Iterator[Again]:
    """Images of the gallery, and so many synthetic views of each, prepared anew from their photos."""
    reading = _Reading(writer.catalogue.photos, describer, variants, writer.catalogue.pixel_limit)
    return in_order_or_batches(
        reading, reading.look, reading.prepare, coming_again(writer, reading.root, images),
        batch=lambda: describer.networks.batch, workers=workers, stopping=stopping,
    )  # fmt: skip


@dataclass(frozen=True)
class _Reading:
    root: Root
    describer: Describer
    variants: int | None
    pixel_limit: int

    def __call__(self, image: StoredImage) -> Again:
        return self.prepare([self.look(image)])()[0]

    def look(self, image: StoredImage) -> Found:
        def look(data: bytes) -> Look:
            photo = self.describer.read(data, image.turn, self.pixel_limit)
            return self.describer.look(photo, variants=self.variants, seed=tuple(image.sha256))

        return Found(image.id, reread(self.root, image, look))

    def prepare(self, found: Sequence[Found]) -> Callable[[], list[Again]]:
        looks = [each.look for each in found if each.look]
        try:
            waiting = self.describer.prepare_all(looks) if looks else lambda: [None] * len(found)
        except BadImage:  # which a photo of this shape is for the network
            waiting = lambda: [None] * len(found)  # noqa: E731
        return lambda: [(each.image, own) for each, own in zip(found, waiting(), strict=True)]
