"""What a result says of itself: how it was measured, and a hash of the data that it was measured on."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from resight.dataset import Dataset
from resight.evaluator.bench import Bench
from resight.evaluator.candidates import Candidates
from resight.evaluator.scoring import has_truth
from resight.gallery import Snapshot
from resight.version import __version__


def list_facts(bench: Bench) -> dict[str, Any]:
    """Plain values."""
    data, candidates, opened = bench.data, bench.candidates, bench.own
    return {
        "protocol": data.protocol,
        "queries": sum(has_truth(data, question) for question in data.questions),
        "photos": len(data.database),
        "distractors": candidates.distractors,
        "fit": _fit(opened, bench.fit_from),
        "sentence": opened.recipe.sentence(),
        "fingerprint": opened.fingerprint,
        "data_hash": data_hash(candidates, opened, bench.others),
        "distractor_roots": [str(root) for root in candidates.roots],
        "turns": dict(data.turns),
        "version": __version__,
    }


def _fit(opened: Snapshot, fit_from: str) -> str:
    if not fit_from:
        return opened.fit.replace("of this gallery", "of its own")
    photos = opened.generation.provenance["photos"] if opened.generation else 0
    return f"fitted on {photos} photos of {fit_from}"


def data_hash(candidates: Candidates, opened: Snapshot, galleries: Sequence[Snapshot]) -> str:
    """Of the contents of all photos, their turns, which are ranked, and what each query should find."""
    data, digest = candidates.data, hashlib.sha256()
    contents = {image: content for image, (content, _) in opened.catalogue.contents().items()}
    digest.update(f"{sorted(data.turns.items())} {data.keeps_query} {len(data.photos)}".encode())
    digest.update(np.sort(data.database).tobytes())
    for image in candidates.image_of.tolist():
        digest.update(contents.get(image, b"none"))
    for gallery in galleries:
        for content, _ in sorted(gallery.catalogue.contents().values()):
            digest.update(content)
    digest.update(truth_bytes(data))
    return digest.hexdigest()[:16]


def truth_bytes(data: Dataset) -> bytes:
    """What each query is, and what it should find, for a hash."""
    parts = []
    for question in data.questions:
        box = dataclasses.astuple(question.box) if question.box else ""
        parts.append(f"{question.photo} {box}".encode())
        for name, truth in question.truths.items():
            parts.append(name.encode() + np.sort(truth.positive).tobytes())
            parts.append(b"|" + np.sort(truth.junk).tobytes())
    return b"".join(parts)
