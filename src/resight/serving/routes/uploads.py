"""`/v1/uploads`: a photo is uploaded first, and named by its id from then on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from resight.errors import BadImage
from resight.serving.decoding import Picture
from resight.serving.problems import Problem
from resight.serving.routes.answers import UploadAnswer
from resight.serving.routes.given import Side, TheService, Turned, UploadId, as_json
from resight.serving.routes.media import PHOTO_BODY, Jpeg
from resight.serving.routes.multipart import read_photo
from resight.serving.routes.pictures import answer_picture
from resight.serving.service import Service
from resight.serving.uploads import Upload
from resight.serving.wanted import read_part

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])
PREVIEW = 1600  # pixels a side of the preview that is made at once


@router.post("", status_code=201, response_model=UploadAnswer, openapi_extra=PHOTO_BODY)
async def upload(request: Request, service: TheService) -> Response:
    """Upload a photo: its bytes, or a form whose field `photo` has them."""
    data = await read_photo(request)
    return as_json(await service.reads.run(_added, service, data), 201)


@router.get("/{upload}", response_model=UploadAnswer)
async def uploaded(service: TheService, upload: UploadId) -> Response:
    """What is known of an upload that is kept: an address that names it may be opened again."""
    return as_json(_told(service.uploads.get(upload)))


@router.get("/{upload}/preview", response_class=Jpeg)
async def preview(
    request: Request, service: TheService, upload: UploadId, size: Side = PREVIEW, turn: Turned = 0
) -> Response:
    """The upright picture of an upload; boxes are drawn on it."""
    return await _picture(request, service, upload, size, turn, "")


@router.get("/{upload}/cutout", response_class=Jpeg)
async def cutout(
    request: Request,
    service: TheService,
    upload: UploadId,
    box: Annotated[str, Query(max_length=100, description="Left, top, right, bottom as shares.")],
    size: Side = 320,
    turn: Turned = 0,
) -> Response:
    """The part of the picture that a box shows."""
    return await _picture(request, service, upload, size, turn, box)


async def _picture(
    request: Request, service: Service, number: str, size: int, turn: int, box: str
) -> Response:
    known = service.uploads.get(number)

    def make() -> Picture:
        return service.pictures.get(
            number, lambda: service.uploads.content(number), size, service.settings.limits.upload_pixels,
            turn, read_part(box, known.width, known.height, turn),
        )  # fmt: skip

    return await answer_picture(request, service, f"{number}-{size}-{turn}-{box}", make)


def _added(service: Service, data: bytes) -> dict[str, Any]:
    if not data:
        raise Problem(422, "The body is empty: send the bytes of a photo.")
    try:
        made = service.decoders.picture(data, PREVIEW, service.settings.limits.upload_pixels)
    except BadImage as error:
        status = 415 if str(error).startswith(("not an image", "not a kind")) else 422
        raise Problem(status, f"This is no photo that can be searched for: {error}.") from None
    known = service.uploads.add(data, made.width, made.height, made.warnings)
    service.pictures.put((known.id, PREVIEW, 0, None), made)
    return _told(known)


def _told(known: Upload) -> dict[str, Any]:
    return {
        "id": known.id,
        "width": known.width,
        "height": known.height,
        "format": known.format,
        "warnings": list(known.warnings),
        "preview": f"/v1/uploads/{known.id}/preview",
    }
