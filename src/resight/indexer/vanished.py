"""Whether photos are gone, or only a drive is: asked before anything is changed."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from pathlib import Path

from resight import images
from resight.errors import BadImage, TooMuchVanished
from resight.gallery import Writer


def refuse_if_unmounted(writer: Writer, root: Path, vanished: list[str], to_read: list[str]) -> None:
    """More than half of the photos gone, and not to be found elsewhere in the folder: likelier a drive."""
    known, wanted, sizes = writer.count()["files"], Counter[bytes](), set()
    if 2 * len(vanished) <= known:
        return
    for path in vanished:
        image, size, _ = writer.image_of_file(path) or (None, 0, 0)
        if image:
            wanted[writer.image(image).sha256] += 1
            sizes.add(size)
    gone = wanted.total() - (wanted & _contents(root, to_read, sizes)).total()
    if 2 * gone > known:
        raise TooMuchVanished(
            f"{gone} of {known} photos are gone from {root}, so nothing was changed: "
            "mount the drive, or say --prune if they are gone for good."
        )


def _contents(root: Path, paths: list[str], sizes: set[int]) -> Counter[bytes]:
    """How many of the files, of these sizes alone, have which content."""
    found: Counter[bytes] = Counter()
    for path in paths:
        with contextlib.suppress(BadImage, OSError):
            if (root / path).stat().st_size in sizes:
                found[hashlib.sha256(images.content(root / path)).digest()] += 1
    return found
