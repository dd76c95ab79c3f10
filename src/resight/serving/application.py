"""The application: routes, what guards them, and how errors are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from resight.errors import ResightError
from resight.serving.guarding import Guard
from resight.serving.problems import Problem, answer_of, problem_of
from resight.serving.routes import galleries, images, marks, methods, search, session, site, uploads
from resight.serving.routes.answers import PROBLEMS
from resight.serving.service import Service
from resight.version import __version__


def make_application(service: Service) -> Guard:
    """The application of a service, which it closes when it ends; `.app` is that behind the guard."""

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.close()

    application = FastAPI(
        title="Resight", version=__version__, lifespan=living, openapi_url="/v1/openapi.json",
        docs_url=None, redoc_url=None,
    )  # fmt: skip
    application.state.service = service
    for room in (galleries, images, search, marks, methods, uploads, session, site):
        application.include_router(room.router, responses=PROBLEMS)
    application.add_exception_handler(Problem, _problem)
    application.add_exception_handler(ResightError, _house)
    application.add_exception_handler(RequestValidationError, _invalid)
    application.add_exception_handler(HTTPException, _http)
    application.add_exception_handler(Exception, _accident)
    return Guard(application, service.settings, service.tokens, service.metrics)


async def _problem(_: Request, error: Exception) -> Response:
    return answer_of(cast(Problem, error))


async def _house(request: Request, error: Exception) -> Response:
    service: Service = request.app.state.service
    secrets = [pair for each in service.galleries.values() for pair in each.secrets]
    return answer_of(problem_of(cast(ResightError, error), secrets))


async def _invalid(_: Request, error: Exception) -> Response:
    """The first thing that is wrong, and where it stands."""
    found = cast(RequestValidationError, error).errors()
    places = [".".join(map(str, one["loc"][1:])) or str(one["loc"][0]) for one in found]
    told = "; ".join(f"{place}: {one['msg']}" for place, one in zip(places, found, strict=True))
    return answer_of(Problem(422, f"The request cannot be understood: {told}."[:1000]))


async def _http(_: Request, error: Exception) -> Response:
    found = cast(HTTPException, error)
    headers = dict(found.headers or {})
    return answer_of(Problem(found.status_code, f"{found.detail}.", headers))


async def _accident(_: Request, error: Exception) -> Response:
    """What nobody expected; the log has it, and the answer says nothing of it."""
    return answer_of(Problem(500, "Something went wrong in the service: its log says what."))
