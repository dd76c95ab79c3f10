"""How pictures are answered: as JPEGs that a browser keeps for itself."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response

from resight.serving.decoding import Picture
from resight.serving.service import Service


def not_modified(request: Request, tag: str) -> bool:
    """Whether whoever asks has this picture already."""
    asked = request.headers.get("if-none-match", "")
    return f'"{tag}"' in asked


async def answer_picture(
    request: Request, service: Service, tag: str, make: Callable[[], Picture]
) -> Response:
    """A picture that never changes under its address; it is made only for whoever has it not."""
    if not_modified(request, tag):
        return Response(status_code=304, headers={"ETag": f'"{tag}"'})
    made = await service.reads.run(make)
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, max-age=86400"}
    return Response(made.jpeg, media_type="image/jpeg", headers=headers)
