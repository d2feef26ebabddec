"""Messages on their way to the MQTT server: in order, bounded, with marks that fire once all before them arrived.

Policy when full (the server is away for long): the oldest private message gives way. Its receiver asks for the slot's
state or reads its statement; public results are never dropped.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parcel:
    """A frame for a topic; `private` when only one meter waits for it."""

    topic: str
    frame: bytes
    qos: int
    retain: bool
    private: bool


Mark = Callable[[], None]


class Outbox:
    """The bounded queue; `dropped` counts messages that gave way."""

    def __init__(self, parcels_max: int) -> None:
        self._max = parcels_max
        self._entries: deque[Parcel | Mark] = deque()
        self._parcels = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, parcel: Parcel) -> None:
        """Queues a message."""
        if self._parcels >= self._max:
            self._drop_oldest_private()
        self._entries.append(parcel)
        self._parcels += 1

    def put_mark(self, mark: Mark) -> None:
        """Queues a call that is made when everything before it has arrived."""
        self._entries.append(mark)

    def first(self, limit: int) -> list[Parcel]:
        """The next messages up to the next mark, at most `limit`; marks at the head are called and removed first."""
        while self._entries and not isinstance(self._entries[0], Parcel):
            mark = self._entries.popleft()
            assert not isinstance(mark, Parcel)
            mark()
        parcels: list[Parcel] = []
        for entry in self._entries:
            if not isinstance(entry, Parcel) or len(parcels) == limit:
                break
            parcels.append(entry)
        return parcels

    def remove(self, parcels: list[Parcel]) -> None:
        """Takes messages out that have arrived; they were the first."""
        for parcel in parcels:
            if self._entries and self._entries[0] is parcel:
                self._entries.popleft()
                self._parcels -= 1

    def _drop_oldest_private(self) -> None:
        for i, entry in enumerate(self._entries):
            if isinstance(entry, Parcel) and entry.private:
                del self._entries[i]
                self._parcels -= 1
                self.dropped += 1
                return
