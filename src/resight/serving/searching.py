"""One search of a request: a snapshot, a query, a ranking, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resight.gallery import Snapshot
from resight.methods import Method
from resight.searcher.collection import Collection
from resight.searcher.placing import placed
from resight.searcher.reranking import rerankers
from resight.searcher.under import images_under, under_of
from resight.serving.answering import hits_of
from resight.serving.asking import Asked, ask_described, ask_stored, ask_vector, stored_whole
from resight.serving.galleries import Served
from resight.serving.problems import Problem
from resight.serving.timing import Timing
from resight.serving.together import SharedStore
from resight.serving.wanted import SearchBody

if TYPE_CHECKING:
    from resight.serving.service import Service

DEEPEST = 1000  # photos that one re-ranker may look at


def search(
    service: Service, served: Served, body: SearchBody, timing: Timing, describing: bool
) -> dict[str, Any] | None:
    """The answer to a search; None for a photo that must be described first, unless that is for this thread.

    Raises Problem, and the errors of the house.
    """
    wanted = _affordable(rerankers(body.rerankers))
    with served.snapshot() as snapshot:
        if snapshot.generation is None or not len(snapshot.vectors):
            raise served.empty()
        known = stored_whole(snapshot, body)
        if known is None and body.vector is None and not describing:
            return None
        under = under_of(snapshot, body.under) if body.under else None
        inside = images_under(snapshot, under) if under else None
        photos = Collection(snapshot, inside, SharedStore(snapshot, served.together))
        if body.vector is not None:
            asked = ask_vector(snapshot, body.vector)
        elif known is not None:
            asked = ask_stored(photos, known)
        else:
            asked = ask_described(service, served, snapshot, body, timing)
        with timing("search"):
            ranked, chances = placed(photos, asked.query, body.k, wanted, body.max_false_positives)
        with timing("answer"):
            marks = service.marks_of(served, asked.sha256)
            hits = hits_of(served, snapshot, asked, ranked, chances, marks, under, body.k)
    return _answer(snapshot, asked, body, hits, timing)


def _affordable(wanted: list[Method]) -> list[Method]:
    """What a stranger may ask of re-rankers; raises Problem."""
    for each in wanted:
        if each.depth > DEEPEST:
            raise Problem(422, f"'{each.name}' may look at {DEEPEST} photos here at most.")
    return wanted


def _answer(
    snapshot: Snapshot, asked: Asked, body: SearchBody, hits: list[dict[str, Any]], timing: Timing
) -> dict[str, Any]:
    query: dict[str, Any] = {"id": body.upload or body.image, "width": asked.width, "height": asked.height}
    query |= {"box": asked.box, "turn": body.turn, "cutout": asked.cutout}
    return {
        "query": query,
        "hits": hits,
        "probable": sum(hit["probable"] is not False for hit in hits),
        "reranked": list(body.rerankers),
        "took_ms": timing.rounded(),
    }
