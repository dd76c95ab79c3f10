"""A data set described by a recipe, with all that is searched: what queries are asked of."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resight import methods
from resight.dataset import Dataset
from resight.describing.describer import Describer, describer_like
from resight.errors import BadData, DescribedOtherwise
from resight.evaluator.answers import DISTRACTOR
from resight.evaluator.candidates import Candidates
from resight.evaluator.overlap import Shared, fitted_on_tested
from resight.evaluator.preparing import describe_photos
from resight.evaluator.workspace import damaged_cache
from resight.gallery import Snapshot, snapshot_of
from resight.gallery.check import damaged
from resight.gallery.vectors import CutShort
from resight.indexer.store import keep_index
from resight.methods import Method
from resight.progress import Progress, Silent
from resight.recipe import Recipe
from resight.searcher.reranking import rerankers
from resight.stores import EVERY_ROW, choose


@dataclass(frozen=True, eq=False)
class Bench:
    """All that queries of a data set are asked of; it is open while the context of `prepare` lasts.

    `own` is the gallery in which the data set is described, and distractors beside it; `others` are galleries
    of distractors that are only searched. `shared`: how many ranked photos the fit was made on. `rerank`,
    `fit_from` ("" for a fit on the photos themselves) and `engine` as the user named them. `seconds`: how
    long describing took.
    """

    recipe: Recipe
    data: Dataset
    own: Snapshot
    others: tuple[Snapshot, ...]
    candidates: Candidates
    shared: Shared
    rerank: tuple[str, ...] = ()
    fit_from: str = ""
    engine: str = "auto"
    workers: int | None = None
    seconds: float = 0.0

    @property
    def folder(self) -> Path:
        """Where what belongs to this data set and recipe may be kept."""
        return self.own.folder.parent

    @functools.cached_property
    def rerankers(self) -> list[Method]:
        """The re-rankers, made."""
        return rerankers(self.rerank)

    @functools.cached_property
    def describer(self) -> Describer:
        """What describes a cropped query as the photos were described; made when it is first needed."""
        return describer_like(self.own, self.engine, self.workers or 1)


@contextlib.contextmanager
def prepare(
    recipe: Recipe,
    data: Dataset,
    *,
    distractors: Sequence[str | Path] = (),
    fit_from: str | Path | None = None,
    allow_overlap: bool = False,
    rerank: Sequence[str] = (),
    store: str = EVERY_ROW,
    engine: str = "auto",
    workers: int | None = None,
    batch: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Bench]:
    """Describe all photos that are not described yet, and open what is searched; `evaluate` has the settings.

    Asks nothing. What must be refused is refused, before the work as far as it can be known then. Raises
    Stopped.
    """
    progress, begun = progress or Silent(), time.monotonic()
    _check(data, engine)
    wanted = rerankers(rerank)
    made, searched = describe_photos(
        recipe,
        data,
        distractors=distractors,
        fit_from=fit_from,
        allow_overlap=allow_overlap,
        local_features=any("local_features" in each.needs for each in wanted),
        engine=engine,
        workers=workers,
        batch=batch,
        progress=progress,
    )
    if choose(store, 0).says.get("KEEPS_INDEX"):
        keep_index(made.gallery, progress, store)
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(_open_checked(made.gallery))
        others = tuple(stack.enter_context(snapshot_of(folder)) for folder in searched)
        for gallery in others:
            _check_alike(own, gallery)
        candidates = Candidates(data, made, own, others, store)
        shared = fitted_on_tested(data, candidates.image_of, own, others, allow_overlap)
        yield Bench(
            recipe, data, own, others, candidates, shared, tuple(rerank), str(fit_from or ""),
            engine, workers, time.monotonic() - begun,
        )  # fmt: skip


def _check(data: Dataset, engine: str) -> None:
    """Refuse what no result could be trusted with."""
    if engine != "auto":
        methods.find("engines", engine)  # also where all is described already
    taken = next((photo for photo in data.photos if DISTRACTOR.match(photo)), None)
    if taken:
        raise BadData(f"The photo {taken} is named as distractors are: rename its folder.")


def _check_alike(own: Snapshot, other: Snapshot) -> None:
    """Raise DescribedOtherwise for a gallery of distractors that another recipe or fit has described."""
    if other.fingerprint == own.fingerprint:
        return
    same = other.recipe.sentence() == own.recipe.sentence()
    why = "another fit or other weights" if same else f"the recipe '{other.recipe.name}'"
    raise DescribedOtherwise(
        f"The gallery {other.folder} has {why}: name the folder of its photos, which are then described for "
        "this evaluation, or index them into a gallery with the same recipe and --fit-from."
    )


@contextlib.contextmanager
def _open_checked(folder: Path) -> Iterator[Snapshot]:
    """A snapshot of the gallery of an evaluation; raises GalleryError where it is not what was written."""
    with contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context(snapshot_of(folder))
            found = next((finding.what for finding in damaged(opened)), "")
        except CutShort:
            found = "a file is cut short"
        if found:
            raise damaged_cache(folder.parent, found)
        yield opened
