"""A lost connection does not look like a cancel: who works on it comes back, and still ends when asked to."""

import asyncio

import aiomqtt
import pytest

from mqtt import first_cause, heed_cancel, stay_connected, staying, together


async def _lost() -> None:
    await asyncio.sleep(0)
    raise OSError("the server is gone")


async def _for_ever() -> None:
    await asyncio.Event().wait()


def test_after_lost_connections_a_task_goes_on() -> None:
    async def serve() -> int:
        for _ in range(3):
            with pytest.raises(BaseExceptionGroup):
                await together(_lost(), _for_ever())
            heed_cancel()
        return 3

    assert asyncio.run(serve()) == 3


def test_a_task_that_works_on_several_ends_when_it_is_cancelled() -> None:
    async def scene() -> bool:
        task = asyncio.ensure_future(together(_for_ever(), _for_ever()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(scene())


def test_every_kind_of_failure_is_told_and_followed_by_another_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staying, "BACKOFF_FIRST_S", 0.0)
    failures = [OSError("no file"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text"), aiomqtt.MqttError("gone")]
    told: list[BaseException] = []

    def client() -> aiomqtt.Client:
        raise failures[len(told)]

    async def serve(_: aiomqtt.Client) -> None:
        raise AssertionError("there is no connection")

    async def scene() -> None:
        enough = asyncio.Event()

        async def failed(cause: BaseException) -> None:
            told.append(cause)
            if len(told) == len(failures):
                enough.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(stay_connected(client, serve, failed))
        await asyncio.wait_for(enough.wait(), 10)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scene())
    assert told == failures


def test_the_first_cause_is_found_in_groups_of_groups() -> None:
    cause = OSError("first")
    assert first_cause(ExceptionGroup("", [ExceptionGroup("", [cause, OSError("second")])])) is cause
    assert first_cause(cause) is cause
