"""A service over small galleries, asked in the same process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from resight.serving.application import make_application
from resight.serving.service import Service
from resight.serving.settings import Limits, Settings

ADDRESS = "http://127.0.0.1"


@contextlib.contextmanager
def served(
    *galleries: Path, limits: Limits | None = None, load: bool = True, **more: Any
) -> Iterator[TestClient]:
    """A client of a service over these galleries; the networks are loaded, unless `load` says not."""
    settings = Settings(galleries, limits=limits or Limits(), workers=1, **more)
    service = Service(settings)
    with TestClient(make_application(service), ADDRESS, raise_server_exceptions=False) as client:
        client.app_state["service"] = service
        if load:
            service.describers.loaded.wait(120)
        yield client


def service_of(client: TestClient) -> Service:
    return client.app_state["service"]


def ids(client: TestClient, gallery: str, **more: Any) -> dict[str, str]:
    """The ids of the photos of a gallery, by their paths."""
    found = client.get(f"/v1/galleries/{gallery}/images", params={"limit": 1000} | more).json()
    return {each["path"]: each["id"] for each in found["images"]}


def upload(client: TestClient, data: bytes, kind: str = "image/png", **more: Any) -> dict[str, Any]:
    """Upload a photo that must be taken."""
    answer = client.post("/v1/uploads", content=data, headers={"Content-Type": kind} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()
