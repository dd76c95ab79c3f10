"""What a new gallery says of itself before it has a photo."""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resight.addresses import is_address
from resight.gallery.database import to_stored
from resight.images import PIXEL_PATH
from resight.recipe import Recipe


def first_facts(folder: Path, root: Path | str, recipe: Recipe, weights: str) -> dict[str, Any]:
    """The facts of a gallery in `folder`, of the photos in `root`."""
    return {
        "root": stored_root(folder, root),
        "recipe": json.dumps(recipe.as_dict()),
        "weights": weights,
        "pixel_path": PIXEL_PATH,
        "precision": recipe.precision,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "id": secrets.token_hex(8),
        "kept": 1,
        "kept_length": 0,
        "local": 1,
        "local_rows": 0,
    }


def stored_root(folder: Path, root: Path | str) -> str | bytes:
    """A root as the catalogue holds it: relative where the gallery lies inside, so that both may move.

    An address stays as it is; no path has `://` in it once it is absolute or relative in this way.
    """
    if is_address(root):
        return root
    real, here = Path(root).resolve(), folder.resolve()
    return to_stored(os.path.relpath(real, here) if here.is_relative_to(real) else str(real))
