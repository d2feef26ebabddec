"""A tap between a meter under test and its MQTT server: records what the meter sends, and cuts the connection.

It reads the bytes of MQTT 3.1.1 in the clear and changes nothing.
Source: OASIS MQTT 3.1.1, clauses 2.2, 3.1, 3.3, 3.8.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from conformance.transcript import Packet

CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT = 1, 3, 8, 14
CHUNK = 65_536
PACKET_BYTES_MAX = 1 << 20


class PacketReader:
    """MQTT packets out of a stream of bytes, in any pieces."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """(first byte, body) of every packet that is complete now.

        Raises: ValueError when the bytes are no MQTT.
        """
        self._buffer += data
        found = []
        while (packet := self._next()) is not None:
            found.append(packet)
        return found

    def _next(self) -> tuple[int, bytes] | None:
        length, shift = 0, 0
        for i in range(1, 5):
            if len(self._buffer) <= i:
                return None
            length |= (self._buffer[i] & 0x7F) << shift
            shift += 7
            if not self._buffer[i] & 0x80:
                break
        else:
            raise ValueError("not MQTT: a length of more than four bytes")
        if length > PACKET_BYTES_MAX:
            raise ValueError(f"not MQTT, or a packet of {length} bytes")
        end = i + 1 + length
        if len(self._buffer) < end:
            return None
        first, body = self._buffer[0], self._buffer[i + 1 : end]
        self._buffer = self._buffer[end:]
        return first, body


def _text(body: bytes, at: int) -> tuple[str, int]:
    size = int.from_bytes(body[at : at + 2], "big")
    return body[at + 2 : at + 2 + size].decode("utf-8", "replace"), at + 2 + size


def packet_of(first: int, body: bytes, at_s: int) -> Packet | None:
    """The packet as the transcript keeps it; None for kinds that say nothing about a meter.

    Raises: ValueError when the packet ends too early.
    """
    try:
        return _packet_of(first, body, at_s)
    except IndexError:
        raise ValueError("not MQTT: a packet ends too early") from None


def _packet_of(first: int, body: bytes, at_s: int) -> Packet | None:
    kind = first >> 4
    if kind == CONNECT:
        _, at = _text(body, 0)
        flags, keep_alive = body[at + 1], int.from_bytes(body[at + 2 : at + 4], "big")
        client_id, _ = _text(body, at + 4)
        facts: dict[str, str | int | bool] = {
            "client_id": client_id,
            "keep_alive_s": keep_alive,
            "clean_session": bool(flags & 0x02),
            "level": body[at],
        }
        return Packet(kind="connect", at_s=at_s, facts=facts)
    if kind == PUBLISH:
        topic, at = _text(body, 0)
        qos = first >> 1 & 3
        payload = body[at + 2 :] if qos else body[at:]
        return Packet(kind="publish", at_s=at_s, topic=topic, payload=payload, qos=qos, retain=bool(first & 1))
    if kind == SUBSCRIBE:
        found, at = {}, 2
        while at < len(body):
            name, at = _text(body, at)
            found[name] = int(body[at])
            at += 1
        return Packet(kind="subscribe", at_s=at_s, facts=found)
    return Packet(kind="disconnect", at_s=at_s) if kind == DISCONNECT else None


class Tap:
    """Listens on a port and hands everything on to the server."""

    def __init__(self, server: tuple[str, int], hear: Callable[[Packet], None], now_s: Callable[[], int]) -> None:
        self._server = server
        self._hear = hear
        self._now_s = now_s
        self._open: set[asyncio.StreamWriter] = set()
        self._listening: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Starts to listen; the port, which the system chooses when it is 0."""
        self._listening = await asyncio.start_server(self._talk, host, port)
        return int(self._listening.sockets[0].getsockname()[1])

    def cut(self) -> int:
        """Cuts all connections, as a network does; how many there were."""
        count = len(self._open)
        for writer in list(self._open):
            writer.transport.abort()
        return count // 2

    async def stop(self) -> None:
        """Stops to listen."""
        self.cut()
        if self._listening is not None:
            self._listening.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward_reader, onward = await asyncio.open_connection(*self._server)
        except OSError:
            writer.close()
            return
        self._open |= {writer, onward}
        try:
            await asyncio.gather(self._up(reader, onward), self._down(onward_reader, writer))
        except (OSError, asyncio.CancelledError):
            return
        finally:
            for end in (writer, onward):
                self._open.discard(end)
                end.close()

    async def _up(self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> None:
        packets = PacketReader()
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                self._read(packets, data)
                onward.write(data)
                await onward.drain()
        onward.close()

    def _read(self, packets: PacketReader, data: bytes) -> None:
        """Records what the bytes say; ones that are no MQTT are the server's to refuse, and go on unread."""
        with suppress(ValueError):
            for first, body in packets.feed(data):
                packet = packet_of(first, body, self._now_s())
                if packet is not None:
                    self._hear(packet)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
        writer.close()
