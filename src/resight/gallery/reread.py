"""Photos of a gallery, read again."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from typing import TypeVar

from resight.errors import BadImage
from resight.gallery.records import StoredImage
from resight.images import budget
from resight.roots import Root

Result = TypeVar("Result")


def reread(root: Root, image: StoredImage, work: Callable[[bytes], Result]) -> Result | None:
    """What `work` makes of the bytes of an image's first file that still holds them; None where none does."""
    for relative in image.files:
        with contextlib.suppress(BadImage, OSError):
            data = root.content(relative)
            if hashlib.sha256(data).digest() == image.sha256:
                with budget.SHARED.hold():
                    return work(data)
    return None
