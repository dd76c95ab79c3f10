"""The picture of the README: queries cut and turned from photographs, and the nearest three of a gallery.

Only photographs that scikit-image names as CC0 or public domain are shown.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import skimage
from PIL import Image, ImageDraw, ImageFont, ImageOps

import resight

HOME = Path(__file__).resolve().parent.parent
FREE = [
    "astronaut.png", "camera.png", "cell.png", "chelsea.png", "coffee.png", "horse.png",
    "hubble_deep_field.jpg", "microaneurysms.png", "retina.jpg", "rocket.jpg", "text.png",
]  # fmt: skip
WIDTH, HEIGHT, GAP, LINE = 230, 170, 14, 22


def main() -> None:
    """Write docs/pictures/found.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=HOME / "docs" / "pictures")
    into = parser.parse_args().into
    build = HOME / "build" / "picture"
    shutil.rmtree(build, ignore_errors=True)
    (build / "photos").mkdir(parents=True)
    for name in FREE:
        shutil.copy2(Path(skimage.__file__).parent / "data" / name, build / "photos" / name)
    resight.index(build / "photos")
    rows = [
        made(build, "chelsea.png", lambda photo: photo.crop((140, 40, 420, 240))),
        made(build, "astronaut.png", lambda photo: photo.crop((130, 0, 400, 260)).rotate(12, expand=True)),
        made(build, "coffee.png", lambda photo: ImageOps.mirror(photo).rotate(-25, expand=True)),
    ]
    sheet = Image.new("RGB", (4 * (WIDTH + GAP) + GAP, len(rows) * (HEIGHT + LINE + GAP) + GAP), "white")
    for row, query in enumerate(rows):
        top = GAP + row * (HEIGHT + LINE + GAP)
        put(sheet, query, "query", GAP, top, "#0969da")
        for hit in resight.search(query, build / "photos" / ".resight", k=3):
            label = f"{hit.rank}   {hit.relative}   {hit.score:.2f}"
            put(sheet, hit.path, label, GAP + hit.rank * (WIDTH + GAP), top, "#d1d9e0")
    target = into / "found.png"
    into.mkdir(parents=True, exist_ok=True)
    sheet.quantize(200).save(target, optimize=True)
    sys.stdout.write(f"Wrote {target}\n")


def made(build: Path, name: str, change: object) -> Path:
    """A query made from a photograph of the gallery."""
    target = build / f"query-{name}.jpg"
    with Image.open(build / "photos" / name) as photo:
        change(photo.convert("RGB")).save(target, quality=50)  # type: ignore[operator]
    return target


def put(sheet: Image.Image, path: Path, label: str, left: int, top: int, frame: str) -> None:
    """A photo in its place of the sheet, framed, with a line below."""
    with Image.open(path) as photo:
        small = ImageOps.contain(photo.convert("RGB"), (WIDTH - 6, HEIGHT - 6))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((left, top, left + WIDTH, top + HEIGHT), outline=frame, width=2)
    sheet.paste(small, (left + (WIDTH - small.width) // 2, top + (HEIGHT - small.height) // 2))
    draw.text((left + 2, top + HEIGHT + 4), label, fill="#1b1f24", font=ImageFont.load_default(13))


if __name__ == "__main__":
    main()
