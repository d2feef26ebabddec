"""The guard in front of every page: what is refused before a handler sees it, and the headers of every answer.

In this order: proxies on a loopback page, foreign Host, foreign Origin, rate, size, missing session.
Sources: CSP Level 3; Fetch Standard 3.2 (Origin) and Fetch Metadata (Sec-Fetch-Site); OWASP Secure Headers.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from aiohttp import web as http
from aiohttp.typedefs import Middleware

from web.access import Access
from web.answers import problem
from web.hosts import is_answered, is_loopback, is_own_origin
from web.rate import Rate, RateLimit

LOG = logging.getLogger(__name__)
BODY_MAX = 16_384
READS = Rate(per_s=30.0, burst=400)
WRITES = Rate(per_s=1.0, burst=20)
ENTRIES = Rate(per_s=0.05, burst=5)  # guesses of a link
DOOR, ASSETS = "/enter", "/assets/"  # what is answered without a session: the door itself and how it looks
SAFE_METHODS = frozenset({"GET", "HEAD"})
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}
Handler = Callable[[http.Request], Awaitable[http.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """From where a page may be used: loopback, or the network (`lan`) under these host names and with a session.

    `port` is part of the cookie's name: pages on several ports of one machine do not end each other's sessions.
    """

    port: int
    lan: bool = False
    names: Collection[str] = ()
    link_command: str = "hems page link"

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return f"session-{self.port}"


@dataclass(slots=True)
class Guard:
    """The checks of one page; `clock` gives monotonic seconds."""

    reach: Reach
    access: Access
    clock: Callable[[], float] = time.monotonic
    _reads: RateLimit = field(default_factory=lambda: RateLimit(READS))
    _writes: RateLimit = field(default_factory=lambda: RateLimit(WRITES))
    _entries: RateLimit = field(default_factory=lambda: RateLimit(ENTRIES))

    def refusal(self, request: http.Request) -> http.Response | None:
        """The answer to a request that may not pass; None when it may."""
        return (
            self._foreign_host(request)
            or self._foreign_origin(request)
            or self._too_often(request)
            or self._too_large(request)
            or self._without_session(request)
        )

    def is_member(self, request: http.Request) -> bool:
        """Whether a request comes from somebody who may use the page."""
        return not self.reach.lan or self.access.is_session(request.cookies.get(self.reach.cookie, ""))

    def _foreign_host(self, request: http.Request) -> http.Response | None:
        is_direct = is_loopback(request.remote or "") and not any(name in request.headers for name in FORWARDED)
        if not self.reach.lan and not is_direct:
            return problem(
                403, "this page is for this machine only", "set lan = true in the page's table and open a link"
            )
        if is_answered(request.headers.get("Host", ""), lan=self.reach.lan, names=self.reach.names):
            return None
        return problem(
            421, "this page does not answer to that name", "use its address, or add the name to the page's table"
        )

    @staticmethod
    def _foreign_origin(request: http.Request) -> http.Response | None:
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
        is_own = origin is None or is_own_origin(origin, request.headers.get("Host", ""))
        is_navigation = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method in SAFE_METHODS
        if is_own and (site in ("same-origin", "none") or is_navigation):
            return None
        return problem(403, "this request comes from another page", "use the page itself")

    def _too_often(self, request: http.Request) -> http.Response | None:
        limit = self._reads if request.method in SAFE_METHODS else self._writes
        if request.path == DOOR and request.method not in SAFE_METHODS:
            limit = self._entries
        wait_s = limit.wait_s(request.remote or "", self.clock())
        if not wait_s:
            return None
        return problem(429, "too many requests", "wait a moment", retry_after=f"{wait_s + 1:.0f}")

    @staticmethod
    def _too_large(request: http.Request) -> http.Response | None:
        if (request.content_length or 0) <= BODY_MAX:
            return None
        return problem(413, f"more than {BODY_MAX} bytes", "send less")

    def _without_session(self, request: http.Request) -> http.Response | None:
        if self.is_member(request) or request.path == DOOR or request.path.startswith(ASSETS):
            return None
        if request.method in SAFE_METHODS and "text/html" in request.headers.get("Accept", ""):
            return http.Response(status=303, headers={"Location": DOOR})
        return problem(401, "no session", f"open a link: `{self.reach.link_command}` prints one")


def middleware(guard: Guard) -> Middleware:
    """The guard as a middleware: refuses, and puts the security headers on every answer."""

    @http.middleware
    async def guarded(request: http.Request, handler: Handler) -> http.StreamResponse:
        response: http.StreamResponse | None = guard.refusal(request)
        if response is None:
            try:
                response = await handler(request)
            except http.HTTPRequestEntityTooLarge:
                response = problem(413, f"more than {BODY_MAX} bytes", "send less")
            except http.HTTPException as error:
                response = problem(error.status, error.reason, "see the documentation of the page")
            except ConnectionError:
                raise  # who asked has gone
            except Exception:
                LOG.exception("page: %s %r failed", request.method, request.path)
                response = problem(500, "this did not work", "reload the page; the log of the program says why")
        if not response.prepared:
            add_headers(response)
        return response

    return guarded


def add_headers(response: http.StreamResponse) -> None:
    """Puts the security headers on an answer, where it does not say otherwise itself."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "page"
