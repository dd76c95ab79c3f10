"""`POST /v1/galleries/{gallery}/search`: where else the same thing is."""

from __future__ import annotations

from fastapi import APIRouter, Response

from resight.serving.routes.given import TheGallery, TheService, as_json
from resight.serving.searching import is_described, search
from resight.serving.timing import Timing
from resight.serving.wanted import SearchBody

router = APIRouter(prefix="/v1/galleries/{gallery}", tags=["search"])


@router.post("/search")
async def search_gallery(service: TheService, served: TheGallery, body: SearchBody) -> Response:
    """Search by an upload, a stored image or a vector: the nearest images, best first."""
    described = body.rerankers or (body.vector is None and is_described(served, body))
    line = service.descriptions if described else service.searches
    return as_json(await line.run(search, service, served, body, Timing()))
