"""Serving one or several homes in one process until it is asked to stop."""

import asyncio
import signal
from collections.abc import Sequence
from typing import Protocol

from doctor.alive import tell_alive


class Service(Protocol):
    """What serves until an event is set."""

    async def serve(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set."""


async def serve_all(services: Sequence[Service]) -> None:
    """Serves until SIGINT or SIGTERM; the failure of one ends all."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    alive = asyncio.create_task(tell_alive())
    try:
        async with asyncio.TaskGroup() as tasks:
            for service in services:
                tasks.create_task(service.serve(stop))
    finally:
        alive.cancel()


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first cause of a group: what a user is told."""
    cause: BaseException = group
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return cause
