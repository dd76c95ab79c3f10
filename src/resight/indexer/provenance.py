"""The parameters of a fit and where they come from: this gallery's photos, or another gallery."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resight.describing import fitting as fitter
from resight.describing.describer import Describer
from resight.errors import BadQuery, DescribedOtherwise, NotFitted
from resight.gallery import Writer, parameters, snapshot_of
from resight.methods import Parameters
from resight.progress import Progress, Stopped
from resight.types import Prepared

Fit = tuple[dict[str, Parameters], dict[str, Any], set[bytes]]
"""Parameters, their provenance, and the SHA-256 of the photos behind them."""


def fitted(writer: Writer, describer: Describer, chosen: list[int], full: bool, progress: Progress) -> Fit:
    """Fit on kept photos; `full`: on as many as it ever will be. Raises NotFitted, or Stopped.

    They come in the order of their paths: a fit then does not depend on the order in which they were read.
    """
    if not chosen:
        raise NotFitted("There is no photo to fit on.")
    chosen = sorted(chosen, key=lambda image: writer.catalogue.files_of(image)[:1])
    progress.start("Fitting", len(chosen) * len(describer.fitted_steps))

    def watched() -> Iterator[Prepared]:
        for _, prepared in writer.committed.fit_sample.prepared(chosen):
            if progress.stopping():
                raise Stopped
            yield prepared
            progress.step()

    found = fitter.fit(describer, watched)
    behind = {writer.catalogue.image(image).sha256 for image in chosen}
    provenance = {
        "photos": len(chosen),
        "source": "this gallery",
        "labels": False,
        "frozen": full,
        "contents": hashlib.sha256(b"".join(sorted(behind))).hexdigest()[:32],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return found, provenance, behind


def borrowed(writer: Writer, source: Path | str) -> Fit:
    """The fit of another gallery of the same recipe and weights."""
    with snapshot_of(source) as other:
        own = other.generation
        if own is None or not own.parameters:
            raise NotFitted(f"The gallery {source} has no fit to borrow.")
        same = other.recipe.sentence() == writer.committed.recipe.sentence()
        facts = ("weights", "precision")
        if not same or any(other.catalogue.fact(key) != writer.catalogue.fact(key) for key in facts):
            raise DescribedOtherwise(
                f"The gallery {source} has another recipe or other weights: fit this one."
            )
        found = parameters.load(other.folder, own.parameters)
        provenance = own.provenance | {"source": f"the gallery {source}", "frozen": True}
        return found, provenance, other.fitted_on()


def borrow(writer: Writer, source: Path | str) -> None:
    """Take another gallery's fit as the first of this one; nothing to do if it has that very fit."""
    generations, (found, provenance, behind) = writer.generations, borrowed(writer, source)
    current = writer.committed.generation
    if current is None and not writer.catalogue.count()["images"]:
        generations.switch(generations.start("index", generations.save_parameters(found, behind), provenance))
    elif current is None or current.parameters != generations.save_parameters(found):
        raise BadQuery(
            "This gallery has another fit, or photos that wait for one: `resight fit --fit-from` changes it."
        )
