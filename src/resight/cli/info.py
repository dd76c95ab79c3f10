"""`resight info`: what a gallery is, and what failed."""

from __future__ import annotations

from typing import Annotated

import typer

from resight.cli._names import quoted
from resight.cli._options import GalleryOption, JsonOption


def info(
    gallery: GalleryOption = None,
    failures: Annotated[
        bool, typer.Option("--failures", help="List the files that failed, and why.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a gallery is: its folder, recipe, fit, and how much is in it."""
    from resight.cli._terminal import print_json, print_line
    from resight.gallery import Gallery, find_gallery

    with Gallery(find_gallery(gallery)) as opened:
        if failures:
            found = {path: why for path, _, why in opened.files() if why}
            if as_json:
                print_json(found)
            else:
                for path, why in found.items():
                    print_line(f"{quoted(path)}: {why}")
            return
        known = {
            "gallery": str(opened.folder.absolute()),
            "photos": str(opened.root),
            "recipe": opened.recipe.name,
            "fit": opened.fit,
            "created": opened.fact("created"),
            "fingerprint": opened.fingerprint,
            **opened.count(),
        }
        stored, usable = opened.local_features.count(), opened.local_features.usable
    if as_json:
        print_json(known | {"local_features": stored if usable else None})
        return
    known |= {key: quoted(known[key]) for key in ("gallery", "photos")}
    told = f"stored for {stored} photos" if usable else "not stored"
    for key, value in (known | {"local features": told}).items():
        print_line(f"{key:16}{value}")
