"""What strangers send to a page in the network, byte by byte: it is answered and reaches neither page nor log."""

import asyncio
import logging
from pathlib import Path

import pytest
from aiohttp import ClientSession
from test_web_guard import Served, played

from web import bodies, listening

HOST = b"Host: localhost\r\nConnection: close\r\n"
ANSWER_S = 10.0


async def answered(url: str, sent: bytes) -> bytes:
    """All that the server says until it ends the connection; nothing when it refuses it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), ANSWER_S)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def posted(head: bytes, body: bytes, path: bytes = b"/enter") -> bytes:
    return b"POST %s HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s" % (path, HOST, head, len(body), body)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: session-0=\xff\xfe\r\n\r\n", 401),
        (b"GET / HTTP/1.1\r\n" + HOST + b'Cookie: session-0="\\377\\ud800"\r\n\r\n', 401),
        (posted(b"", b"\xff\xfe"), 400),
        (posted(b"Content-Type: text/plain; charset=nope\r\n", b"ab"), 403),
        (posted(b"Content-Type: text/plain; charset=utf-7\r\n", b"+2AA-"), 403),
        (posted(b"Content-Encoding: gzip\r\n", b"ab"), 403),
        (b"POST /enter HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST /set HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET /assets/../ HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /assets/%2e%2e%2f HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /entered HTTP/1.1\r\n" + HOST + b"\r\n", 401),
        (b"GET //localhost/assets/x HTTP/1.1\r\n" + HOST + b"\r\n", 401),
    ],
)
def test_bytes_of_a_stranger_are_answered_and_leave_no_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sent: bytes, status: int
) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        got = await answered(url, sent)
        assert got.split()[1] == str(status).encode(), got[:200]

    with caplog.at_level(logging.WARNING):
        served = played(tmp_path, scene, lan=True)
    assert served.posts == [] and served.access.sessions() == 0
    assert caplog.messages == []


def test_a_request_that_never_becomes_whole_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "IDLE_S", 0.1)
    monkeypatch.setattr(listening, "LEFT_OVER_S", 0.1)
    monkeypatch.setattr(bodies, "WAIT_S", 0.1)

    async def scene(client: ClientSession, url: str, served: Served) -> None:
        assert await answered(url, b"") == b""
        assert await answered(url, b"GET / HTTP/1.1\r\nHost: local") == b""
        late = await answered(url, b"POST /enter HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nab")
        assert late.split()[1] == b"408"

    played(tmp_path, scene, lan=True)


def test_connections_of_one_peer_are_bounded_and_free_again_when_they_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "CONNECTIONS_PER_PEER_MAX", 3)

    async def scene(client: ClientSession, url: str, served: Served) -> None:
        port = int(url.rsplit(":", 1)[1])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        assert await answered(url, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") == b""
        for reader, writer in held:
            writer.write(b"GET /enter HTTP/1.1\r\n" + HOST + b"\r\n")
            assert (await reader.read()).split()[1] == b"200"
            writer.close()
        async with client.get(url + "/enter") as got:
            assert got.status == 200

    played(tmp_path, scene, lan=True)


def test_a_fault_of_a_handler_is_logged_and_answered_with_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> str:
        raise KeyError("gone")

    async def scene(client: ClientSession, url: str, served: Served) -> None:
        monkeypatch.setattr(served.access, "session_for", broken)
        async with client.post(url + "/enter", data="x") as got:
            assert got.status == 500
            assert "gone" not in await got.text()
            assert (await got.json())["to_do"]
            assert "Content-Security-Policy" in got.headers

    played(tmp_path, scene, lan=True)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize(("said", "is_secure"), [({}, False), ({"X-Forwarded-Proto": "https"}, True)])
def test_behind_a_proxy_with_tls_the_cookie_never_leaves_unencrypted(
    tmp_path: Path, said: dict[str, str], is_secure: bool
) -> None:
    async def scene(client: ClientSession, url: str, served: Served) -> None:
        async with client.post(url + "/enter", data=served.access.new_link(), headers=said) as got:
            assert got.status == 204
            assert ("Secure" in got.headers["Set-Cookie"]) is is_secure

    played(tmp_path, scene, lan=True)
