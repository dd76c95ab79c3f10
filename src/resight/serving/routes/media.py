"""What a request or an answer has that is no JSON, as OpenAPI tells it."""

from __future__ import annotations

from typing import Any

from fastapi import Response


class Jpeg(Response):
    """A picture."""

    media_type = "image/jpeg"


class File(Response):
    """Bytes to be saved."""

    media_type = "application/octet-stream"


class Csv(Response):
    """A table."""

    media_type = "text/csv"


class Text(Response):
    """What Prometheus reads."""

    media_type = "text/plain"


PHOTO_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"photo": {"type": "string", "format": "binary"}},
                    "required": ["photo"],
                }
            },
        },
    }
}
