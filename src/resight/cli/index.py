"""`resight index PHOTOS`: make a gallery of a folder, or bring it up to date."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from resight.cli._ending import end, print_report
from resight.cli._names import quoted
from resight.cli._options import BatchOption, EngineOption, JsonOption, MegapixelsOption, WorkersOption

PhotosArgument = Annotated[
    str,
    typer.Argument(
        metavar="PHOTOS",
        help="A folder of photos, or an address such as s3://bucket/prefix; everything in it is looked at.",
    ),
]
OwnGalleryOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--gallery",
        metavar="DIR",
        help="Where the gallery is; by default PHOTOS/.resight. For an address it must be said.",
    ),
]
RecipeOption = Annotated[
    str, typer.Option(metavar="RECIPE", help="A recipe's name (see `resight recipes`) or TOML file.")
]
BorrowOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        metavar="DIR",
        readable=False,
        help="Borrow the fit of another gallery, instead of fitting on these photos.",
    ),
]
PruneOption = Annotated[bool, typer.Option("--prune", help="Even if most of the photos are gone.")]
RetryOption = Annotated[
    bool, typer.Option("--retry", help="Try files again that failed or were removed by hand.")
]
LocalOption = Annotated[
    Optional[bool],  # noqa: UP045
    typer.Option(
        help="Store local features, which `--rerank geometry` would else compute at each search: "
        "about 95 KB a photo. Kept up from then on."
    ),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Refuse photos that are damaged, or of one colour.")
]
ExcludeOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        metavar="GLOB",
        help="Pass over such files and folders: relative paths, or names where it has no '/'. "
        "Repeatable; kept for later runs, until it is said anew ('' for none).",
    ),
]
StoreOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        metavar="NAME",
        help="What the gallery is searched by from then on: auto, or one of `resight methods stores`, as in "
        "faiss:recall=0.95.",
    ),
]
FitOnlyOption = Annotated[
    bool,
    typer.Option(
        "--fit-only",
        help="Describe the photos that the recipe is fitted on, fit it, and leave the others to --shard.",
    ),
]
ShardOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        metavar="K/N",
        help="Describe the K-th of N shards of what the gallery lacks, apart from it, for `resight merge`.",
    ),
]
OnOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Let a Ray cluster describe the photos: ray for this machine's cores (or RAY_ADDRESS), or "
        "ray://HOST:PORT.",
    ),
]
OutOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        metavar="DIR", readable=False, help="Where the shard goes; by default into the gallery's folder."
    ),
]


def index(
    photos: PhotosArgument,
    gallery: OwnGalleryOption = None,
    recipe: RecipeOption = "",
    fit_from: BorrowOption = None,
    prune: PruneOption = False,
    retry: RetryOption = False,
    local_features: LocalOption = None,
    max_megapixels: MegapixelsOption = None,
    strict: StrictOption = False,
    exclude: ExcludeOption = None,
    store: StoreOption = None,
    fit_only: FitOnlyOption = False,
    on: OnOption = "",
    shard: ShardOption = None,
    out: OutOption = None,
    engine: EngineOption = "auto",
    workers: WorkersOption = None,
    batch: BatchOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a gallery of a folder of photos, or bring it up to date."""
    from resight import indexer
    from resight.cli._terminal import Terminal
    from resight.gallery import find_gallery
    from resight.recipe import Recipe

    speed: dict[str, Any] = {"engine": engine, "workers": workers, "batch": batch}
    own: dict[str, Any] = {
        "recipe": Recipe.load(recipe) if recipe else None, "prune": prune,
        "fit_from": find_gallery(fit_from) if fit_from else None, "local_features": local_features,
        "max_megapixels": max_megapixels, "exclude": exclude or None,
        "store": store, "fit_only": fit_only, "on": on,
    }  # fmt: skip
    both: dict[str, Any] = {"retry": retry, "strict": strict}
    with Terminal().watching() as terminal:
        if shard is None:
            _refuse(own | {"out": out}, ["out"], "is for --shard")
            report = indexer.index(photos, gallery, **own, **both, **speed, progress=terminal)
        else:
            asked = own | {"local_features": local_features is not None}
            _refuse(asked, own, "is said without --shard, and kept with the gallery")
            part = indexer.Shard.parse(shard)
            report = indexer.index_shard(photos, part, gallery, out, **both, **speed, progress=terminal)
    print_report(report, as_json, _told)
    end(terminal, report.interrupted, bool(report.failed or report.unreadable))


def _refuse(options: Mapping[str, Any], which: Iterable[str], why: str) -> None:
    """Raise BadSetting where an option of these was given that does not go with the others."""
    from resight.errors import BadSetting

    for name in which:
        if options[name] not in (None, False, ""):
            raise BadSetting(f"--{name.replace('_', '-')} {why}: leave it out.")


def _told(report: object) -> list[str]:
    from resight.images.photo import spell_warning

    values = dataclasses.asdict(report)  # type: ignore[call-overload]
    told = {
        "described": "described", "same": "with contents known already", "moved": "moved",
        "unchanged": "unchanged", "vanished": "vanished", "failed": "failed", "skipped": "others skipped",
    }  # fmt: skip
    parts = [f"{values[key]} {words}" for key, words in told.items() if values[key]]
    nothing = "none described yet" if values["interrupted"] else "nothing to do"
    lines = [f"{values['photos']} photos: {', '.join(parts) or nothing}."]
    if values["fitted"]:
        lines.append(f"The recipe was {values['fitted']}, without labels.")
    if values["local_features"]:
        lines.append(f"Local features of {values['local_features']} photos were stored.")
    if values["warnings"]:
        found = ", ".join(f"{count} {spell_warning(word)}" for word, count in values["warnings"].items())
        lines.append(f"Described with a warning: {found}.")
    if values["system_folders"]:
        lines.append(f"Folders of thumbnails or deleted files, passed over: {values['system_folders']}")
    if values["exclude"]:
        named = ", ".join(values["exclude"])
        lines.append(f"Files and folders excluded by --exclude ({named}): {values['excluded']}")
    if values["failed"] or values["warnings"]:
        which = " or ".join(word for word in ("failed", "warnings") if values[word])
        lines.append(
            f"`resight info --failures` says which {which.replace('warnings', 'carry a warning')}, and why."
        )
    lines += [
        f"The folder {quoted(folder)} is empty or not there, as when a drive is not mounted: "
        f"its {count} photos stay as they were, and --prune forgets them."
        for folder, count in values["away"].items()
    ]
    lines += [
        f"The folder {quoted(folder)} could not be read; what was known of it stays."
        for folder in values["unreadable"]
    ]
    if values["left"]:
        lines.append(f"Left to shards: {values['left']} photos, for `resight index PHOTOS --shard K/N`.")
    return [*lines, f"Gallery: {quoted(str(values['gallery']))}, of the recipe '{values['recipe']}'"]
