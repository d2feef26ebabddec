"""Waiting for answers, and no longer than a time."""

import asyncio

from hems.io.edge_store import EdgeStore, StoreError
from hems.io.home_link import Line


def watched(store: EdgeStore, stop: asyncio.Event) -> list[StoreError]:
    """Where a failure of the store will stand; with the first one `stop` is set: nothing goes on unrecorded."""
    failed: list[StoreError] = []

    def told(failure: StoreError) -> None:
        failed.append(failure)
        stop.set()

    store.when_it_fails(told)
    return failed


async def some(events: list[asyncio.Event], count: int) -> None:
    """Waits until `count` of the events have been set."""
    waiting = {asyncio.ensure_future(event.wait()) for event in events}
    try:
        done = 0
        while waiting and done < count:
            finished, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            done += len(finished)
    finally:
        for task in waiting:
            task.cancel()


async def within(waiting: "asyncio._CoroutineLike[object]", seconds: float) -> Line | None:
    """The result within a time, None when it did not come."""
    try:
        result = await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        return None
    return result if isinstance(result, dict) else None
