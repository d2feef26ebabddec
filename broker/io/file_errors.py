"""What is wrong with files that are read again while the broker runs."""

import logging
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

LOG = logging.getLogger(__name__)


@runtime_checkable
class ReadAgain(Protocol):
    """A source whose file may change and be wrong then."""

    @property
    def error(self) -> str | None:
        """What is wrong with the file, None when nothing is."""


class FileErrors:
    """Says once when a file cannot be used, and once when it can again."""

    def __init__(self, sources: Iterable[object]) -> None:
        self._told: dict[int, str] = {}
        self._sources = [source for source in sources if isinstance(source, ReadAgain)]

    def look(self) -> None:
        """Logs what is new."""
        for number, source in enumerate(self._sources):
            error, told = source.error, self._told.get(number)
            if error is not None and error != told:
                LOG.warning("%s", error)
                self._told[number] = error
            elif error is None and told is not None:
                LOG.warning("is in order again: %s", told)
                del self._told[number]
