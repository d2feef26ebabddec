"""Asks an InfluxQL engine: InfluxDB 1 or 2, or what speaks their query interface."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of an answer: its tags, the names of its columns, its rows (the first column is the time [ms])."""

    name: str
    tags: dict[str, str]
    columns: list[str]
    values: list[list[Any]]


class QueryFailed(Exception):
    """The engine did not answer a query; the message holds what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Where the points are: address, database (the bucket of InfluxDB 2), token (None: none is asked for)."""

    url: str
    database: str
    token: str | None = None

    def ask(self, query: str) -> list[Series]:
        """The series that answer the query; none when there is no data.

        Raises: QueryFailed when the engine cannot be reached or refuses the query.
        """
        request = urllib.request.Request(
            f"{self.url.rstrip('/')}/query",
            data=urllib.parse.urlencode({"db": self.database, "epoch": "ms", "q": query}).encode(),
            headers={} if self.token is None else {"Authorization": f"Token {self.token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise QueryFailed(f"{query}: {error.read().decode(errors='replace')[:500]}") from error
        except OSError as error:
            raise QueryFailed(
                f"no answer from {self.url}: {error}; is the server up, is the address right?"
            ) from error
        return _series(query, found)


def _series(query: str, found: dict[str, Any]) -> list[Series]:
    [result] = found["results"]
    if "error" in result:
        raise QueryFailed(f"{query}: {result['error']}")
    return [
        Series(name=s["name"], tags=s.get("tags", {}), columns=s["columns"], values=s["values"])
        for s in result.get("series", [])
    ]
