"""The picture of docs/page.md: a search in the page, as Chromium shows it.

Only photographs that scikit-image names as CC0 or public domain are shown; the gallery is of parts of them,
turned, darkened, mirrored or seen from the side. Chromium must be installed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import numpy as np
from pictures import CHANGES, SIDE
from PIL import Image
from playwright.sync_api import sync_playwright

from picture import FREE, HOME

SIZE = {"width": 1280, "height": 800}
QUERY = "coffee"
BOX = (0.2, 0.08, 0.86, 0.9)  # in shares of the photo


def main() -> None:
    """Write docs/pictures/page.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=HOME / "docs" / "pictures")
    into = parser.parse_args().into
    photos = album(HOME / "build" / "page" / "photos")
    resight = [sys.executable, "-m", "resight"]
    subprocess.run([*resight, "index", str(photos), "--recipe", "sift-vlad", "--local-features"], check=True)
    command = [*resight, "serve", str(photos), "--port", "0", "--writable"]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service,
        sync_playwright() as playwright,
    ):
        try:
            address = next(
                found[0] for line in service.stderr or () if (found := re.search("http://.*/", line))
            )
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox", "--disable-gpu"]
            )
            shot(browser.new_page(viewport=SIZE), address, into / "page.png")
            browser.close()
        finally:
            service.terminate()
    with Image.open(into / "page.png") as picture:
        picture.convert("RGB").quantize(256).save(into / "page.png", optimize=True)
    sys.stdout.write(f"Wrote {into / 'page.png'}\n")


def album(root: Path) -> Path:
    """Four photos of each photograph, and enough parts of them that chance can be told."""
    import skimage

    shutil.rmtree(root, ignore_errors=True)
    for name in FREE:
        with Image.open(Path(skimage.__file__).parent / "data" / name) as photo:
            pixels = np.array(photo.convert("RGB"))
        stem = name.partition(".")[0]
        for number, change in enumerate(CHANGES):
            keep(change(pixels), root / stem / f"{stem}-{number + 1}.jpg")
        if stem != QUERY:  # what is searched for must be rare, or chance cannot be told from it
            for number, piece in enumerate(pieces(pixels)):
                keep(piece, root / "details" / f"{stem}-{number + 1:02d}.jpg")
    return root


def pieces(pixels: Any) -> list[Any]:
    """The sixteenths of a photograph."""
    return [column for row in np.array_split(pixels, 4) for column in np.array_split(row, 4, axis=1)]


def keep(pixels: Any, path: Path) -> None:
    """A photo of the album."""
    path.parent.mkdir(parents=True, exist_ok=True)
    photo = Image.fromarray(pixels)
    photo.thumbnail((SIDE, SIDE))
    photo.save(path, quality=88)


def shot(page: Any, address: str, target: Path) -> None:
    """The page after a search for a box, verified by geometry."""
    under = urllib.parse.urlencode({"under": QUERY, "limit": 1})
    name = page.request.get(f"{address}v1/galleries").json()["galleries"][0]["name"]
    (photo,) = page.request.get(f"{address}v1/galleries/{name}/images?{under}").json()["images"]
    page.goto(f"{address}?image={photo['id']}&box={','.join(map(str, BOX))}&rerank=geometry")
    page.locator(".column .tile").first.wait_for(timeout=120_000)
    page.locator("#cutout").wait_for()
    page.wait_for_timeout(3000)
    page.screenshot(path=target)


if __name__ == "__main__":
    main()
