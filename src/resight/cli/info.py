"""`resight info`: what a gallery is, and what failed."""

from __future__ import annotations

from typing import Annotated

import typer

from resight.cli._names import quoted
from resight.cli._options import GalleryOption, JsonOption


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
    import json

    from resight.cli._terminal import print_json, print_line
    from resight.engines import device
    from resight.gallery import find_gallery, snapshot_of
    from resight.images.photo import spell_warning

    with snapshot_of(find_gallery(gallery), damaged=True) as opened:
        catalogue = opened.catalogue
        if failures:
            failed = {path: why for path, _, why in catalogue.files() if why}
            warned = {path: list(words) for path, words in opened.warnings.files()}
            if as_json:
                print_json({"failures": failed, "warnings": warned})
                return
            for path, why in failed.items():
                print_line(f"{quoted(path)}: {why}")
            for path, words in warned.items():
                print_line(f"{quoted(path)}: indexed, but it is {' and '.join(map(spell_warning, words))}")
            return
        known = {
            "gallery": str(opened.folder.absolute()),
            "photos": str(catalogue.root),
            "recipe": opened.recipe.name,
            "fit": opened.fit,
            "exclude": json.loads(catalogue.fact("exclude", "[]")),
            "device": device(),
            "precision": ", ".join(sorted({own.precision for own in opened.recipe.backbones})),
            "created": catalogue.fact("created"),
            "fingerprint": opened.fingerprint,
            "max_megapixels": catalogue.pixel_limit / 1e6,
            **catalogue.count(),
        }
        warnings = opened.warnings.count()
        stored, usable = opened.local_features.count(), opened.local_features.usable
    if as_json:
        print_json(known | {"warnings": warnings, "local_features": stored if usable else None})
        return
    known |= {key: quoted(known[key]) for key in ("gallery", "photos")}
    told = f"stored for {stored} photos" if usable else "not stored"
    known["exclude"] = ", ".join(known["exclude"]) or "nothing"
    counted = ", ".join(f"{count} {spell_warning(word)}" for word, count in warnings.items()) or "none"
    known["megapixels"] = f"at most {known.pop('max_megapixels'):g} a photo"
    for key, value in (known | {"warnings": counted, "local features": told}).items():
        print_line(f"{key:16}{value}")
