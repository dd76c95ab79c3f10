"""Errors as problem details (RFC 9457): a status, and the sentence that the command would print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from resight.errors import (
    BadImage,
    BadQuery,
    BadSetting,
    Contradicted,
    DescribedOtherwise,
    GalleryError,
    GalleryLocked,
    NotFitted,
    PhotosUnreachable,
    ResightError,
    StorageFailed,
    StoreFailed,
    UnknownMethod,
)

MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[ResightError], int] = {
    ResightError: 422,
    BadImage: 422,
    BadQuery: 422,
    BadSetting: 422,
    UnknownMethod: 422,
    Contradicted: 409,
    DescribedOtherwise: 409,
    NotFitted: 409,
    GalleryLocked: 503,
    StorageFailed: 507,
    StoreFailed: 503,
    PhotosUnreachable: 503,
    GalleryError: 500,
}
RETRY = 2  # seconds, where the same request may do better later


class Problem(HTTPException):
    """What is wrong with a request, said in a sentence; `more` are further members of the answer.

    It is an HTTPException, since FastAPI takes any other error in a body for a body that is no JSON.
    """

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.status, self.more = status, more


class Busy(Problem):
    """The line is full, or something is not ready yet: the same request may succeed soon."""

    def __init__(self, detail: str, seconds: int = RETRY) -> None:
        super().__init__(503, detail, {"Retry-After": str(seconds)})


def problem_of(error: ResightError, secrets: Iterable[tuple[str, str]] = ()) -> Problem:
    """An error of the house as a problem; each of `secrets`, such as a folder, is told by its other name."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    detail = str(error)
    for secret, name in sorted(secrets, key=lambda pair: -len(pair[0])):
        detail = detail.replace(secret, name)
    if status == 503:
        return Busy(_capital(detail))
    return Problem(status, _capital(detail))


def answer_of(problem: Problem) -> Response:
    """The answer that tells of a problem."""
    title = HTTPStatus(problem.status).phrase
    body = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}
    return Response(
        msgspec.json.encode(body | problem.more),
        problem.status,
        {"Cache-Control": "no-store", **(problem.headers or {})},
        MEDIA_TYPE,
    )


def _capital(sentence: str) -> str:
    """A reason such as "empty file" as a sentence."""
    sentence = re.sub(r"\s+", " ", sentence).strip()
    ended = sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
    return ended[:1].upper() + ended[1:]
