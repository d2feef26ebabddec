"""How far each source was carried, and what became of its points, in one small file that survives a power cut."""

import json
import os
from pathlib import Path
from typing import Any

from telemetry.source import Cursor

VERSION = 1


class CursorsFailed(Exception):
    """The file cannot be used: the message names it and says what to do."""


class Cursors:
    """Places and counters on `path`. Written as a whole, so it is always the old or the new one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, dict[str, int]] = {}
        self._counts: dict[str, int] = {}
        self._read()

    def _read(self) -> None:
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            if document["version"] != VERSION:
                raise ValueError(f"version {document['version']}")
            self._places = {name: _numbers(place) for name, place in document["places"].items()}
            self._counts = _numbers(document["counts"])
        except FileNotFoundError:
            return
        except OSError as error:
            raise CursorsFailed(f"{self._path}: {error.strerror}; make it readable for this user") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            remedy = "delete it: everything that is still recorded is then carried once more, which changes nothing"
            raise CursorsFailed(f"{self._path}: not a file of this release ({error}); {remedy}") from None

    def place(self, source: str) -> Cursor:
        """The cursor of a source, empty before its first row."""
        return self._places.get(source, {})

    def count(self, name: str) -> int:
        """A counter, 0 when nothing was counted."""
        return self._counts.get(name, 0)

    def move(self, source: str, cursor: Cursor, counted: dict[str, int]) -> None:
        """Stores durably that a source was carried up to a cursor, and adds to the counters.

        Raises: CursorsFailed when it cannot be written; the old file stays.
        """
        self._store({**self._places, source: dict(cursor)}, counted)

    def add(self, counted: dict[str, int]) -> None:
        """Adds to the counters, durably.

        Raises: CursorsFailed when it cannot be written; the old file stays.
        """
        self._store(self._places, counted)

    def _store(self, places: dict[str, dict[str, int]], counted: dict[str, int]) -> None:
        counts = {**self._counts, **{name: self.count(name) + more for name, more in counted.items()}}
        self._write({"version": VERSION, "places": places, "counts": counts})
        self._places, self._counts = places, counts

    def _write(self, document: dict[str, Any]) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(document, file, sort_keys=True)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            remedy = "free disk space or make the directory writable"
            raise CursorsFailed(f"{self._path}: cannot be written: {error.strerror}; {remedy}") from None


def _numbers(value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or not all(type(number) is int for number in value.values()):
        raise ValueError("not a table of whole numbers")
    return value
