"""Asks every query of a bench, and measures what is found by the protocol."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence

from resight.dataset import BenchmarkQuery, Dataset
from resight.errors import BadImage, BadQuery
from resight.evaluator.answers import Evaluation, QueryResult, mean, spread
from resight.evaluator.bench import Bench
from resight.evaluator.caveats import list_caveats
from resight.evaluator.copies import find_copies
from resight.evaluator.facts import list_facts
from resight.evaluator.journal import Journal
from resight.evaluator.scoring import has_truth, score_failure, score_query
from resight.progress import Progress, Silent, Stopped
from resight.ranking import Numbers
from resight.searcher.reranking import reranked

Timed = tuple[QueryResult, float | None]
"""A result, and the seconds that the query took; None for one that could not be described."""


def ask(bench: Bench, progress: Progress | None = None, fresh: bool = False) -> Evaluation:
    """The result of every query that has something to find.

    An evaluation that was stopped goes on, unless it is to begin `fresh`. Raises Stopped.
    """
    progress, data = progress or Silent(), bench.data
    copies = find_copies(bench.candidates, bench.own, bench.folder, bench.workers, progress)
    facts = list_facts(bench)
    journal = Journal(bench.folder, [facts["data_hash"], bench.own.fingerprint, *_depends_on(bench)])
    if fresh:
        journal.forget()
    timed = _ask_all(bench, journal, progress)
    answers = tuple(_with_copies(data, [answer for answer, _ in timed], copies))
    facts |= {
        "rerank": list(bench.rerank),
        "store": [store.about for store in bench.candidates.stores],
        "overlap": bench.shared.tested,
        "deviations": spread(answers),
        "seconds": {
            "describing": round(bench.seconds, 1),
            "a query": statistics.median([seconds for _, seconds in timed if seconds is not None] or [0.0]),
        },
    }
    caveats = list_caveats(bench, answers)
    return Evaluation(
        bench.recipe.name, data.name, str(data.root.resolve()), facts, caveats, mean(answers), answers
    )


def _ask_all(bench: Bench, journal: Journal, progress: Progress) -> list[Timed]:
    asked = [question for question in bench.data.questions if has_truth(bench.data, question)]
    if len(journal):
        progress.say(f"{len(journal)} of {len(asked)} queries were answered before the last stop.")
    progress.start("Queries", len(asked) - len(journal))
    found = []
    for number, question in enumerate(asked):
        one = journal.get(number)
        if one is None:
            if progress.stopping():
                raise Stopped
            one = _ask_one(bench, question)
            journal.add(number, *one)
            progress.step()
        found.append(one)
    journal.end()
    return found


def _ask_one(bench: Bench, question: BenchmarkQuery) -> Timed:
    candidates, begun = bench.candidates, time.monotonic()
    try:
        query = candidates.query(question, lambda: bench.describer)
    except (BadImage, BadQuery) as error:
        return score_failure(bench.data, question, candidates.size, str(error)), None
    ranked = candidates.rank(query.vectors)
    ranked = reranked(ranked, query, candidates.photos, bench.rerankers)
    seconds = time.monotonic() - begun
    return score_query(bench.data, question, candidates.in_photos(ranked, question), candidates.name), seconds


def _with_copies(
    data: Dataset, answers: Sequence[QueryResult], copies: Mapping[int, Numbers]
) -> Iterator[QueryResult]:
    """Answers, in their order, that say which of their right photos are copies of the query."""
    asked = (place for place, question in enumerate(data.questions) if has_truth(data, question))
    for place, answer in zip(asked, answers, strict=True):
        names = tuple(data.photos[number] for number in copies.get(place, ()))
        yield dataclasses.replace(answer, copies=names) if names else answer


def _depends_on(bench: Bench) -> list[str]:
    """In words, beside the hash of the data: all that answers depend on, and the names in them."""
    data, candidates = bench.data, bench.candidates
    roots = map(str, candidates.roots)
    names = [data.name, *roots, *candidates.names, *(question.name for question in data.questions)]
    return [
        candidates.photos.identity,
        *data.measures,
        *(store.about for store in candidates.stores if not store.exact),
        *names,
        *(f"{each.sentence()}{each.origin}" for each in bench.rerankers),
    ]
