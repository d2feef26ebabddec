"""Answers of a page: compressed where it pays, named by their content so that nothing is sent twice."""

import gzip
import hashlib
import json
from typing import Any

from aiohttp import web as http

GZIP_FROM_BYTES = 600
HTML, JSON = "text/html; charset=utf-8", "application/json; charset=utf-8"


class Body:
    """Bytes of an answer, compressed once however often they are sent."""

    __slots__ = ("_packed", "content_type", "data", "tag")

    def __init__(self, data: bytes, content_type: str) -> None:
        self.data, self.content_type = data, content_type
        self.tag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
        self._packed: bytes | None = None

    @property
    def packed(self) -> bytes:
        """The bytes as gzip."""
        if self._packed is None:
            self._packed = gzip.compress(self.data, 6, mtime=0)
        return self._packed


def answer(request: http.Request, body: Body, *, status: int = 200) -> http.Response:
    """The body; 304 when the browser has it already."""
    headers = {"ETag": body.tag, "Vary": "Accept-Encoding", "Content-Type": body.content_type}
    if status == 200 and request.headers.get("If-None-Match") == body.tag:
        return http.Response(status=304, headers={"ETag": body.tag})
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    if not takes_gzip or len(body.data) < GZIP_FROM_BYTES:
        return http.Response(status=status, body=body.data, headers=headers)
    return http.Response(status=status, body=body.packed, headers={**headers, "Content-Encoding": "gzip"})


def json_body(value: Any) -> Body:
    """A value as JSON."""
    return Body(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(), JSON)


def problem(status: int, what: str, to_do: str, **headers: str) -> http.Response:
    """What is wrong and what to do, as JSON; `retry_after="2"` becomes the header Retry-After."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return http.Response(
        status=status, body=json_body({"error": what, "to_do": to_do}).data, headers={"Content-Type": JSON, **named}
    )
