"""Measures vectors that anybody has made of the photos of a data set; no gallery, and no photo is read."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resight.dataset import BenchmarkQuery, Dataset
from resight.errors import BadQuery
from resight.evaluator.answers import Evaluation, QueryResult, mean, spread
from resight.evaluator.caveats import count_without_truth, name_missing
from resight.evaluator.deviations import DEVIATIONS
from resight.evaluator.facts import truth_bytes
from resight.evaluator.photo_ranking import PhotoRanking
from resight.evaluator.scoring import has_truth, score_failure, score_query
from resight.evaluator.vector_table import VectorTable, check_rows
from resight.types import Vectors
from resight.version import __version__

PRODUCTS = 16_000_000  # dot products at once: 64 MB


def score_vectors(
    data: Dataset,
    vectors: Sequence[ArrayLike | None],
    queries: Sequence[ArrayLike | None] | None = None,
    name: str = "vectors",
) -> Evaluation:
    """How well vectors find what a data set says they should; nothing is described, and no photo is read.

    `vectors` are those of each photo of `data.photos`, in that order: (R, D), or (D,) for one row; None for a
    photo without any, which is in no ranking. `queries` are those of each query of `data.questions`, where a
    query is cropped; by default a query is its photo, which is said where it has a box. A photo's score is
    the highest dot product of any of its rows with any of the query's, so rows are of unit length where the
    cosine is meant; equal scores keep the order of the photos. `name` stands where a result has its recipe.

    Protocols, junk and measures are those of `evaluate`. Whether queries should find copies of themselves is
    not looked for, and the result carries a hash of names and truth, not of contents: it is compared with
    other results of this function. Raises BadQuery for vectors that do not fit.
    """
    table = VectorTable.of(data, vectors)
    own = _rows_of_queries(data, vectors, queries)
    asked = [i for i, question in enumerate(data.questions) if has_truth(data, question)]
    if not asked:
        raise BadQuery(f"The data set {data.name} has no query with anything to find.")
    begun = time.monotonic()
    answers = tuple(_answer_all(data, table, own, asked))
    seconds = (time.monotonic() - begun) / len(asked)
    facts = _facts(data, table, own, len(asked)) | {
        "deviations": spread(answers),
        "seconds": {"describing": 0.0, "a query": seconds},
    }
    caveats = _list_caveats(data, table, answers, cropped=queries is not None)
    return Evaluation(name, data.name, str(data.root.resolve()), facts, caveats, mean(answers), answers)


def _rows_of_queries(
    data: Dataset, vectors: Sequence[ArrayLike | None], queries: Sequence[ArrayLike | None] | None
) -> list[Vectors | None]:
    """The rows of each query of the data set, its own or those of its photo."""
    if queries is None:
        return [check_rows(vectors[each.photo], data.photos[each.photo]) for each in data.questions]
    if len(queries) != len(data.questions):
        raise BadQuery(
            f"The data set {data.name} has {len(data.questions)} queries, and there are vectors of "
            f"{len(queries)}: give them in the order of its queries, and None for one without any."
        )
    pairs = zip(queries, data.questions, strict=True)
    return [check_rows(rows, _name(data, question)) for rows, question in pairs]


def _name(data: Dataset, question: BenchmarkQuery) -> str:
    return question.name or data.photos[question.photo]


def _answer_all(
    data: Dataset, table: VectorTable, own: Sequence[Vectors | None], asked: Sequence[int]
) -> Iterator[QueryResult]:
    """The result of each query that is asked, some at a time, so that memory stays flat."""
    most = max(1, PRODUCTS // len(table.rows))
    for block in _blocks(own, asked, most):
        rows = [_fitting(own[i], table, _name(data, data.questions[i])) for i in block]
        ends = np.cumsum([len(each) for each in rows])
        scores = table.scores(np.concatenate(rows))
        for i, end, each in zip(block, ends.tolist(), rows, strict=True):
            question = data.questions[i]
            if len(each) == 0:
                yield score_failure(data, question, len(table.numbers), "It has no vector.")
                continue
            ranking = _rank(data, question, table, scores[:, end - len(each) : end].max(axis=1))
            yield score_query(data, question, ranking, data.photos.__getitem__)


def _blocks(own: Sequence[Vectors | None], asked: Sequence[int], most: int) -> Iterator[list[int]]:
    """Queries in their order, as many at once as have so many rows; at least one."""
    block: list[int] = []
    count = 0
    for i in asked:
        rows = 0 if (each := own[i]) is None else len(each)
        if block and count + rows > most:
            yield block
            block, count = [], 0
        block.append(i)
        count += rows
    yield block


def _fitting(rows: Vectors | None, table: VectorTable, name: str) -> Vectors:
    """(Q, D) of a query; (0, D) for one without any."""
    if rows is None:
        return np.empty((0, table.width), np.float32)
    if rows.shape[1] != table.width:
        raise BadQuery(
            f"The query {name} has vectors of {rows.shape[1]} numbers, and the photos of {table.width}."
        )
    return rows


def _rank(
    data: Dataset, question: BenchmarkQuery, table: VectorTable, scores: NDArray[np.float32]
) -> PhotoRanking:
    order = np.argsort(-scores, kind="stable")
    if not data.keeps_query:
        order = order[table.numbers[order] != question.photo]
    return PhotoRanking(table.numbers[order], scores[order])


def _facts(
    data: Dataset, table: VectorTable, own: Sequence[Vectors | None], queries: int
) -> dict[str, object]:
    """What a result must name, of vectors whose makers are not known."""
    made = hashlib.sha256(table.numbers.tobytes() + table.starts.tobytes() + table.rows.tobytes())
    for rows in own:
        made.update(b"none" if rows is None else rows.tobytes())
    truth = hashlib.sha256(f"{data.photos} {data.keeps_query}".encode("utf8", "surrogateescape"))
    truth.update(np.sort(data.database).tobytes() + truth_bytes(data))
    return {
        "protocol": data.protocol,
        "queries": queries,
        "photos": len(data.database),
        "distractors": 0,
        "fit": "vectors made elsewhere",
        "rerank": [],
        "fingerprint": made.hexdigest()[:32],
        "data_hash": truth.hexdigest()[:16],
        "turns": dict(data.turns),
        "version": __version__,
    }


def _list_caveats(
    data: Dataset, table: VectorTable, answers: Sequence[QueryResult], cropped: bool
) -> tuple[str, ...]:
    missing = np.setdiff1d(data.database, table.numbers).tolist()
    failed = sum(bool(answer.failure) for answer in answers)
    found = (
        name_missing(data, missing, "have no vector"),
        count_without_truth(data),
        f"{failed} queries have no vector and count as found last" if failed else None,
        DEVIATIONS["full-queries"].mark if not cropped and any(each.box for each in data.questions) else None,
    )
    return (*data.caveats, *(each for each in found if each))
