"""The body of a request as text: UTF-8 whatever the request claims, and whole within a time."""

import asyncio

from aiohttp import web as http

WAIT_S = 10.0


async def text_of(request: http.Request) -> str:
    """The text of a body.

    Raises: HTTPBadRequest, HTTPRequestTimeout or HTTPRequestEntityTooLarge, which the guard answers.
    """
    try:
        async with asyncio.timeout(WAIT_S):
            return (await request.read()).decode()
    except TimeoutError:
        raise http.HTTPRequestTimeout(reason="the body did not come whole") from None
    except UnicodeDecodeError:
        raise http.HTTPBadRequest(reason="the body is not UTF-8 text") from None
    except http.RequestPayloadError:
        raise http.HTTPBadRequest(reason="the body is cut or badly written") from None
