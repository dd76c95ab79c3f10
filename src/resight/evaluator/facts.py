"""What a result says of itself: facts, a hash of its data, and marks of what is not by the protocol."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import resight
from resight.dataset import Dataset
from resight.evaluator.answers import Answer, mean
from resight.evaluator.overlap import distractors_in_set, distractors_twice, twins_apart
from resight.evaluator.pool import Pool
from resight.evaluator.scoring import has_truth
from resight.gallery import Gallery
from resight.gallery.check import unverifiable
from resight.methods import Method

LISTED = 3  # names in a sentence about many


def facts(pool: Pool, opened: Gallery, galleries: Sequence[Gallery], fit_from: str) -> dict[str, Any]:
    """Plain values; `fit_from` is what the user named, "" for a fit on the photos themselves."""
    data = pool.data
    return {
        "protocol": data.protocol,
        "queries": sum(has_truth(data, question) for question in data.questions),
        "photos": len(data.database),
        "distractors": pool.distractors,
        "fit": _fit(opened, fit_from),
        "sentence": opened.recipe.sentence(),
        "fingerprint": opened.fingerprint,
        "data_hash": data_hash(pool, opened, galleries),
        "distractor_roots": [str(root) for root in pool.roots],
        "turns": dict(data.turns),
        "version": resight.__version__,
    }


def _fit(opened: Gallery, fit_from: str) -> str:
    if not fit_from:
        return opened.fit.replace("of this gallery", "of its own")
    photos = opened.live.provenance["photos"] if opened.live else 0
    return f"fitted on {photos} photos of {fit_from}"


def data_hash(pool: Pool, opened: Gallery, galleries: Sequence[Gallery]) -> str:
    """Of the contents of all photos, their turns, which are ranked, and what each query should find."""
    data, digest = pool.data, hashlib.sha256()
    contents = dict(opened.connection.execute("SELECT id, sha256 FROM images"))
    digest.update(f"{sorted(data.turns.items())} {data.keeps_query} {len(data.photos)}".encode())
    digest.update(np.sort(data.database).tobytes())
    for image in pool.image_of.tolist():
        digest.update(contents.get(image, b"none"))
    for gallery in galleries:
        for (content,) in gallery.connection.execute("SELECT sha256 FROM images ORDER BY sha256"):
            digest.update(content)
    for question in data.questions:
        box = dataclasses.astuple(question.box) if question.box else ""
        digest.update(f"{question.photo} {box}".encode())
        for name, truth in question.truths.items():
            digest.update(name.encode() + np.sort(truth.positive).tobytes())
            digest.update(b"|" + np.sort(truth.junk).tobytes())
    return digest.hexdigest()[:16]


def marks(
    pool: Pool,
    opened: Gallery,
    galleries: Sequence[Gallery],
    shared: str,
    answers: Sequence[Answer],
    wanted: Sequence[Method],
) -> Iterator[str]:
    """What was not as the protocol wants it; `shared`, in words: what it was fitted on and is ranked."""
    data = pool.data
    yield from data.marks
    if shared:
        yield f"fitted on {shared}"
    yield from _lost(data, pool)
    empty = sum(not has_truth(data, question) for question in data.questions)
    if empty:
        yield f"{empty} of {len(data.questions)} queries have nothing to find and are left out"
    failed = [f"{answer.query}: {_clause(answer.failure)}" for answer in answers if answer.failure]
    if failed:
        yield f"{len(failed)} queries could not be described and count as found last ({_some(failed)})"
    yield from _copies(answers)
    both = distractors_in_set(data, pool.image_of, opened, galleries)
    if both:
        yield f"{both} photos of the set are among the distractors, too, and count as wrong there"
    twice = distractors_twice(data, pool.image_of, galleries)
    if twice:
        yield f"{twice} distractors have the very content of another one, and count twice"
    verifying = list(dict.fromkeys(each.name for each in wanted if "local_features" in each.needs))
    gone = sum(map(unverifiable, (opened, *galleries))) if verifying else 0
    if gone:
        by = " and ".join(verifying)
        yield f"{gone} photos are gone or have changed, so that {by} cannot verify them"
    twins = twins_apart(data, pool.image_of)
    if twins:
        yield f"{twins} photos have the very content of one that shows something else"


def _copies(answers: Sequence[Answer]) -> Iterator[str]:
    """Queries that should find their own picture, and the mean of the first measure without them."""
    easy = [answer for answer in answers if answer.copies]
    if not easy:
        return
    others = mean(tuple(answer for answer in answers if not answer.copies))
    by = next(iter(others), "")
    without = f"; {by} is {others[by]:.4f} without these queries" if others else ""
    pairs = [f"{answer.photo} and {answer.copies[0]}" for answer in easy]
    yield (
        f"{len(easy)} of {len(answers)} queries should find a copy of their own photo, the same picture in "
        f"another encoding or size ({_some(pairs)}){without}"
    )


def _lost(data: Dataset, pool: Pool) -> Iterator[str]:
    missing = np.flatnonzero(pool.image_of < 0).tolist()
    own = [data.photos[i] for i in missing if i < len(data.photos)]
    if own:
        yield f"{len(own)} photos could not be described ({_some(own)})"
    if len(missing) > len(own):
        yield f"{len(missing) - len(own)} distractors could not be described"


def _clause(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
