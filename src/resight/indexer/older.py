"""A gallery that an earlier Resight made: the files whose pixels it read otherwise are described again."""

from __future__ import annotations

from resight.gallery import Writer
from resight.gallery.changes import REMOVED
from resight.images import EARLIER_PATHS, PIXEL_PATH
from resight.images.jpegs import BEGINNING
from resight.progress import Progress
from resight.roots import Root

COMMIT_EVERY = 20_000  # files


def forget_other_pixels(writer: Writer, root: Root, progress: Progress) -> bool:
    """Forget the files that are no JPEGs, and those that failed, if the gallery is of an earlier pixel path.

    The pixels of a JPEG did not change. Says whether there was anything to do; a rerun goes on after a kill.
    """
    if writer.catalogue.fact("pixel_path") not in EARLIER_PATHS:
        return False
    others = 0
    for done, (relative, image, failure) in enumerate(list(writer.catalogue.files()), 1):
        if failure == REMOVED or (image is not None and _is_jpeg(root, relative)):
            continue
        others += image is not None
        writer.forget_file(relative)
        if done % COMMIT_EVERY == 0:
            writer.commit()
    writer.drop_orphans()
    writer.set_pixel_path(PIXEL_PATH)
    if others:
        progress.say(
            f"An earlier Resight made this gallery, and read some files otherwise: {others} photos that are "
            "no JPEGs are described again."
        )
    return True


def _is_jpeg(root: Root, relative: str) -> bool:
    try:
        return root.beginning(relative, len(BEGINNING)) == BEGINNING
    except OSError:
        return False
