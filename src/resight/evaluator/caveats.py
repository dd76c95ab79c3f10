"""What a result must say of itself: each function finds one thing that is not as the protocol wants it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from resight.dataset import Dataset
from resight.evaluator.answers import QueryResult, mean
from resight.evaluator.bench import Bench
from resight.evaluator.candidates import HEAD
from resight.evaluator.overlap import count_duplicates_apart, distractors_in_set, distractors_twice
from resight.evaluator.scoring import has_truth
from resight.gallery.check import unverifiable

LISTED = 3  # names in a sentence about many

Caveat = Callable[[Bench, Sequence[QueryResult]], str | None]


def list_caveats(bench: Bench, answers: Sequence[QueryResult]) -> tuple[str, ...]:
    """Those of the data set, then what each function of this file finds."""
    found = (caveat(bench, answers) for caveat in CAVEATS)
    return (*bench.data.caveats, *(each for each in found if each))


def fitted_on_ranked(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """Photos that the recipe was fitted on, and that are ranked."""
    return f"fitted on {bench.shared}" if str(bench.shared) else None


def found_by_an_index(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """The first of each ranking come from an index, which may miss some."""
    told = [store.about for store in bench.candidates.stores if not store.exact]
    return f"the first {HEAD} of each ranking were found by an index ({'; '.join(told)})" if told else None


def photos_not_described(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """Photos of the data set that are in no ranking, since nothing could be made of them."""
    own = bench.candidates.image_of[: len(bench.data.photos)]
    return name_missing(bench.data, np.flatnonzero(own < 0).tolist(), "could not be described")


def distractors_not_described(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """The same of distractors."""
    lost = int((bench.candidates.image_of[len(bench.data.photos) :] < 0).sum())
    return f"{lost} distractors could not be described" if lost else None


def nothing_to_find(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """Queries that are not asked."""
    return count_without_truth(bench.data)


def queries_not_described(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """Queries for which all that they should find counts as found last."""
    failed = [f"{answer.query}: {_clause(answer.failure)}" for answer in answers if answer.failure]
    if not failed:
        return None
    return f"{len(failed)} queries could not be described and count as found last ({_some(failed)})"


def copies_to_find(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """Queries that should find their own picture, and the mean of the first measure without them."""
    easy = [answer for answer in answers if answer.copies]
    if not easy:
        return None
    others = mean(tuple(answer for answer in answers if not answer.copies))
    by = next(iter(others), "")
    without = f"; {by} is {others[by]:.4f} without these queries" if others else ""
    pairs = [f"{answer.photo} and {answer.copies[0]}" for answer in easy]
    return (
        f"{len(easy)} of {len(answers)} queries should find a copy of their own photo, the same picture in "
        f"another encoding or size ({_some(pairs)}){without}"
    )


def photos_among_distractors(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """Right photos may stand among the distractors, where they count as wrong."""
    both = distractors_in_set(bench.data, bench.candidates.image_of, bench.own, bench.others)
    return (
        f"{both} photos of the set are among the distractors, too, and count as wrong there" if both else None
    )


def repeated_distractors(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """A distractor that is there twice takes two places in a ranking."""
    twice = distractors_twice(bench.data, bench.candidates.image_of, bench.others)
    return f"{twice} distractors have the very content of another one, and count twice" if twice else None


def photos_not_verified(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """Photos whose local features are needed, and cannot be computed any more."""
    verifying = list(dict.fromkeys(each.name for each in bench.rerankers if "local_features" in each.needs))
    gone = sum(map(unverifiable, (bench.own, *bench.others))) if verifying else 0
    if not gone:
        return None
    return f"{gone} photos are gone or have changed, so that {' and '.join(verifying)} cannot verify them"


def duplicates_apart(bench: Bench, answers: Sequence[QueryResult]) -> str | None:
    """One content that is right for a query under one name, and wrong under another."""
    apart = count_duplicates_apart(bench.data, bench.candidates.image_of)
    return f"{apart} photos have the very content of one that shows something else" if apart else None


CAVEATS: tuple[Caveat, ...] = (
    fitted_on_ranked,
    found_by_an_index,
    photos_not_described,
    distractors_not_described,
    nothing_to_find,
    queries_not_described,
    copies_to_find,
    photos_among_distractors,
    repeated_distractors,
    photos_not_verified,
    duplicates_apart,
)


def count_without_truth(data: Dataset) -> str | None:
    """Says how many queries of a data set have nothing to find; None if all have something."""
    empty = sum(not has_truth(data, question) for question in data.questions)
    if not empty:
        return None
    return f"{empty} of {len(data.questions)} queries have nothing to find and are left out"


def name_missing(data: Dataset, numbers: Sequence[int], what: str) -> str | None:
    """Says of how many photos, and of which first, something is true; None for no photo."""
    names = [data.photos[number] for number in numbers]
    return f"{len(names)} photos {what} ({_some(names)})" if names else None


def _clause(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
