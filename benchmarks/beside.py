"""Commands beside an earlier commit, in turn: `beside.py --before TREE`, into results/beside.csv.

- index: seconds, seconds of all cores and peak memory of `resight index` on the same photos, at two sizes;
- cold: a gallery of random vectors, the command started anew: a stored image, and a new photo;
- search: the whole search of a million vectors, by each tree's own `benchmarks/search.py --in`.
Each tree has galleries of its own. Medians of interleaved rounds; a first round of each is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import record
from shared_data import needed_data

HERE = Path(__file__).resolve().parent.parent
FILL = "import sys; sys.path.insert(0, 'benchmarks'); from pathlib import Path; import search; "
FILL += "search.filled(Path(sys.argv[1]), int(sys.argv[2]))"


def run(tree: Path, *arguments: object) -> tuple[dict[str, float], str]:
    """What a process of Python with a tree's Resight took, and what it printed."""
    begun = time.perf_counter()
    line = [sys.executable, *map(str, arguments)]
    process = subprocess.Popen(
        line, cwd=tree, env=os.environ | {"PYTHONPATH": str(tree / "src")}, stdout=subprocess.PIPE, text=True
    )
    printed = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{line} failed in {tree}.")
    took = {
        "seconds": time.perf_counter() - begun,
        "cores": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }
    return took, printed


def put(what: str, columns: dict[str, list[dict[str, float]]], asked: argparse.Namespace) -> None:
    """A row for each measure: both medians and their ratio, and which commit was the one before."""
    line = ["git", "-C", str(asked.before), "rev-parse", "--short", "HEAD"]
    beside = subprocess.run(line, capture_output=True, text=True).stdout.strip()
    for measure in columns["now"][0]:
        before, now = (statistics.median(row[measure] for row in columns[tree]) for tree in ("before", "now"))
        row = {"what": what, "measure": measure, "beside": beside, "rounds": asked.rounds}
        row |= {"before": f"{before:.4g}", "now": f"{now:.4g}", "ratio": f"{now / before:.3f}"}
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()
        record("beside", row, ("what", "measure", "beside"))


def indexing(trees: dict[str, Path], folder: Path, data: Path, size: int, asked: argparse.Namespace) -> None:
    """Index the same photos into a new gallery, a round of each tree after the other."""
    recipe, photos = folder / f"{size}.toml", folder / "photos"
    shipped = (HERE / "src/resight/recipes/rmac-lite0.toml").read_text(encoding="utf8")
    shipped = shipped.replace('"rmac-lite0"', f'"rmac-{size}"').replace("[640]", f"[{size}]")
    recipe.write_text(shipped, encoding="utf8")
    if not photos.exists():
        photos.mkdir()
        for path in sorted((data / "distractors/imagenet_samples").glob("*.jpg"))[: asked.photos]:
            (photos / path.name).symlink_to(path.resolve())
    columns: dict[str, list[dict[str, float]]] = {which: [] for which in trees}
    for round_ in range(asked.rounds + 1):
        for which in list(trees) if round_ % 2 else list(trees)[::-1]:
            gallery = folder / f"{size}-{which}-{round_}"
            took, _ = run(
                trees[which], "-m", "resight", "index", photos, "--gallery", gallery, "--recipe", recipe
            )
            columns[which] += [took] if round_ else []
    put(f"index at {size} px", columns, asked)


def cold(trees: dict[str, Path], folder: Path, data: Path, asked: argparse.Namespace) -> None:
    """The whole command, for a stored image and for a photo that the gallery has not seen."""
    galleries = {which: folder / f"cold-{which}" for which in trees}
    for which, tree in trees.items():
        run(tree, "-c", FILL, galleries[which], asked.cold)
    import skimage

    stored = Path(skimage.__file__).parent / "data/coffee.png"
    new = sorted((data / "distractors/imagenet_samples").glob("*.jpg"))[-1].resolve()
    for what, query in (("a stored image", stored), ("a new photo", new)):
        columns: dict[str, list[dict[str, float]]] = {which: [] for which in trees}
        for round_ in range(asked.rounds + 1):
            for which in list(trees) if round_ % 2 else list(trees)[::-1]:
                took, _ = run(
                    trees[which], "-m", "resight", "search", query, "--gallery", galleries[which], "--json"
                )
                columns[which] += [took] if round_ else []
        put(f"cold search by {what}", columns, asked)


def searching(trees: dict[str, Path], folder: Path, asked: argparse.Namespace) -> None:
    """A search of all rows, inside a process that has the gallery open."""
    galleries = {which: folder / f"search-{which}" for which in trees}
    for which, tree in trees.items():
        run(tree, "-c", FILL, galleries[which], asked.vectors)
    columns: dict[str, list[dict[str, float]]] = {which: [] for which in trees}
    for round_ in range(asked.rounds + 1):
        for which in list(trees) if round_ % 2 else list(trees)[::-1]:
            _, printed = run(trees[which], "benchmarks/search.py", "--in", galleries[which])
            took = {name: float(json.loads(printed)[name]) for name in ("search_ms", "anonymous_mib")}
            columns[which] += [took] if round_ else []
    put(f"exact search of {asked.vectors}", columns, asked)


def main() -> None:
    """Measure, print, and write results/beside.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True, help="the checkout of an earlier commit")
    parser.add_argument("--photos", type=int, default=150)
    parser.add_argument("--sizes", type=int, nargs="*", default=[640, 1024])
    parser.add_argument("--cold", type=int, default=100_000, help="vectors; 0: not measured")
    parser.add_argument("--vectors", type=int, default=1_000_000, help="0: not measured")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    data = needed_data()
    trees = {"before": asked.before.resolve(), "now": HERE}
    with tempfile.TemporaryDirectory(prefix="resight-beside-") as name:
        for size in asked.sizes:
            indexing(trees, Path(name), data, size, asked)
        if asked.cold:
            cold(trees, Path(name), data, asked)
        if asked.vectors:
            searching(trees, Path(name), asked)


if __name__ == "__main__":
    main()
