"""An MQTT server for the demo: a mosquitto child with a generated configuration, else amqtt in this process."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from twin.demo.processes import uninterrupted

START_TIMEOUT_S = 10.0


class NoMqttServer(Exception):
    """No MQTT server could be started: the message says what to do."""


def free_port() -> int:
    """A loopback TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mosquitto_path() -> str | None:
    """Where mosquitto is, if it is installed."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


@asynccontextmanager
async def mqtt_server(folder: Path, port: int | None = None) -> AsyncIterator[tuple[int, str]]:
    """(port, what it is) of a server on loopback, ended when the context ends; None: on a free port."""
    program = mosquitto_path()
    if program is None:
        async with _amqtt(port or free_port()) as taken:
            yield taken, "amqtt in process (install mosquitto for a faster demo)"
    else:
        async with _mosquitto(program, folder, port or free_port()) as taken:
            yield taken, f"mosquitto ({program})"


@asynccontextmanager
async def _mosquitto(program: str, folder: Path, port: int) -> AsyncIterator[int]:
    config = folder / "mosquitto.conf"
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "persistence false",
        "set_tcp_nodelay true",
        "max_queued_messages 0",
        "max_inflight_messages 0",
        "log_dest none",
    ]
    if os.name == "posix" and os.geteuid() == 0:
        lines.append("user root")
    config.write_text("\n".join(lines) + "\n")
    with _child([program, "-c", str(config)], folder / "mosquitto.log") as child:
        await _listening(port, child)
        yield port


@contextmanager
def _child(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the context, also when it is broken off while the process starts.

    Ctrl-C at a terminal goes to its whole group: the server has to outlive those who say goodbye to it.
    """
    child: subprocess.Popen[bytes] | None = None
    try:
        with log.open("wb") as said, uninterrupted():
            child = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        yield child
    finally:
        if child is not None:
            child.terminate()
            child.wait()


async def _listening(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    while asyncio.get_running_loop().time() < deadline:
        if (status := child.poll()) is not None:
            raise NoMqttServer(f"mosquitto ended with status {status}: run it by hand to see why")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise NoMqttServer(f"mosquitto does not listen on port {port} after {START_TIMEOUT_S:.0f} s")


@asynccontextmanager
async def _amqtt(port: int) -> AsyncIterator[int]:
    import logging

    from amqtt.broker import Broker

    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    server = Broker(config)
    try:
        await server.start()
    except Exception as error:
        raise NoMqttServer(f"amqtt did not start ({error}): install mosquitto") from error
    try:
        yield port
    finally:
        await server.shutdown()
