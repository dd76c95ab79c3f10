"""The gallery of a folder, opened to be updated: begun if it is new, else compared with what is asked for."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

from resight.describing.describer import Describer, describer_like
from resight.engines import load
from resight.errors import BadQuery, DescribedOtherwise
from resight.gallery import Writer
from resight.gallery.database import MISSING
from resight.indexer.provenance import borrow
from resight.recipe import Recipe


def opened(
    writer: Writer,
    root: Path,
    recipe: Recipe | None,
    engine: str,
    workers: int,
    fit_from: Path | str | None,
    batch: int | None = None,
) -> Describer:
    """The gallery's own describer; a new gallery is begun, an old one compared with what is asked for."""
    if writer.catalogue.fact("root") is None:
        recipe = recipe or Recipe.load("default")
        begun = Describer(recipe, engine=partial(load, name=engine, workers=workers, batch=batch or 0))
        writer.begin(root, recipe, begun.made_with)
        if fit_from:
            borrow(writer, fit_from)
        return begun.with_parameters(*writer.committed.parameters())
    if recipe and recipe.sentence() != writer.committed.recipe.sentence():
        raise DescribedOtherwise(
            f"The gallery {writer.folder} was made with the recipe '{writer.committed.recipe.name}': "
            "leave --recipe out, or make another gallery with --gallery."
        )
    if not is_root(writer, root) and (os.path.exists(writer.catalogue.root) or not root.exists()):
        raise BadQuery(
            f"The gallery {writer.folder} is of the folder {writer.catalogue.root}, not of {root}: "
            "index that one, or make another gallery with --gallery."
        )
    if fit_from:
        borrow(writer, fit_from)
    return describer_like(writer.committed, engine, workers, batch or 0)


def is_folder(root: Path) -> bool:
    """Whether the folder of photos is there; raises BadQuery where the system does not let that be known."""
    try:
        return stat.S_ISDIR(root.stat().st_mode)
    except OSError as error:
        if error.errno in MISSING:
            return False
        raise BadQuery(f"The folder {root} cannot be read: {error.strerror}.") from None


def is_root(writer: Writer, root: Path) -> bool:
    """Whether the gallery is of this folder, however that is spelt."""
    own = writer.catalogue.root
    if root.exists() and os.path.exists(own):
        return own.samefile(root)
    return own.resolve() == root.resolve()
