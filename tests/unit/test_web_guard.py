"""The guard of the local pages: what it lets pass, what it refuses, and how links become sessions."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp import web as http
from hypothesis import given
from hypothesis import strategies as st

from web.access import LINK_S, SESSION_S, SESSIONS_MAX, Access
from web.answers import answer, json_body
from web.events import QUEUE_MAX, Events, frame
from web.guard import BODY_MAX, HEADERS, WRITES, Guard, Reach
from web.hosts import is_answered, is_loopback, is_own_origin, split_host
from web.listening import PortTaken, listening
from web.rate import PEERS_MAX, Rate, RateLimit
from web.server import application

Scene = Callable[[ClientSession, str, "Served"], Awaitable[None]]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Served:
    """A page that counts what reaches it."""

    def __init__(self, folder: Path, *, lan: bool) -> None:
        self.clock, self.posts = Clock(), list[str]()
        self.access = Access(folder, self.clock)
        self.guard = Guard(reach=Reach(port=0, lan=lan, names=("pi.home",)), access=self.access, clock=self.clock)
        self.events = Events()
        self.app = application(
            self.guard,
            self.events,
            {("GET", "/"): self._page, ("POST", "/set"): self._set, ("GET", "/events"): self._stream},
            name="Test",
        )

    async def _page(self, request: http.Request) -> http.StreamResponse:
        return answer(request, json_body({"state": "x" * 2000}))

    async def _set(self, request: http.Request) -> http.StreamResponse:
        self.posts.append(await request.text())
        return http.Response(status=204)

    async def _stream(self, request: http.Request) -> http.StreamResponse:
        return await self.events.stream(request, "en", frame("first", 1))


def played(folder: Path, scene: Scene, *, lan: bool = False) -> Served:
    async def run() -> Served:
        served = Served(folder, lan=lan)
        listener = await listening(served.app, "127.0.0.1", 0)
        try:
            async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
                await scene(client, f"http://127.0.0.1:{listener.port}", served)
        finally:
            await listener.close()
        return served

    return asyncio.run(run())


def test_a_page_on_loopback_answers_with_every_security_header_and_compressed(tmp_path: Path) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        async with client.get(url + "/") as got:
            assert got.status == 200
            assert got.headers["Content-Encoding"] == "gzip"
            assert {name: got.headers[name] for name in HEADERS} == HEADERS
            mark = got.headers["ETag"]
        async with client.get(url + "/", headers={"If-None-Match": mark}) as got:
            assert got.status == 304
            assert got.headers["X-Frame-Options"] == "DENY"

    played(tmp_path, scene)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "192.168.1.9:8080"}, 421),
        ({"Host": "a@localhost"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Forwarded-For": "203.0.113.9"}, 403),
    ],
)
def test_a_foreign_request_is_refused_with_its_reason_and_changes_nothing(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        async with client.post(url + "/set", data="1", headers=headers) as got:
            assert got.status == status
            told = await got.json()
            assert told["error"] and told["to_do"]
            assert "frame-ancestors 'none'" in got.headers["Content-Security-Policy"]

    assert played(tmp_path, scene).posts == []


def test_a_body_above_the_cap_is_refused_with_and_without_its_length(tmp_path: Path) -> None:
    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(3):
            yield b"x" * (BODY_MAX // 2)

    async def scene(client: ClientSession, url: str, served: Served) -> None:
        for data in (b"x" * (BODY_MAX + 1), pieces()):
            async with client.post(url + "/set", data=data) as got:
                assert got.status == 413
        async with client.post(url + "/set", data=b"x" * BODY_MAX) as got:
            assert got.status == 204

    assert len(played(tmp_path, scene).posts) == 1


def test_too_many_changes_are_refused_until_time_has_passed(tmp_path: Path) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        for _ in range(WRITES.burst):
            async with client.post(url + "/set", data="1") as got:
                assert got.status == 204
        async with client.post(url + "/set", data="1") as got:
            assert got.status == 429
            assert int(got.headers["Retry-After"]) >= 1
        served.clock.now += 1.0 / WRITES.per_s
        async with client.post(url + "/set", data="1") as got:
            assert got.status == 204

    assert len(played(tmp_path, scene).posts) == WRITES.burst + 1


def test_the_network_needs_a_link_which_works_once_and_gives_a_strict_cookie(tmp_path: Path) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        async with client.get(url + "/", headers={"Host": "192.168.1.9"}) as got:
            assert got.status == 401
        async with client.get(url + "/", headers={"Accept": "text/html"}, allow_redirects=False) as got:
            assert (got.status, got.headers["Location"]) == (303, "/enter")
        async with client.get(url + "/enter") as got:
            assert got.status == 200
            assert "hems page link" in await got.text()
        link = served.access.new_link()
        async with client.post(url + "/enter", data=link) as got:
            assert got.status == 204
            cookie = got.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        async with client.get(url + "/") as got:
            assert got.status == 200
        async with client.post(url + "/enter", data=link) as got:
            assert got.status == 403
        assert served.access.revoke_all() == 1
        async with client.get(url + "/") as got:
            assert got.status == 401

    played(tmp_path, scene, lan=True)


def test_a_revoked_session_ends_the_open_stream_with_the_next_event(tmp_path: Path) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        async with client.post(url + "/enter", data=served.access.new_link()) as got:
            assert got.status == 204
        async with client.get(url + "/events") as stream:
            while b"first" not in await stream.content.readline():
                pass
            served.access.revoke_all()
            served.events.publish("en", frame("n", "secret"))
            assert b"secret" not in await stream.content.read()

    played(tmp_path, scene, lan=True)


def test_guessing_links_is_slowed_down(tmp_path: Path) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        seen = []
        for k in range(7):
            async with client.post(url + "/enter", data=f"guess-{k}") as got:
                seen.append(got.status)
        assert seen == [403] * 5 + [429] * 2
        assert served.access.sessions() == 0

    played(tmp_path, scene, lan=True)


def test_links_and_sessions_end_and_no_token_is_on_disk(tmp_path: Path) -> None:
    clock = Clock()
    access = Access(tmp_path, clock)
    late, link = access.new_link(), access.new_link()
    session = access.session_for(link)
    assert session is not None
    assert Access(tmp_path, clock).is_session(session)  # another process sees it
    assert not access.is_session("") and not access.is_session("../links")
    stored = "".join(f"{file.name}{file.read_text()}" for file in tmp_path.rglob("*") if file.is_file())
    assert session not in stored and late not in stored
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.rglob("*") if file.is_file())
    clock.now += LINK_S
    assert access.session_for(late) is None
    clock.now += SESSION_S
    assert not access.is_session(session)


def test_sessions_are_bounded_and_the_oldest_ends(tmp_path: Path) -> None:
    clock = Clock()
    access = Access(tmp_path, clock)
    held = []
    for _ in range(SESSIONS_MAX + 1):
        clock.now += 1
        held.append(access.session_for(access.new_link()) or "")
    assert access.sessions() == SESSIONS_MAX
    assert not access.is_session(held[0])
    assert access.is_session(held[1]) and access.is_session(held[-1])


def test_a_taken_port_is_said_with_what_to_do(tmp_path: Path) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        port = int(url.rsplit(":", 1)[1])
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}: .*set another port"):
            await listening(Served(tmp_path / "other", lan=False).app, "127.0.0.1", port)
        async with client.get(url + "/") as got:
            assert got.status == 200

    played(tmp_path, scene)


def test_a_page_that_does_not_read_is_dropped_and_the_others_get_every_event(tmp_path: Path) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        async with client.get(url + "/events") as good:
            assert good.headers["Content-Type"] == "text/event-stream"
            while b"first" not in await good.content.readline():
                pass
            for k in range(3):
                served.events.publish("en", frame("n", k))
                while f"data: {k}".encode() not in await good.content.readline():
                    pass
            assert served.events.channels == {"en": 1}
            for _ in range(QUEUE_MAX + 1):  # nobody runs in between: the queue fills
                served.events.publish("en", frame("n", "late"))
            assert (served.events.dropped, served.events.channels) == (1, {})
            await good.content.read()  # the stream ends

    played(tmp_path, scene)


@given(st.text(max_size=40))
def test_no_host_header_is_answered_on_loopback_but_loopback_names(host: str) -> None:
    if is_answered(host, lan=False, names=("pi.home",)):
        name = split_host(host)
        assert name is not None and (name in {"localhost", "ip6-localhost"} or is_loopback(name))


@pytest.mark.parametrize(
    ("host", "loopback", "lan"),
    [
        ("localhost:8080", True, True),
        ("127.0.0.1", True, True),
        ("[::1]:8080", True, True),
        ("192.168.1.5:8080", False, True),
        ("pi.home:8080", False, True),
        ("localhost.evil.example", False, False),
        ("", False, False),
    ],
)
def test_hosts_that_a_page_answers_to(host: str, loopback: bool, lan: bool) -> None:
    assert is_answered(host, lan=False, names=("pi.home",)) is loopback
    assert is_answered(host, lan=True, names=("pi.home",)) is lan


def test_an_origin_is_own_only_with_the_same_name_and_port() -> None:
    assert is_own_origin("http://localhost:8080", "localhost:8080")
    assert not is_own_origin("http://localhost:8081", "localhost:8080")
    assert not is_own_origin("null", "localhost:8080")


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 5)), max_size=60))
def test_no_peer_gets_more_than_its_burst_and_rate(asked: list[tuple[int, float]]) -> None:
    rate = Rate(per_s=2.0, burst=3)
    limit, now, allowed = RateLimit(rate), 0.0, dict[int, list[float]]()
    for peer, pause in asked:
        now += pause
        if not limit.wait_s(str(peer), now):
            allowed.setdefault(peer, []).append(now)
    for times in allowed.values():
        for i, first in enumerate(times):
            for count, last in enumerate(times[i:], 1):
                assert count <= rate.burst + rate.per_s * (last - first) + 1e-6


def test_a_flood_of_peers_is_forgotten_beyond_a_bound() -> None:
    limit = RateLimit(Rate(per_s=1.0, burst=1))
    for k in range(2 * PEERS_MAX):
        limit.wait_s(str(k), 0.0)
    assert len(limit._left) == PEERS_MAX
