"""The coordinator of a demo on a real MQTT server with processes that lose an instant, are slow, or hang."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest
from broker_rig import mosquitto

from twin.demo import patience
from twin.demo.coordinator import DemoStuck, drive
from wire import clock

COMMUNITY, SLOT_S = "elm", 900


class Workers:
    """Processes whose work the test tells."""

    def __init__(self, work_s: Callable[[], float | None]) -> None:
        self._work_s = work_s

    def dead(self) -> str | None:
        return None

    def work_s(self) -> float | None:
        return self._work_s()


async def home(port: int, hears: Callable[[int, int], bool]) -> None:
    """Answers the announcements that it hears: `hears(instant, how often it was announced)`."""
    announced: dict[int, int] = {}
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe(clock.now_topic(COMMUNITY), 1)
        await client.publish(clock.done_topic(COMMUNITY, "home"), clock.encode_done(clock.Done(clock.READY, None)), 1)
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            now = clock.decode_now(message.payload)
            announced[now.instant] = announced.get(now.instant, 0) + 1
            if hears(now.instant, announced[now.instant]):
                next_s = None if now.instant == clock.READY else now.now_s + SLOT_S
                done = clock.encode_done(clock.Done(now.instant, next_s))
                await client.publish(clock.done_topic(COMMUNITY, "home"), done, 1)


def driven(tmp_path: Path, watched: Workers, hears: Callable[[int, int], bool]) -> int:
    """Drives one home for three slots; the number of instants."""

    async def scene(port: int) -> int:
        lives = asyncio.create_task(home(port, hears))
        try:
            return await drive(
                port, COMMUNITY, ["home"], [], start_s=0, end_s=2 * SLOT_S, progress=lambda _: None, watched=watched
            )
        finally:
            lives.cancel()
            await asyncio.gather(lives, return_exceptions=True)

    with mosquitto(tmp_path) as port:
        return asyncio.run(scene(port))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "WINDOW_S", 1.0)
    monkeypatch.setattr(patience, "IDLE_S_MAX", 4.0)


def test_an_instant_that_a_process_did_not_hear_is_announced_again(tmp_path: Path) -> None:
    assert driven(tmp_path, Workers(lambda: 0.0), lambda instant, times: instant != 2 or times == 2) == 3


def test_a_process_that_works_is_waited_for_longer_than_one_that_does_nothing(tmp_path: Path) -> None:
    looks = 0

    def works() -> float:
        nonlocal looks
        looks += 1
        return 1.0 * looks

    assert driven(tmp_path, Workers(works), lambda instant, _: instant != 2 or looks > 12) == 3


def test_processes_that_neither_answer_nor_work_are_named_with_what_was_seen(tmp_path: Path) -> None:
    with pytest.raises(
        DemoStuck, match=r"no answer at 1970-01-01T00:15:00Z from home: nobody answered or worked for"
    ):
        driven(tmp_path, Workers(lambda: 0.0), lambda instant, _: instant != 2)
