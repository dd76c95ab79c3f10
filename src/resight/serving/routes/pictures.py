"""How pictures are answered: as JPEGs that a browser keeps for itself."""

from __future__ import annotations

from fastapi import Request, Response


def not_modified(request: Request, tag: str) -> bool:
    """Whether whoever asks has this picture already."""
    asked = request.headers.get("if-none-match", "")
    return f'"{tag}"' in asked


def picture_answer(jpeg: bytes, tag: str) -> Response:
    """A picture that never changes under its address."""
    return Response(
        jpeg, media_type="image/jpeg", headers={"ETag": f'"{tag}"', "Cache-Control": "private, max-age=86400"}
    )
