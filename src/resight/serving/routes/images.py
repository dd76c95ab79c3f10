"""`/v1/galleries/{gallery}/images/{id}`: one photo, its pictures, and its file."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from resight.gallery.records import StoredImage
from resight.serving.decoding import Picture
from resight.serving.galleries import Served, find_image, shown_name
from resight.serving.originals import read_original
from resight.serving.routes.answers import ImageAnswer
from resight.serving.routes.given import ImageId, Side, TheGallery, TheService, Turned, as_json
from resight.serving.routes.media import File, Jpeg
from resight.serving.routes.pictures import answer_picture
from resight.serving.service import Service
from resight.serving.uploads import format_of
from resight.serving.wanted import read_part
from resight.serving.writing import remove_image

router = APIRouter(prefix="/v1/galleries/{gallery}/images/{image}", tags=["images"])


@router.get("", response_model=ImageAnswer)
async def image(service: TheService, served: TheGallery, image: ImageId) -> Response:
    """What the gallery knows of a photo."""
    return as_json(await service.reads.run(_told, service, served, image))


@router.delete("", status_code=204)
async def remove(service: TheService, served: TheGallery, image: ImageId) -> Response:
    """Take a photo out of the gallery; its file stays, and is not indexed again until it changes."""
    service.must_be_writable()
    await service.writes.run(remove_image, served, image)
    return Response(status_code=204)


@router.get("/thumbnail", response_class=Jpeg)
async def thumbnail(
    request: Request, service: TheService, served: TheGallery, image: ImageId, size: Side = 320
) -> Response:
    """A small upright picture, made of the pixels that are searched."""
    return await _picture(request, service, served, image, size)


@router.get("/preview", response_class=Jpeg)
async def preview(
    request: Request, service: TheService, served: TheGallery, image: ImageId, size: Side = 1600,
    turn: Turned = 0,
) -> Response:  # fmt: skip
    """A large upright picture; boxes are drawn on it."""
    return await _picture(request, service, served, image, size, turn)


@router.get("/cutout", response_class=Jpeg)
async def cutout(
    request: Request,
    service: TheService,
    served: TheGallery,
    image: ImageId,
    box: Annotated[str, Query(max_length=100, description="Left, top, right, bottom as shares.")],
    size: Side = 320,
    turn: Turned = 0,
) -> Response:
    """The part of the picture that a box shows."""
    return await _picture(request, service, served, image, size, turn, box)


@router.get("/original", response_class=File)
async def original(service: TheService, served: TheGallery, image: ImageId) -> Response:
    """The file itself, as it was indexed."""
    stored, data = await service.reads.run(_original, served, image)
    name = f"{stored.sha256.hex()[:16]}.{format_of(data).replace(' ', '')}"
    return Response(
        data,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private"},
    )


async def _picture(
    request: Request, service: Service, served: Served, image: str, size: int, turn: int = 0, box: str = ""
) -> Response:
    make = partial(_made, service, served, image, size, turn, box)
    return await answer_picture(request, service, f"{image}-{size}-{turn}-{box}", make)


def _made(service: Service, served: Served, number: str, size: int, turn: int, box: str) -> Picture:
    with served.snapshot() as snapshot:
        image, limit = find_image(snapshot, number), snapshot.catalogue.pixel_limit
    return service.pictures.get(
        image.sha256.hex(), lambda: read_original(served.photos, image), size, limit,
        (image.turn + turn) % 360, read_part(box, image.width, image.height, turn),
    )  # fmt: skip


def _original(served: Served, number: str) -> tuple[StoredImage, bytes]:
    with served.snapshot() as snapshot:
        image = find_image(snapshot, number)
    return image, read_original(served.photos, image)


def _told(service: Service, served: Served, number: str) -> dict[str, Any]:
    with served.snapshot() as snapshot:
        image = find_image(snapshot, number)
        names = [shown_name(name) for name in image.files]
        return {
            "id": number,
            "path": names[0] if names else "",
            "paths": names,
            "width": image.width,
            "height": image.height,
            "warnings": list(snapshot.warnings.of(image.id)),
            "marks": [
                {"id": other.hex(), "mark": said}
                for other, said in service.marks_of(served, image.sha256).items()
            ],
        }
