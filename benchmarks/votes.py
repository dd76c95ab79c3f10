"""The default with verified photos beside votes of ORB points, on the same queries: results/votes.csv.

Votes are what people build without a network: 1000 ORB points a photo in one index, each point of the query
votes for the photos of its nearest points among all others, by Hamming distance. 60 covers, chosen by a
fixed hash, look among all covers and 400 photos of ImageNet; mAP by the finite sum. What `default` gains over
the votes is the mean of the paired differences, with its 95 % interval.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from record import record
from reranking import dataset
from resight.dataset import Dataset
from resight.evaluator import evaluate
from resight.metrics import average_precision
from resight.metrics.comparison import paired
from resight.recipe import Recipe
from sets import labelled
from shared_data import needed_data

QUERIES, POINTS, NEAREST = 60, 1000, 5
ROWS = 200_000  # that OpenCV takes at once: 2^18 and more end in a failed assertion (5.0.0)
CHAINS = (["geometry:top=100"], ["geometry:top=100,expand=true"])
SET = "dvd_covers"


def described(paths: Sequence[Path]) -> list[NDArray[np.uint8]]:
    """The (N, 32) bits of each photo's points, at its own size."""
    detector, found = cv2.ORB_create(nfeatures=POINTS), []
    for path in paths:
        _, bits = detector.detectAndCompute(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), None)
        found.append(np.empty((0, 32), np.uint8) if bits is None else bits)
    return found


def votes(query: int, photos: Sequence[NDArray[np.uint8]]) -> NDArray[np.int64]:
    """How many votes each photo has; the query none."""
    others = np.concatenate([bits for number, bits in enumerate(photos) if number != query])
    owners = np.concatenate([np.full(len(bits), n) for n, bits in enumerate(photos) if n != query])
    matcher, near = cv2.BFMatcher(cv2.NORM_HAMMING), [[] for _ in photos[query]]
    for first in range(0, len(others), ROWS):
        for point, found in enumerate(
            matcher.knnMatch(photos[query], others[first : first + ROWS], k=NEAREST)
        ):
            near[point] += [(match.distance, int(owners[first + match.trainIdx])) for match in found]
    counted = np.zeros(len(photos), np.int64)
    for found in near:
        for owner in {owner for _, owner in sorted(found)[:NEAREST]}:  # a point votes once for a photo
            counted[owner] += 1
    return counted


def by_votes(asked: Sequence[int], labels: Sequence[str], paths: Sequence[Path]) -> list[float]:
    """The average precision of each query."""
    photos, names, found = described(paths), np.array(labels), []
    for query in asked:
        order = np.argsort(-votes(query, photos), kind="stable")
        ranks = np.flatnonzero((names[order] == names[query])[order != query])
        found.append(average_precision(ranks, len(ranks)))
    return found


def few(data: Dataset) -> Dataset:
    """The set with 60 of its queries."""
    chosen = sorted(data.questions, key=lambda q: hashlib.sha256(data.photos[q.photo].encode()).digest())
    return dataclasses.replace(data, questions=tuple(sorted(chosen[:QUERIES], key=lambda q: q.photo)))


def main() -> None:
    """Measure, print, and write results/votes.csv."""
    root = needed_data()
    own = labelled(root, f"{SET}+400")
    data = few(dataset(root, SET))
    place = {path: number for number, path in enumerate(own.paths)}
    asked = [place[data.root / data.photos[question.photo]] for question in data.questions]
    before = by_votes(asked, own.labels, own.paths)
    keep("votes of ORB points", before, before)
    with_distractors = linked([p for p, label in zip(own.paths, own.labels, strict=True) if not label])
    for chain in CHAINS:
        found = evaluate(
            Recipe.load("default"), data, distractors=[with_distractors], allow_overlap=True, rerank=chain
        )
        keep(f"default, {chain[0]}", [answer.values["map"] for answer in found.answers], before)


def linked(paths: Sequence[Path]) -> Path:
    """A folder of links to the distractors, at a place that is the same in every run."""
    key = hashlib.sha256("".join(map(str, paths)).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"resight-benchmark-distractors-{key}"
    folder.mkdir(exist_ok=True)
    for path in paths:
        if not (folder / path.name).is_symlink():
            (folder / path.name).symlink_to(path.resolve())
    return folder


def keep(name: str, values: Sequence[float], before: Sequence[float]) -> None:
    """Print a row, and record it."""
    gain = paired(before, values)
    row = {"system": name, "queries": len(values), "map": f"{np.mean(values):.4f}", "p": f"{gain.p:.4f}"}
    row |= {"gain": f"{gain.mean:.4f}", "low": f"{gain.low:.4f}", "high": f"{gain.high:.4f}"}
    record("votes", row, ("system",))
    sys.stdout.write(f"{row}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
