"""A page as a server: guard, files and the door for the network around the handlers of a program."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web as http

from web.access import SESSION_S
from web.answers import HTML, Body, answer, problem
from web.assets import own_assets
from web.bodies import text_of
from web.charts.markup import tag
from web.document import document
from web.events import Events
from web.guard import BODY_MAX, Guard, middleware

Handler = Callable[[http.Request], Awaitable[http.StreamResponse]]


def application(
    guard: Guard,
    events: Events,
    routes: Mapping[tuple[str, str], Handler],
    *,
    name: str,
    files: Mapping[str, Body] | None = None,
) -> http.Application:
    """The application of a page. `routes` maps (method, path) to handlers; `files` are served beside the room's own.

    The guard stands before all of it. `events` are closed when the application ends.
    """
    events.is_member = guard.is_member  # a session may be revoked while its stream is open
    known = {**own_assets(), **(files or {})}
    app = http.Application(middlewares=[middleware(guard)], client_max_size=BODY_MAX)

    async def asset(request: http.Request) -> http.StreamResponse:
        body = known.get(request.match_info["name"])
        if body is None:
            return problem(404, "no such file", "reload the page")
        found = answer(request, body)
        found.headers["Cache-Control"] = "max-age=31536000, immutable" if request.query_string else "no-cache"
        return found

    async def door(request: http.Request) -> http.StreamResponse:
        return answer(request, _door(name, known, guard.reach.link_command))

    async def enter(request: http.Request) -> http.StreamResponse:
        return await _entered(request, guard)

    async def close(_: http.Application) -> None:
        events.close()

    app.router.add_get("/assets/{name}", asset)
    app.router.add_get("/enter", door)
    app.router.add_post("/enter", enter)
    for (method, path), handler in routes.items():
        app.router.add_route(method, path, handler)
    app.on_shutdown.append(close)
    return app


async def _entered(request: http.Request, guard: Guard) -> http.StreamResponse:
    """A session in exchange for the link's token, which is the body."""
    link = (await text_of(request)).strip()
    session = guard.access.session_for(link)
    if session is None:
        return problem(403, "this link is used or too old", f"make a new one: {guard.reach.link_command}")
    response = http.Response(status=204)
    is_encrypted = request.headers.get("X-Forwarded-Proto") == "https"  # a proxy says so; who lies harms himself
    response.set_cookie(
        guard.reach.cookie,
        session,
        max_age=SESSION_S,
        httponly=True,
        secure=is_encrypted,
        samesite="Strict",
        path="/",
    )
    return response


def _door(name: str, known: Mapping[str, Body], link_command: str) -> Body:
    said = tag(
        "main",
        tag("h1", name),
        tag("p", "Opening the page …", id="door", role="status", data_command=link_command),
        id="main",
        class_="door",
        tabindex=-1,
    )
    page = document(name, said, known=known, scripts=("enter.js",))
    return Body(page.encode(), HTML)
