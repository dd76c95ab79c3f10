"""`resight info`: what a gallery is, and what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from resight.cli._names import quoted
from resight.cli._options import GalleryOption, JsonOption

if TYPE_CHECKING:
    from resight.gallery import Snapshot


def info(
    gallery: GalleryOption = None,
    failures: Annotated[
        bool,
        typer.Option(
            "--failures", help="List the files that failed, and why, and those that carry a warning."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a gallery is: its folder, recipe, fit, and how much is in it."""
    from resight.cli._terminal import print_json, print_line
    from resight.gallery import find_gallery, snapshot_of

    with snapshot_of(find_gallery(gallery), damaged=True) as opened:
        if failures:
            _list_failures(opened, as_json)
            return
        known = _describe(opened)
    if as_json:
        print_json(known)
        return
    for key, value in _spell(known).items():
        print_line(f"{key:16}{value}")


def _list_failures(opened: Snapshot, as_json: bool) -> None:
    from resight.cli._terminal import print_json, print_line
    from resight.images.photo import spell_warning

    failed = {path: why for path, _, why in opened.catalogue.files() if why}
    warned = {path: list(words) for path, words in opened.warnings.files()}
    if as_json:
        print_json({"failures": failed, "warnings": warned})
        return
    for path, why in failed.items():
        print_line(f"{quoted(path)}: {why}")
    for path, words in warned.items():
        print_line(f"{quoted(path)}: indexed, but it is {' and '.join(map(spell_warning, words))}")


def _describe(opened: Snapshot) -> dict[str, Any]:
    """Plain values, as `--json` prints them."""
    from resight.engines import device
    from resight.indexer.excluding import read_exclusions

    catalogue, features = opened.catalogue, opened.local_features
    return {
        "gallery": str(opened.folder.absolute()),
        "photos": str(catalogue.root),
        "recipe": opened.recipe.name,
        "fit": opened.fit,
        "exclude": list(read_exclusions(catalogue).globs),
        "device": device(),
        "precision": ", ".join(sorted({own.precision for own in opened.recipe.backbones})),
        "created": catalogue.fact("created"),
        "fingerprint": opened.fingerprint,
        "max_megapixels": catalogue.pixel_limit / 1e6,
        **catalogue.count(),
        "warnings": opened.warnings.count(),
        "local_features": features.count() if features.usable else None,
        "store": _describe_store(opened),
    }


def _describe_store(opened: Snapshot) -> str:
    from resight.errors import ResightError
    from resight.searcher.following import name_store, open_store

    if opened.generation is None:
        return name_store(opened)
    try:
        return open_store(opened).about
    except ResightError as error:  # of another Resight, or another package
        return str(error)


def _spell(known: dict[str, Any]) -> dict[str, Any]:
    """The same for people."""
    from resight.images.photo import spell_warning

    told = dict(known)
    warnings, stored = told.pop("warnings"), told.pop("local_features")
    told |= {key: quoted(told[key]) for key in ("gallery", "photos")}
    told["exclude"] = ", ".join(told["exclude"]) or "nothing"
    told["megapixels"] = f"at most {told.pop('max_megapixels'):g} a photo"
    told["warnings"] = (
        ", ".join(f"{count} {spell_warning(word)}" for word, count in warnings.items()) or "none"
    )
    told["local features"] = "not stored" if stored is None else f"stored for {stored} photos"
    return told
