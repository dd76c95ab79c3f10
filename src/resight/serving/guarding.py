"""What stands before every request: who may ask, by which name, how much, how fast, and from which page."""

from __future__ import annotations

import asyncio
import contextlib
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resight.serving.bodies import Body
from resight.serving.metrics import Metrics
from resight.serving.problems import Problem, answer_of
from resight.serving.rates import Rates
from resight.serving.settings import Settings
from resight.serving.tokens import Tokens

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
OPEN = ("/", "/health", "/ready", "/session")  # for all who reach the service; they tell nothing of a gallery
LINGER = 2.0  # seconds in which a body that is refused is still read, so that the refusal arrives
LARGE = ("/v1/uploads", "/images")  # what takes a photo


class Guard:
    """Refuses what must not reach a route, and writes the headers of every answer."""

    def __init__(self, app: ASGIApp, settings: Settings, tokens: Tokens, metrics: Metrics) -> None:
        self.app, self._settings, self._tokens = app, settings, tokens
        self._metrics = metrics
        self._rates = Rates(settings.limits.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limits, headers = self._settings.limits, Headers(scope=scope)
        most = limits.upload_bytes if _takes_photo(scope) else limits.body_bytes
        body, closing = Body(receive, most, limits), False

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in ALWAYS.items():
                    out[name] = value
                self._metrics.answer(scope["method"], message["status"])
                if closing or body.is_broken:
                    out["Connection"] = "close"
            await send(message)

        try:
            self._refuse(scope, headers, most)
        except Problem as problem:
            closing = True
            await _answered(problem, scope, body, guarded)
            return
        try:
            await self.app(scope, body.receive, guarded)
        except Problem as problem:  # what the body came to, where no route has caught it
            await answer_of(problem)(scope, body.receive, guarded)

    def _refuse(self, scope: Scope, headers: Headers, most: int) -> None:
        """Raise Problem for a request that no route is to see."""
        host = headers.get("host", "")
        if _name_of(host) not in self._settings.hosts:
            raise Problem(421, "This host is not known by that name: `resight serve --name` adds one.")
        _refuse_other_pages(scope["method"], headers, host)
        client = (scope.get("client") or ("",))[0]
        who = self._tokens.who(headers, client)
        if who is None and self._tokens.needed and not _is_open(scope["path"]):
            raise Problem(401, "A token is needed: send it as `Authorization: Bearer`.", UNKNOWN)
        self._rates.refuse_too_many(who or client, time.monotonic())
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            raise Problem(400, "Content-Length is no number.")
        if int(length) > most:
            limit = f"{most / (1 << 20):g} MiB"
            raise Problem(413, f"The body is over the limit of {limit}: send a smaller photo.", limit=most)


UNKNOWN = {"WWW-Authenticate": "Bearer"}


async def _answered(problem: Problem, scope: Scope, body: Body, send: Send) -> None:
    """Answer at once, then read on for a moment: a connection that closes takes what it carries along."""
    response = answer_of(problem)
    await send(
        {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    )
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    if Headers(scope=scope).get("expect", "").lower() != "100-continue":
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                await body.drain()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _refuse_other_pages(method: str, headers: Headers, host: str) -> None:
    """No page of another origin may ask anything, but lead a person to the first page."""
    site = headers.get("sec-fetch-site", "none")
    leads = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
    if site in ("cross-site", "same-site") and not leads:
        raise Problem(403, "Pages of other hosts may not ask this service.")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise Problem(403, "Pages of other hosts may not ask this service.")


def _takes_photo(scope: Scope) -> bool:
    return scope["method"] == "POST" and str(scope["path"]).rstrip("/").endswith(LARGE)


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith("/page/")


def _name_of(host: str) -> str:
    """A Host header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
