"""The main job, from nothing: a gallery of real photographs, queries made from some, and what is found.

The photographs are those inside the scikit-image package, or a folder of the user's own.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from resight.gallery.schema import FORMAT

BUILD = Path(__file__).resolve().parent.parent / "build" / "demo"
PHOTOS = [
    "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "coffee.png", "coins.png",
    "color.png", "grass.png", "gravel.png", "horse.png", "hubble_deep_field.jpg", "ihc.png", "moon.png",
    "motorcycle_left.png", "motorcycle_right.png", "page.png", "retina.jpg", "rocket.jpg", "text.png",
]  # fmt: skip


def resight(*arguments: object) -> None:
    """Run the command as a user would, and show what was run."""
    sys.stdout.write(f"\n$ resight {' '.join(map(str, arguments))}\n")
    sys.stdout.flush()
    done = subprocess.run([sys.executable, "-m", "resight", *map(str, arguments)], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    """Index, search, verify, and name the page that was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", default="", help="a folder of your own")
    parser.add_argument("--query", default="", help="a photo of your own")
    asked = parser.parse_args()
    if bool(asked.photos) != bool(asked.query):
        parser.error("a folder and a query go together: make demo PHOTOS=folder QUERY=photo")
    BUILD.mkdir(parents=True, exist_ok=True)
    photos, queries = (Path(asked.photos), [Path(asked.query)]) if asked.photos else prepared()
    own = hashlib.sha256(str(photos.resolve()).encode()).hexdigest()[:8]  # a folder, a gallery
    gallery = BUILD / f"{f'own-{own}' if asked.photos else 'gallery'}-{FORMAT}"
    resight("index", photos, "--gallery", gallery, "--local-features")
    pages = []
    for query in queries:
        pages.append(BUILD / f"{query.stem}.html")
        shown = ["-k", 5, "--rerank", "geometry", "--html", pages[-1]]
        resight("search", query, "--gallery", gallery, *shown)
    sys.stdout.write("\nLook at what was found:\n" + "".join(f"  {page}\n" for page in pages))


def prepared() -> tuple[Path, list[Path]]:
    """The photographs of scikit-image in a folder, and queries made from three of them."""
    import skimage
    from PIL import Image

    photos, queries = BUILD / "photos", BUILD / "queries"
    for folder in (photos, queries):
        folder.mkdir(parents=True, exist_ok=True)
    source = Path(skimage.__file__).parent / "data"
    for name in PHOTOS:
        if not (photos / name).exists():
            shutil.copy2(source / name, photos / name)
    with Image.open(photos / "astronaut.png") as photo:
        photo.convert("RGB").crop((130, 0, 400, 300)).save(queries / "crop-of-astronaut.jpg", quality=40)
    with Image.open(photos / "coffee.png") as photo:
        photo.convert("RGB").rotate(20, expand=True).save(queries / "turned-coffee.jpg", quality=60)
    with Image.open(photos / "motorcycle_left.png") as photo:
        photo.convert("RGB").crop((60, 60, 560, 440)).save(queries / "part-of-motorcycle.jpg", quality=30)
    return photos, sorted(queries.glob("*.jpg"))


if __name__ == "__main__":
    main()
