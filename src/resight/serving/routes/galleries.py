"""`/v1/galleries`: which there are, and what is in them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from resight.gallery.browsing import browse
from resight.serving.galleries import Served, shown_name, spelt_id
from resight.serving.routes.given import TheGallery, TheService, as_json
from resight.serving.service import Service

router = APIRouter(prefix="/v1/galleries", tags=["galleries"])


@router.get("")
async def galleries(service: TheService) -> Response:
    """Every gallery, with its number of photos, what may be done with it, and how far it is."""
    told = await service.reads.run(lambda: [_told(service, each) for each in service.galleries.values()])
    return as_json({"galleries": told})


@router.get("/{gallery}/images")
async def images(
    service: TheService,
    served: TheGallery,
    under: Annotated[str, Query(max_length=4096, description="A folder of the gallery.")] = "",
    after: Annotated[str, Query(max_length=8192, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """The photos of a folder and all below it, by path, and the folders in it."""
    return as_json(await service.reads.run(_page, served, under, after, limit))


def _page(served: Served, under: str, after: str, limit: int) -> dict[str, Any]:
    with served.snapshot() as snapshot:
        found = browse(snapshot.catalogue, under, after, limit)
    listed = [
        {"id": spelt_id(each.sha256, each.turn), "path": shown_name(each.relative), "width": each.width,
         "height": each.height}
        for each in found.photos
    ]  # fmt: skip
    folders = [shown_name(name) for name in found.folders]
    return {"images": listed, "folders": folders, "next": found.next, "total": found.total}


def _told(service: Service, served: Served) -> dict[str, Any]:
    with served.snapshot() as snapshot:
        counts, recipe = snapshot.catalogue.count(), snapshot.recipe
        return {
            "name": served.name,
            "images": counts["images"],
            "files": counts["files"],
            "recipe": recipe.name,
            "writable": service.settings.writable,
            "readable_originals": served.root.is_dir(),
            "rerankers": [],
            "describer": service.describers.states[served.name].word,
            "indexing": None,
        }
