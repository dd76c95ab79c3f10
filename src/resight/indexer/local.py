"""Local features in the gallery: whether they are wanted, and those of photos that were indexed without."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from resight.errors import BadImage
from resight.gallery import Writer
from resight.gallery.reread import reread
from resight.images import Photo
from resight.indexer.coming import coming_again
from resight.progress import Progress
from resight.ranking import LocalFeatures
from resight.roots import Root
from resight.workers.threads import in_order


def settled(writer: Writer, asked: bool | None) -> bool:
    """Whether local features are stored from now on; None asks for what was asked for last.

    Those of a gallery that wants none are forgotten, and so are those of another version of `extract`.
    """
    from resight.local_features import VERSION

    before = writer.catalogue.fact("local_version")
    wanted = before is not None if asked is None else asked
    after = VERSION if wanted else None
    if before != after:
        writer.local.restart(after)
    return wanted


def extracted(data: bytes, turn: int, pixel_limit: int, photo: Photo | None = None) -> LocalFeatures | None:
    """Local features of a photo's bytes, or of `photo`, made of them; None where they are no photo."""
    from resight.local_features import extract, read_and_extract

    try:
        return extract(photo) if photo else read_and_extract(data, turn, pixel_limit)
    except BadImage:
        return None


def complete(writer: Writer, root: Root, workers: int, progress: Progress) -> int:
    """Read the photos that have none stored, and store theirs; returns of how many. A rerun goes on."""
    missing = writer.committed.local_features.missing()
    if not missing:
        return 0
    progress.start("Local features", len(missing))
    stored = lost = 0
    for image, features in _of(writer, root, missing, workers, progress.stopping):
        if features is None:
            lost += 1
        else:
            writer.local.put(image, features)
            stored += 1
        progress.step(lost)
        writer.commit_if_due()
    writer.commit()
    if lost:
        progress.say(f"{lost} photos could not be read again for their local features: `resight index` will.")
    return stored


def _of(
    writer: Writer, root: Root, missing: Iterable[int], workers: int, stopping: Callable[[], bool]
) -> Iterable[tuple[int, LocalFeatures | None]]:
    limit = writer.catalogue.pixel_limit
    items = coming_again(writer, root, missing)
    return in_order(
        lambda image: (
            image.id,
            reread(root, image, partial(extracted, turn=image.turn, pixel_limit=limit)),
        ),
        items, workers, stopping,
    )  # fmt: skip
