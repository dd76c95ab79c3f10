"""`/v1/galleries`: which there are, and what is in them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from resight.codec import encode
from resight.gallery.browsing import browse
from resight.indexer.published import read_progress
from resight.places import own_names
from resight.serving.galleries import Served, shown_name, spelt_id
from resight.serving.routes.answers import AddedAnswer, GalleriesAnswer, GroupsAnswer, PageAnswer
from resight.serving.routes.given import TheGallery, TheService, as_json
from resight.serving.routes.media import PHOTO_BODY
from resight.serving.routes.multipart import read_photo
from resight.serving.service import Service
from resight.serving.writing import add_image

router = APIRouter(prefix="/v1/galleries", tags=["galleries"])


@router.get("", response_model=GalleriesAnswer)
async def galleries(service: TheService) -> Response:
    """Every gallery, with its number of photos, what may be done with it, and how far it is."""
    told = await service.reads.run(lambda: [_told(service, each) for each in service.galleries.values()])
    limits = service.settings.limits
    taken = {"upload_bytes": limits.upload_bytes, "upload_pixels": limits.upload_pixels}
    return as_json({"galleries": told, "limits": taken})


@router.get("/{gallery}/images", response_model=PageAnswer)
async def images(
    service: TheService,
    served: TheGallery,
    under: Annotated[str, Query(max_length=4096, description="A folder of the gallery.")] = "",
    after: Annotated[str, Query(max_length=8192, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """The photos of a folder and all below it, by path, and the folders in it."""
    return as_json(await service.reads.run(_page, served, under, after, limit))


@router.post("/{gallery}/images", status_code=201, response_model=AddedAnswer, openapi_extra=PHOTO_BODY)
async def add(
    request: Request,
    service: TheService,
    served: TheGallery,
    path: Annotated[
        str, Query(max_length=4096, description="Where to store it, below the folder of photos.")
    ],
) -> Response:
    """Add a photo: when it is answered, its file and the gallery's row are on the disk."""
    service.must_be_writable()
    data = await read_photo(request)
    return as_json(await service.writes.run(add_image, service, served, path, data), 201)


@router.get("/{gallery}/duplicates", response_model=GroupsAnswer)
async def duplicates(
    service: TheService,
    served: TheGallery,
    level: Annotated[
        Literal["copies", "same"], Query(description="Of one picture, or of one thing.")
    ] = "copies",
) -> Response:
    """Groups of near-duplicates; while they are looked for at first, `searching` is not null."""
    return as_json(await service.reads.run(service.duplicates.tell, served, level))


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
        far = read_progress(served.folder)
        counts, recipe = snapshot.catalogue.count(), snapshot.recipe
        return {
            "name": served.name,
            "images": counts["images"],
            "files": counts["files"],
            "recipe": recipe.name,
            "writable": service.settings.writable,
            "readable_originals": served.photos.remote or served.photos.is_there(),
            "markable": service.keeps_marks(served),
            "rerankers": own_names("rerankers"),
            "describer": service.describers.states[served.name].word,
            "indexing": far and encode(far),
        }
