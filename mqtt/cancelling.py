"""Cancelling that is neither lost in a wait with a timeout nor made up by a lost connection."""

import asyncio
from collections.abc import Coroutine


def heed_cancel() -> None:
    """Ends a task that was cancelled while it waited.

    A wait with a timeout loses that where its answer comes at the same moment (asyncio.wait_for of Python 3.11).
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def together(*work: Coroutine[None, None, None]) -> None:
    """Works on all at once until one fails, or until this task is cancelled.

    A TaskGroup of Python 3.11 cancels the task that waits for it when a child fails, and does not take that back:
    without doing so here, `heed_cancel` would end a connection for ever that was only lost.
    """
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    try:
        async with asyncio.TaskGroup() as tasks:
            for one in work:
                tasks.create_task(one)
    except BaseExceptionGroup:
        if task is not None and task.cancelling() > before:
            task.uncancel()
        raise
