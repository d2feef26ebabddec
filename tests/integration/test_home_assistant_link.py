"""The connection to Home Assistant by itself, on a real server: commands of now, and those that lay there."""

import asyncio
import logging
from pathlib import Path

import aiomqtt
import pytest
from broker_rig import mosquitto

from hems.control.home_assistant.topics import Topics
from hems.io.home_assistant_mqtt import OLD_TOLD_MAX, HomeAssistantMqtt, Receivers
from hems.site.config import HomeAssistantTable

WAIT_S = 20.0
TOPICS = Topics(meter="home-1")


class Link:
    """A link that runs, its connections so far, and the commands that it has handed on."""

    def __init__(self, port: int, folder: Path) -> None:
        self.commands: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.connected: asyncio.Queue[None] = asyncio.Queue()
        self.link = HomeAssistantMqtt(
            HomeAssistantTable(port=port),
            folder,
            TOPICS,
            Receivers(
                on_connected=lambda: self.connected.put_nowait(None),
                on_birth=lambda: None,
                on_command=lambda component, payload: self.commands.put_nowait((component, payload)),
            ),
        )

    async def next_command(self) -> tuple[str, bytes]:
        return await asyncio.wait_for(self.commands.get(), WAIT_S)

    async def until_connected(self) -> None:
        await asyncio.wait_for(self.connected.get(), WAIT_S)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "retained command" in record.getMessage()]


async def lived(port: int, folder: Path, left: list[str]) -> None:
    """Commands lie on the server, the link comes, is thrown off and comes again; after each a live command."""
    made = Link(port, folder)
    async with aiomqtt.Client("127.0.0.1", port) as other:
        for component in left:
            await other.publish(f"hearthgrid/home-1/set/{component}", "away", qos=1, retain=True)
        running = asyncio.create_task(made.link.run())
        try:
            for payload in ("first", "second"):
                await made.until_connected()
                await other.publish("hearthgrid/home-1/set/hours", payload, qos=1)
                assert await made.next_command() == ("hours", payload.encode())
                if payload == "first":  # the same client id: the server throws the link off
                    async with aiomqtt.Client("127.0.0.1", port, identifier=f"{TOPICS.name}_homeassistant"):
                        pass
            assert made.commands.empty()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def test_commands_that_lay_on_the_server_are_left_alone_and_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mosquitto(tmp_path) as port, caplog.at_level(logging.INFO):
        asyncio.run(lived(port, tmp_path, ["mode", "battery_override"]))
    said = told(caplog)
    assert len(said) == 2
    assert sum("hearthgrid/home-1/set/mode" in line and "empty retained message" in line for line in said) == 1


def test_whoever_leaves_thousands_does_not_fill_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with mosquitto(tmp_path) as port, caplog.at_level(logging.INFO):
        asyncio.run(lived(port, tmp_path, [f"c{number}" for number in range(OLD_TOLD_MAX + 20)]))
    assert len(told(caplog)) == OLD_TOLD_MAX
