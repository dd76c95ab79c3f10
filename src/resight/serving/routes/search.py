"""`POST /v1/galleries/{gallery}/search`: where else the same thing is."""

from __future__ import annotations

from fastapi import APIRouter, Response

from resight.serving.matching import match
from resight.serving.routes.answers import MatchAnswer, SearchAnswer
from resight.serving.routes.given import TheGallery, TheService, as_json
from resight.serving.searching import search
from resight.serving.timing import Timing
from resight.serving.wanted import MatchBody, SearchBody

router = APIRouter(prefix="/v1/galleries/{gallery}", tags=["search"])


@router.post("/search", response_model=SearchAnswer)
async def search_gallery(service: TheService, served: TheGallery, body: SearchBody) -> Response:
    """Search by an upload, a stored image or a vector: the nearest images, best first."""
    timing = Timing()
    asked, answer = (service, served, body, timing), None
    if not body.rerankers:
        answer = await service.searches.run(search, *asked, False)
    if answer is None:
        answer = await service.descriptions.run(search, *asked, True)
    service.metrics.stages(timing.took)
    return as_json(answer)


@router.post("/matches", response_model=MatchAnswer)
async def match_photos(service: TheService, served: TheGallery, body: MatchBody) -> Response:
    """The closer look at one photo: which of its points agree with the query's."""
    return as_json(await service.descriptions.run(match, service, served, body))
