"""What whoever describes a shard is told, all by value: that machine need not see the gallery."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from resight.codec import encode_text
from resight.describing.describer import Describer
from resight.errors import BadQuery, NotFitted
from resight.gallery import Snapshot, parameters
from resight.gallery.catalogue import Catalogue
from resight.indexer.fits import may_change
from resight.indexer.opening import answers
from resight.indexer.provenance import Fit
from resight.recipe import Recipe
from resight.roots import Found, Root


@dataclass(frozen=True, eq=False)
class ShardJob:
    """The photos of one shard as they were found, and how the gallery describes photos.

    `gallery` is the fact `id` of the gallery that the shard is for, `weights` what describes there; `turns`
    are degrees clockwise; `max_megapixels` None stands for the limit of a new gallery.
    """

    name: str
    root: Root
    files: tuple[Found, ...]
    gallery: str
    recipe: Recipe
    weights: str
    fingerprint: str
    fit: Fit | None
    local: bool
    max_megapixels: float | None
    turns: Mapping[str, int] = field(default_factory=dict)
    strict: bool = False

    @property
    def content(self) -> str:
        """The same for the same photos, described in the same way: 16 hexadecimal digits."""
        turns = sorted((path, turn) for path, turn in self.turns.items() if turn)
        told = encode_text(
            [self.gallery, self.fingerprint, self.strict, self.local, turns, sorted(self.files)]
        )
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def job_for(
    gallery: Snapshot,
    describer: Describer,
    root: Root,
    name: str,
    files: Iterable[Found],
    turns: Mapping[str, int] | None = None,
    strict: bool = False,
) -> ShardJob:
    """The job of describing these files as a gallery does.

    Raises NotFitted where its fit may still change, and DescribedOtherwise where this machine describes
    otherwise.
    """
    found, fact = tuple(files), gallery.catalogue.fact
    gallery.check(describer.fingerprint)
    if found and may_change(gallery, describer):
        raise NotFitted(
            f"The gallery {gallery.folder} has no fit yet that shards could share: "
            "run `resight index PHOTOS --fit-only` first."
        )
    limit = fact("max_megapixels")
    return ShardJob(
        name, root, found, str(fact("id")), gallery.recipe, str(fact("weights")), gallery.fingerprint,
        _fit_of(gallery), fact("local_version") is not None, None if limit is None else float(limit),
        {path: degrees % 360 for path, degrees in (turns or {}).items()}, strict,
    )  # fmt: skip


def to_describe(
    catalogue: Catalogue, found: Iterable[Found], turns: Mapping[str, int], retry: bool
) -> Iterable[Found]:
    """Those of the files found that a gallery does not hold as they are now, turned as they are to be."""
    for path, size, changed in found:
        known = catalogue.file(path)
        if known is None or known.state != (size, changed):
            yield path, size, changed
        elif known.image is None:
            if retry:
                yield path, size, changed
        elif catalogue.image(known.image).turn != turns.get(path, 0) % 360:
            yield path, size, changed


def refuse_other_folder(gallery: Snapshot, root: Root) -> None:
    """Raise BadQuery where the gallery's own folder is here, and another one; elsewhere it may be mounted."""
    own = gallery.catalogue.photos
    if not own.is_same(root) and answers(own) and root.is_there():
        raise BadQuery(f"The gallery {gallery.folder} is of the folder {own}, not of {root}: name its own.")


def _fit_of(gallery: Snapshot) -> Fit | None:
    own = gallery.generation
    if own is None or not own.parameters:
        return None
    found = parameters.load(gallery.folder, own.parameters)
    return found, own.provenance | {"frozen": True}, gallery.fitted_on()
