"""The time series server: one write, and what came of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telemetry.settings import Connection

if TYPE_CHECKING:
    from influxdb_client.client.write_api import WriteApi
    from influxdb_client.rest import ApiException

DROPPED = re.compile(r"partial write:.*dropped=([1-9]\d*)", re.DOTALL)
REMEDIES = {
    401: "the token is not accepted: put a token that may write to the bucket into telemetry.token_file",
    403: "the token may not write there: give it write access to the bucket, or use another one",
    404: "bucket or organisation is not known there: create it, or correct telemetry.bucket and telemetry.org",
}
TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class Written:
    """The server has the lines, except `dropped` of them that it can never take; `why` says what it said of those."""

    dropped: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server took none of the lines because of some of them: try fewer."""

    why: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The server took none of them now: try again later. `why` says what is the matter and what to do."""

    why: str


Answer = Written | Refused | Unavailable


class Server:
    """Writes to one bucket through influxdb-client, synchronously: every answer is seen."""

    def __init__(self, connection: Connection) -> None:
        from influxdb_client.client.influxdb_client import InfluxDBClient
        from influxdb_client.client.write_api import SYNCHRONOUS

        self._to = connection
        self._client = InfluxDBClient(
            url=connection.url,
            token=connection.token,
            org=connection.org,
            timeout=connection.timeout_s * 1000,
            enable_gzip=True,
            retries=False,
            ssl_ca_cert=None if connection.ca_file is None else str(connection.ca_file),
        )
        self._api: WriteApi = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, lines: Sequence[str]) -> Answer:
        """What became of lines."""
        from influxdb_client.client.exceptions import InfluxDBError
        from influxdb_client.rest import ApiException
        from urllib3.exceptions import HTTPError

        try:
            self._api.write(bucket=self._to.bucket, record="\n".join(lines).encode())
        except ApiException as error:
            return self._answer(error, len(lines))
        except (HTTPError, InfluxDBError, OSError) as error:
            return Unavailable(f"{self._to.url}: {_short(error)}; start the server, or correct telemetry.url")
        return Written()

    def _answer(self, error: "ApiException", count: int) -> Answer:
        status, said = int(error.status or 0), _said(error)
        if status in REMEDIES:
            return Unavailable(f"{self._to.url}: {status} {said}; {REMEDIES[status]}")
        dropped = DROPPED.search(said)
        if dropped is not None and status in (400, 422):
            return Written(dropped=min(count, int(dropped.group(1))), why=said)
        if status in (400, 422) or (status == TOO_LARGE and count > 1):
            return Refused(f"{status} {said}")
        if status == TOO_LARGE:
            return Written(dropped=1, why=said)
        return Unavailable(f"{self._to.url}: {status} {said}; look at the server's log")

    def close(self) -> None:
        """Ends the connections."""
        self._api.close()  # type: ignore[no-untyped-call]
        self._client.close()  # type: ignore[no-untyped-call]


def _said(error: Any) -> str:
    body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else str(error.body or error.reason)
    found = re.search(r'"(?:message|error)"\s*:\s*"((?:[^"\\]|\\.)*)"', body)
    return _short(found.group(1).replace('\\"', '"') if found else body)


def _short(what: object) -> str:
    return " ".join(str(what).split())[:300]
