"""A connection that is there as long as the program: after every failure it comes back, later and later."""

import asyncio
from collections.abc import Awaitable, Callable

import aiomqtt

from mqtt.cancelling import heed_cancel

BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.25, 30.0
# A server that is gone, files that cannot be read, and what the client library finds wrong with settings.
FAILURES: tuple[type[Exception], ...] = (aiomqtt.MqttError, OSError, ValueError)


async def stay_connected(
    client: Callable[[], aiomqtt.Client],
    serve: Callable[[aiomqtt.Client], Awaitable[None]],
    failed: Callable[[BaseException], Awaitable[None]],
) -> None:
    """Serves for ever: `serve` works on a connection until it fails, `failed` hears why before the next attempt."""
    backoff_s = BACKOFF_FIRST_S
    while True:
        try:
            async with client() as connected:
                heed_cancel()
                backoff_s = BACKOFF_FIRST_S
                await serve(connected)
        except* FAILURES as group:
            await failed(first_cause(group))
        heed_cancel()
        await asyncio.sleep(backoff_s)
        backoff_s = min(2 * backoff_s, BACKOFF_MAX_S)


def first_cause(error: BaseException) -> BaseException:
    """The first failure in a group of groups; itself when it is no group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
