"""Whether the promise of false positives holds for queries of another set: results/false_positives.csv.

Photos of `imagenet_samples` ask galleries of covers, groceries and logos, each fitted on itself as a user's
is. None shows what is in a gallery, so a share of them as large as the stated probability may get a hit.
Queries are in two halves by a hash of their names: with the shipped recipe the method may be looked at on the
first alone (`developed`), the other is reported. With `--others` the photos of other distractors ask; nothing
was chosen on these. Intervals are Wilson's, of 95 %. `kept_1 %`: how many of the gallery's own photos whose
first hit is true keep it at a stated 1 %. The picture has the measured share over the stated one.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

import numpy as np

from record import RESULTS, record
from resight.errors import BadImage, BadQuery
from resight.gallery import Gallery, Snapshot
from resight.indexer import index
from resight.recipe import Recipe
from resight.searcher import Searcher
from resight.types import Ranking
from shared_data import needed_data, truth

SETS, OTHERS = ("dvd_covers", "groceries", "logos"), ("imagenet_samples", "grocery_produce", "logos")
LEVELS = (0.05, 0.01, 0.001)
RERANKED = {"": (), "geometry": ("geometry",)}


def is_developed_on(name: str) -> bool:
    """Whether the method may have been looked at with this query."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = 1.96, hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * np.sqrt(share * (1 - share) / total + z * z / (4 * total**2))
    return float(middle - half), float(middle + half)


def least(found: Ranking) -> float:
    """The false positives of the best hit that is not the query itself."""
    return min(
        (hit.false_positives for hit in found if not hit.self and hit.false_positives is not None), default=1
    )


def ask(searcher: Searcher, photos: list[Path], rerank: tuple[str, ...]) -> dict[str, float]:
    """By the name of each query that can be read: the false positives of its best hit."""
    found = {}
    for photo in photos:
        try:
            found[photo.name] = least(searcher.search(photo, 10, rerank=rerank))
        except (BadQuery, BadImage):
            continue
    return found


def kept(
    searcher: Searcher, snapshot: Snapshot, labels: dict[str, str], rerank: tuple[str, ...]
) -> tuple[int, int]:
    """Of the gallery's own photos: how many have a true first hit, and how many of these keep it at 1 %."""
    first = still = 0
    for name, label in labels.items():
        hits = [
            hit for hit in searcher.search(snapshot.catalogue.root / name, 4, rerank=rerank) if not hit.self
        ]
        if hits and labels.get(hits[0].relative) == label:
            first += 1
            still += (hits[0].false_positives if hits[0].false_positives is not None else 1) <= 0.01
    return first, still


def measured(data: Path, name: str, asked: argparse.Namespace) -> dict[tuple[str, str], np.ndarray]:
    """A gallery, asked: rows are recorded; by re-ranker and half the probabilities of the best hits."""
    photos = sorted((data / "distractors" / asked.others).rglob("*.*"))[: asked.queries or None]
    curves = {}
    with tempfile.TemporaryDirectory() as folder:
        index(data / name, Path(folder) / "g", recipe=Recipe.load(asked.recipe), local_features=True)
        with Gallery(Path(folder) / "g") as gallery, gallery.snapshot() as snapshot:
            searcher = Searcher(gallery)
            for words in asked.rerank:
                rerank = RERANKED[words]
                found = ask(searcher, photos, rerank)
                first, still = kept(searcher, snapshot, truth(data / name), rerank)
                for half in ("developed", "other"):
                    chosen = np.array(
                        [p for n, p in found.items() if is_developed_on(n) == (half == "developed")]
                    )
                    curves[words, half] = chosen
                    row: dict[str, object] = {"recipe": asked.recipe, "set": name, "queries_of": asked.others}
                    row |= {"rerank": words, "half": half}
                    row |= {"images": snapshot.catalogue.count_images(), "queries": len(chosen)}
                    for level in LEVELS:
                        hits = int((chosen <= level).sum())
                        low, high = wilson(hits, len(chosen))
                        row[f"stated {100 * level:g} %"] = (
                            f"{hits / len(chosen):.4f} ({low:.4f} to {high:.4f})"
                        )
                    row |= {"true_first": first, "kept_1 %": f"{still / max(1, first):.4f}"}
                    record("false_positives", row, ("recipe", "set", "queries_of", "rerank", "half"))
                    sys.stdout.write(", ".join(f"{key} {value}" for key, value in row.items()) + "\n")
                    sys.stdout.flush()
    return curves


def draw(curves: dict[str, np.ndarray], path: Path) -> None:
    """The measured share over the stated one, both in logarithms."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((5, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="stated", ylabel="measured")
    stated = np.geomspace(1e-3, 1, 100)
    axes.plot(stated, stated, color="black", linewidth=0.8)
    axes.fill_between(stated, stated / 2, np.minimum(1, stated * 2), color="black", alpha=0.08)
    for name, values in curves.items():
        axes.plot(stated, [(values <= level).mean() or np.nan for level in stated], label=name)
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure, print, and write results/false_positives.csv and .png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    parser.add_argument("--others", default=OTHERS[0], choices=OTHERS, help="whose photos ask")
    parser.add_argument("--rerank", nargs="*", default=list(RERANKED), choices=list(RERANKED))
    parser.add_argument("--queries", type=int, default=0, help="only so many; 0: all")
    asked = parser.parse_args()
    data = needed_data()
    curves = {}
    for name in asked.sets:
        for (rerank, half), values in measured(data, name, asked).items():
            if half == "other":
                curves[f"{name}, {rerank}" if rerank else name] = values
    if asked.others == OTHERS[0]:
        draw(curves, RESULTS / "false_positives.png")


if __name__ == "__main__":
    main()
