"""`/v1/recipes` and `/v1/rerankers`: the methods that may be named."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from resight import methods
from resight.places import own_names
from resight.recipe import summaries
from resight.serving.routes.given import TheService, as_json
from resight.serving.service import Service

router = APIRouter(prefix="/v1", tags=["methods"])


@router.get("/recipes")
async def recipes(service: TheService) -> Response:
    """The recipes that come with Resight, each with the line that says what it is."""
    return as_json({"recipes": await service.reads.run(_recipes)})


@router.get("/rerankers")
async def rerankers(service: TheService) -> Response:
    """The re-rankers, with their settings, and the galleries that have what each needs."""
    return as_json({"rerankers": await service.reads.run(_rerankers, service)})


def _recipes() -> list[dict[str, str]]:
    return [{"name": name, "summary": line} for name, line in summaries().items()]


def _rerankers(service: Service) -> list[dict[str, Any]]:
    stored = {name: _stores_local(service, name) for name in service.galleries}
    told = []
    for name in own_names("rerankers"):
        method = methods.find("rerankers", name)
        settings = [{"name": key, "default": value} for key, value in method.settings.items()]
        needs = "local_features" in method.needs
        usable = [gallery for gallery, local in stored.items() if local or not needs]
        summary = methods.summary("rerankers", name)
        told.append({"name": name, "summary": summary, "settings": settings, "fast_on": usable})
    return told


def _stores_local(service: Service, name: str) -> bool:
    with service.galleries[name].snapshot() as snapshot:
        return snapshot.local_features.usable
