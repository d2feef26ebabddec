"""A lost connection does not look like a cancel: who works on it comes back, and still ends when asked to."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from broker.io import heed_cancel as of_broker
from hems.io import heed_cancel as of_home

Together = Callable[..., Awaitable[None]]
TOGETHER = [of_home.together, of_broker.together]
HEED = [of_home.heed_cancel, of_broker.heed_cancel]


async def _lost() -> None:
    await asyncio.sleep(0)
    raise OSError("the server is gone")


async def _for_ever() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("together", TOGETHER)
@pytest.mark.parametrize("heed", HEED)
def test_after_lost_connections_a_task_goes_on(together: Together, heed: Callable[[], None]) -> None:
    async def serve() -> int:
        for _ in range(3):
            with pytest.raises(BaseExceptionGroup):
                await together(_lost(), _for_ever())
            heed()
        return 3

    assert asyncio.run(serve()) == 3


@pytest.mark.parametrize("together", TOGETHER)
def test_a_task_that_works_on_several_ends_when_it_is_cancelled(together: Together) -> None:
    async def scene() -> bool:
        task = asyncio.ensure_future(together(_for_ever(), _for_ever()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(scene())
