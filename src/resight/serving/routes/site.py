"""The page, and what watches the service: `/`, `/page/...`, `/health`, `/ready`."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from fastapi import APIRouter, Request, Response

from resight.serving.describers import FAILED, LOADING
from resight.serving.problems import Busy, Problem
from resight.serving.routes.answers import StatusAnswer
from resight.serving.routes.given import TheService, as_json
from resight.serving.routes.media import Text
from resight.serving.routes.pictures import not_modified

router = APIRouter(tags=["site"])
PAGE = Path(__file__).parent.parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@router.get("/", include_in_schema=False)
async def index(request: Request) -> Response:
    """The page."""
    return _file(request, "index.html")


@router.get("/page/{name:path}", include_in_schema=False)
async def page(request: Request, name: str) -> Response:
    """A file of the page."""
    return _file(request, name)


@router.get("/health", response_model=StatusAnswer)
async def health() -> Response:
    """Whether the service lives."""
    return as_json({"status": "alive"})


@router.get("/metrics", response_class=Text)
async def metrics(service: TheService) -> Response:
    """Counters and histograms, as Prometheus reads them."""
    return Response(service.metrics.spell(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/ready", response_model=StatusAnswer)
async def ready(service: TheService) -> Response:
    """Whether photos can be described, in every gallery; 503 with the reason until then."""
    states = service.describers.states
    for name, state in states.items():
        if state.word == FAILED:
            raise Problem(503, f"Photos of the gallery {name} cannot be described: {state.why}")
        if state.word == LOADING:
            raise Busy(f"The network of the gallery {name} is still being loaded.")
    return as_json({"status": "ready"})


@functools.cache
def _files() -> dict[str, Path]:
    return {path.relative_to(PAGE).as_posix(): path for path in PAGE.rglob("*") if path.suffix in TYPES}


def _file(request: Request, name: str) -> Response:
    """A file of the page by its name in the list of them: a name that leads elsewhere is in no list."""
    names = _files()
    if name not in names:
        raise Problem(404, "There is no such page.")
    data = names[name].read_bytes()
    tag = hashlib.sha256(data).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
    if not_modified(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=TYPES[names[name].suffix], headers=headers)
