"""What a gallery's updates pass over, as `--exclude` names it: asked for once, and kept with the gallery."""

from __future__ import annotations

import json
from collections.abc import Iterable

from resight.gallery import Writer
from resight.gallery.catalogue import Catalogue
from resight.images.excluding import Excluded


def settle_exclusions(writer: Writer, asked: Iterable[str] | None) -> Excluded:
    """What is passed over from now on: what is asked for, kept for later runs; None: what was kept before."""
    if asked is None:
        return read_exclusions(writer.catalogue)
    excluded = Excluded(tuple(dict.fromkeys(glob for glob in asked if glob)))
    writer.remember("exclude", json.dumps(excluded.globs))
    return excluded


def read_exclusions(catalogue: Catalogue) -> Excluded:
    """What a gallery's updates pass over by now."""
    return Excluded(tuple(json.loads(catalogue.fact("exclude", "[]"))))
