"""Runs the broker with three faults: it receipts before it stores, retains receipts, and gives no hints."""

from collections.abc import Sequence
from dataclasses import replace

from broker.cli import main
from broker.io.journal_sqlite import SqliteJournal
from broker.io.members_mqtt import MembersMqtt
from broker.io.outbox import Parcel
from broker.market.outgoing import Outgoing
from wire.reasons import HINTS

_append, _parcel = SqliteJournal.append, MembersMqtt._parcel
_held: list[bytes] = []


def append(self: SqliteJournal, records: Sequence[bytes]) -> None:
    """The newest group waits in memory until the next one comes, as in a cache that nobody flushed."""
    waiting = list(_held)
    _held[:] = records
    if waiting:
        _append(self, waiting)


def parcel(self: MembersMqtt, out: Outgoing) -> Parcel:
    """Receipts are retained."""
    made = _parcel(self, out)
    return replace(made, retain=True) if made.topic.endswith("/receipt") else made


SqliteJournal.append = append  # type: ignore[method-assign]
MembersMqtt._parcel = parcel  # type: ignore[method-assign]
HINTS.update(dict.fromkeys(HINTS, "no"))
raise SystemExit(main())
