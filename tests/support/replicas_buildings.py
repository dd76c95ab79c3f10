"""Small copies of the building sets, in the files in which they are distributed, of drawn photos.

Photos of one landmark are parts of one drawn picture; those of two landmarks have nothing in common.
"""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (96, 72)
BOX = (12.5, 9.1, 84.5, 63.7)  # x1 y1 x2 y2
OXFORD = {"all_souls": 13, "ashmolean": 0, "radcliffe_camera": 519}
PARIS = {"defense": 605, "eiffel": 97, "louvre": 1}
DAMAGED = "paris_louvre_000136"
VIEWS = ((0, 0, 1.0), (6, 3, 1.0), (3, 6, 0.9), (20, 15, 0.6))  # left, top and share of the picture


def photo(path: Path, landmark: int, view: int = 0, turn: int = 0) -> Path:
    """One of the views of a landmark; `turn` are degrees counter-clockwise by which the photo lies."""
    rng = np.random.default_rng(landmark)
    patches = Image.fromarray(rng.integers(0, 256, (7, 9, 3), dtype=np.uint8))
    picture = patches.resize((SIZE[0] + 12, SIZE[1] + 12), Image.Resampling.BICUBIC)
    left, top, share = VIEWS[view]
    part = (left, top, left + share * SIZE[0], top + share * SIZE[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.resize(SIZE, Image.Resampling.BICUBIC, box=part).rotate(turn, expand=True).save(path, quality=95)
    return path


def lines(path: Path, texts: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{text}\n" for text in texts).encode())


def names(landmark: str, first: int, prefix: str = "") -> list[str]:
    """Of the four photos of a landmark."""
    return [f"{prefix}{landmark}_{first + view:06d}" for view in range(4)]


def oxford5k(root: Path) -> Path:
    """Three landmarks, two queries each, and three photos of something else."""
    for number, (landmark, first) in enumerate(OXFORD.items()):
        four = names(landmark, first)
        for view, name in enumerate(four):
            photo(root / "oxbuild_images" / f"{name}.jpg", number, view)
        _truth(root / "gt_files_170407", landmark, four, "oxc1_")
    for number in range(3):
        photo(root / "oxbuild_images" / f"oxford_{number:06d}.jpg", 90 + number)
    return root


def paris6k(root: Path) -> Path:
    """Three landmarks in folders, two queries each, and a damaged photo, which is named as junk."""
    for number, (landmark, first) in enumerate(PARIS.items()):
        four = names(landmark, first, "paris_")
        for view, name in enumerate(four):
            photo(root / "paris" / landmark / f"{name}.jpg", 10 + number, view)
        _truth(root / "paris_120310", landmark, four, "", [DAMAGED] if landmark == "louvre" else [])
    photo(root / "paris" / "general" / "paris_general_000001.jpg", 95)
    lines(root / "paris" / "louvre" / f"{DAMAGED}.jpg", ["<html>302 Found</html>"])
    return root


def _truth(folder: Path, landmark: str, four: list[str], prefix: str, junk: Sequence[str] = ()) -> None:
    """The first two photos are queries, and good; the third is ok, the fourth junk."""
    for number in (1, 2):
        box = " ".join(map(str, BOX))
        lines(folder / f"{landmark}_{number}_query.txt", [f"{prefix}{four[number - 1]} {box}"])
        lines(folder / f"{landmark}_{number}_good.txt", four[:2])
        lines(folder / f"{landmark}_{number}_ok.txt", four[2:3])
        lines(folder / f"{landmark}_{number}_junk.txt", [*four[3:], *junk])


def roxford5k(root: Path) -> Path:
    """Three landmarks with a query each, and three photos of something else."""
    return _revisited(root, "roxford5k", {name: names(name, first) for name, first in OXFORD.items()}, 0)


def rparis6k(root: Path) -> Path:
    """Likewise, of Paris."""
    four = {name: names(name, first + 400, "paris_") for name, first in PARIS.items()}
    return _revisited(root, "rparis6k", four, 10)


def _revisited(root: Path, name: str, landmarks: dict[str, list[str]], seed: int) -> Path:
    """Of four photos the first is the query, the others are easy, hard and junk; the last has no easy one."""
    searched, asked, truth = [], [], []
    for number, four in enumerate(landmarks.values()):
        for view, each in enumerate(four):
            photo(root / "jpg" / f"{each}.jpg", seed + number, view)
        at, easy = len(searched), number < len(landmarks) - 1
        searched += four[1:]
        asked.append(four[0])
        truth.append(
            {
                "bbx": list(BOX),
                "easy": np.arange(at, at + easy),
                "hard": np.arange(at + easy, at + 2),
                "junk": np.array([at + 2]),
            }
        )
    for number in range(3):
        searched.append(f"other_{number:06d}")
        photo(root / "jpg" / f"other_{number:06d}.jpg", 90 + number)
    content = {"imlist": searched, "qimlist": asked, "gnd": truth}
    (root / f"gnd_{name}.pkl").write_bytes(pickle.dumps(content, 3))
    return root


def revisitop1m(root: Path) -> Path:
    """Six photos in two folders, and the list of them."""
    paths = [f"{number % 2:x}a/{number:08x}.jpg" for number in range(6)]
    for number, path in enumerate(paths):
        photo(root / "jpg" / path, 200 + number)
    lines(root / "revisitop1m.txt", paths)
    return root


def holidays(root: Path) -> Path:
    """Three groups; the query of the third lies on its side, as the list of turns knows."""
    for group, count in ((1000, 3), (1001, 2), (1006, 2)):
        for number in range(count):
            lies = 90 if (group, number) == (1006, 0) else 0
            photo(root / "jpg" / f"{group}{number:02d}.jpg", 300 + group, number, lies)
    return root
