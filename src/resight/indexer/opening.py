"""The gallery of a folder, opened to be updated: begun if it is new, else compared with what is asked for."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from resight.addresses import folder_of
from resight.describing.describer import Describer, describer_like
from resight.engines import load
from resight.errors import BadQuery, DescribedOtherwise, PhotosUnreachable
from resight.gallery import Writer
from resight.indexer.provenance import borrow
from resight.recipe import Recipe
from resight.roots import Folder, Root


def opened(
    writer: Writer,
    root: Root,
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
        writer.begin(root.place, recipe, begun.made_with)
        if fit_from:
            borrow(writer, fit_from)
        return begun.with_parameters(*writer.committed.parameters())
    if recipe and recipe.sentence() != writer.committed.recipe.sentence():
        raise DescribedOtherwise(
            f"The gallery {writer.folder} was made with the recipe '{writer.committed.recipe.name}': "
            "leave --recipe out, or make another gallery with --gallery."
        )
    own = writer.catalogue.photos
    if not own.is_same(root) and (answers(own) or not root.is_there()):
        raise BadQuery(
            f"The gallery {writer.folder} is of the {'photos at' if own.remote else 'folder'} {own}, not of "
            f"{root}: index that one, or make another gallery with --gallery."
        )
    if fit_from:
        borrow(writer, fit_from)
    return describer_like(writer.committed, engine, workers, batch or 0)


def gallery_for(root: Root, named: Path | str | None) -> Path:
    """A gallery's folder: the one that is named, else `.resight` in that of the photos; raises BadQuery."""
    if named:
        return folder_of(named, "A gallery")
    if isinstance(root, Folder):
        return root.place / ".resight"
    raise BadQuery(
        f"The gallery of photos at {root} lies in a folder of this machine: name it with --gallery."
    )


def nothing_there(root: Root) -> BadQuery:
    """What is raised of a place that is not there."""
    return BadQuery(f"There is nothing at {root}." if root.remote else f"There is no folder {root}.")


def answers(root: Root) -> bool:
    """Whether photos are there, as far as that can be known: a bucket that was left may refuse."""
    try:
        return root.is_there()
    except (BadQuery, PhotosUnreachable):
        return False
