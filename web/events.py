"""Server-sent events: one producer, many open pages. A frame is made once and its bytes are shared by all.

Every page waits with a bounded queue; one that does not read is dropped, and its browser asks again by itself.
Source: HTML Living Standard, 9.2 (server-sent events).
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web as http

from web.answers import problem
from web.guard import add_headers

STREAMS_MAX = 128
STREAMS_PER_PEER_MAX = 64
QUEUE_MAX = 8
BEAT_S = 15.0
WRITE_S = 10.0
RETRY_MS = 2000
BEAT = b": beat\n\n"


def frame(event: str, value: Any) -> bytes:
    """An event with a value as JSON, on one line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"event: {event}\ndata: {text}\n\n".encode()


@dataclass(eq=False, slots=True)
class _Reader:
    channel: str
    peer: str
    waiting: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_MAX))


class Events:
    """All open pages of one server, by channel (for instance a language)."""

    def __init__(self) -> None:
        self._readers: set[_Reader] = set()
        self.dropped = 0
        self.is_member: Callable[[http.Request], bool] = lambda _: True  # asked anew before each frame

    @property
    def channels(self) -> Counter[str]:
        """How many pages read each channel that somebody reads."""
        return Counter(reader.channel for reader in self._readers)

    def publish(self, channel: str, data: bytes) -> None:
        """Gives frames to all pages of a channel; does not wait, and drops who has not read the last ones."""
        for reader in [reader for reader in self._readers if reader.channel == channel]:
            try:
                reader.waiting.put_nowait(data)
            except asyncio.QueueFull:
                self._drop(reader)

    def close(self) -> None:
        """Ends all streams: the program ends."""
        for reader in list(self._readers):
            self._drop(reader)

    async def stream(self, request: http.Request, channel: str, first: bytes = b"") -> http.StreamResponse:
        """Serves one page until it leaves; `first` is what it gets at once."""
        peer = request.remote or ""
        if len(self._readers) >= STREAMS_MAX or self._open_of(peer) >= STREAMS_PER_PEER_MAX:
            return problem(503, "too many open pages", "close some", retry_after="30")
        reader = _Reader(channel, peer)
        self._readers.add(reader)
        response = http.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        add_headers(response)
        response.headers["Cache-Control"] = "no-store"
        try:
            await response.prepare(request)
            await self._write(response, f"retry: {RETRY_MS}\n\n".encode() + first)
            await self._pump(reader, response, lambda: self.is_member(request))
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._readers.discard(reader)
        return response

    @staticmethod
    async def _pump(reader: _Reader, response: http.StreamResponse, is_member: Callable[[], bool]) -> None:
        while True:
            data: bytes | None = BEAT
            with contextlib.suppress(TimeoutError):
                data = await asyncio.wait_for(reader.waiting.get(), BEAT_S)
            if data is None:
                return
            if not is_member():
                return
            await Events._write(response, data)

    @staticmethod
    async def _write(response: http.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(WRITE_S):
            await response.write(data)

    def _open_of(self, peer: str) -> int:
        return sum(1 for reader in self._readers if reader.peer == peer)

    def _drop(self, reader: _Reader) -> None:
        self._readers.discard(reader)
        self.dropped += 1
        while not reader.waiting.empty():
            reader.waiting.get_nowait()
        reader.waiting.put_nowait(None)
