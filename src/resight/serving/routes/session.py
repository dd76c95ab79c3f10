"""`/session`: the page gives a token once, and has a cookie from then on."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from resight.serving.routes.given import TheService
from resight.serving.tokens import COOKIE

router = APIRouter(prefix="/session", tags=["session"])


class Login(BaseModel):
    """The token, in the body: an address would stand in logs."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"token": "of whoever started it"}]}
    )

    token: str = Field(max_length=1024)


@router.post("", status_code=204)
async def log_in(request: Request, service: TheService, body: Login) -> Response:
    """A cookie for the page, which no script reads and no other site sends."""
    client = request.client.host if request.client else ""
    value = service.tokens.cookie_for(body.token, client)
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE, value, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/"
    )
    return answer


@router.delete("", status_code=204)
async def log_out() -> Response:
    """Forget the cookie."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer
