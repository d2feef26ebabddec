"""Cancelling that is not lost in a wait with a timeout."""

import asyncio


def heed_cancel() -> None:
    """Ends a task that was cancelled while it waited.

    A wait with a timeout loses that where its answer comes at the same moment (asyncio.wait_for of Python 3.11).
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
