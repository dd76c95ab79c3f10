"""What routes are given beside the request: the service, and the gallery that an address names.

All of it is `async`: FastAPI would hand each plain function to a thread and wait for it.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Depends, Path, Query, Request, Response
from pydantic import BeforeValidator

from resight.serving.galleries import Served
from resight.serving.pictures import LARGEST, SMALLEST
from resight.serving.service import Service
from resight.serving.settings import Settings
from resight.serving.wanted import Turn


async def give_service(request: Request) -> Service:
    """The service that the application was made for."""
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(give_service)]


async def give_gallery(service: TheService, gallery: Annotated[str, Path(max_length=255)]) -> Served:
    """The gallery that the address names; raises Problem."""
    return service.gallery(gallery)


async def give_settings(service: TheService) -> Settings:
    """What the service was told when it started."""
    return service.settings


def _whole(text: Any) -> Any:
    """A number in an address is a text, and a text is none of a few numbers."""
    return int(text) if str(text).isdecimal() else text


TheGallery = Annotated[Served, Depends(give_gallery)]
TheSettings = Annotated[Settings, Depends(give_settings)]
ImageId = Annotated[str, Path(max_length=80, description="The id of an image, as lists and hits give it.")]
UploadId = Annotated[str, Path(max_length=80, description="The id of an upload: the SHA-256 of its bytes.")]
Side = Annotated[int, Query(ge=SMALLEST, le=LARGEST, description="Most pixels a side.")]
Turned = Annotated[Turn, BeforeValidator(_whole), Query(description="Degrees clockwise.")]

FOREVER = {"Cache-Control": "private, max-age=86400"}


def as_json(value: Any, status: int = 200) -> Response:
    """Plain values as JSON; made at once, since answers are checked by tests and not at each request."""
    return Response(msgspec.json.encode(value), status, {"Cache-Control": "no-store"}, "application/json")
