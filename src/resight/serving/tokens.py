"""Who may ask: tokens in a header, or in a cookie that the page was given for one."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

from resight.serving.problems import Problem
from resight.serving.rates import Rates

COOKIE = "resight"
GUESSES = 0.2  # wrong tokens a second from one address, after the first few


class Tokens:
    """The tokens of a service; without any, all who reach it may ask."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tuple(token.encode() for token in tokens)
        self._guesses = Rates(GUESSES, burst=50)

    @property
    def needed(self) -> bool:
        """Whether a request needs one."""
        return bool(self._tokens)

    def who(self, headers: Headers, client: str) -> str | None:
        """A name for whoever holds a token, which does not give it away; None for nobody.

        Raises Problem for an address that has guessed too often.
        """
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._tokens:
            found = self.check(given.strip(), client)
            return _session(found) if found else None
        cookie = _cookie(headers)
        sessions = [_session(token) for token in self._tokens]
        return next((each for each in sessions if hmac.compare_digest(each, cookie)), None)

    def check(self, given: str, client: str) -> bytes | None:
        """The token that was given, if it is one; all are compared, each in the same time."""
        right = [token for token in self._tokens if hmac.compare_digest(token, given.encode())]
        if not right:
            self._guesses.refuse_too_many(client, time.monotonic())
        return right[0] if right else None

    def cookie_for(self, given: str, client: str) -> str:
        """What the page's cookie says; raises Problem for a wrong token."""
        token = self.check(given, client)
        if token is None:
            raise Problem(401, "This is no token of the service: whoever started it knows one.")
        return _session(token)


def _session(token: bytes) -> str:
    """The token itself stays out of cookies: who reads one cannot ask from elsewhere by it."""
    return hmac.new(token, b"the page's cookie", hashlib.sha256).hexdigest()


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found and found.value.isascii() else ""
