"""What counts of every member in a slot: its newest order, its report; and what a newcomer is against them."""

import numpy as np
from numpy.typing import NDArray

from broker.bulk.verdicts import Verdicts
from wire.batch import ORDER, REPORT, Records
from wire.household import as_bytes
from wire.reasons import Reason

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class HeldOrders:
    """The order that counts of each member, by place; sequence 0 where there is none.

    A member may send at most `messages_max` orders that are new, refused ones included; a higher sequence replaces
    the order that counted.
    """

    def __init__(self, members: int, messages_max: int) -> None:
        self.records: Records = np.zeros(members, dtype=ORDER)
        self._messages: Ints = np.zeros(members, dtype=np.int64)
        self._messages_max = messages_max

    def repeated(self, records: Records, places: Ints) -> Bools:
        """Where a record is the very order that counts already."""
        return _same(records, self.records[places])

    def check(self, records: Records, verdicts: Verdicts, places: Ints) -> None:
        """Counts the orders that hold so far, and refuses those that come too often or behind another."""
        before = self._messages[places]
        self._messages[places[verdicts.good]] += 1
        verdicts.refuse(before >= self._messages_max, Reason.QUOTA_EXCEEDED)
        last = self.records["sequence"][places]
        verdicts.refuse((records["sequence"] == last), Reason.CONFLICTING_SEQUENCE)
        verdicts.refuse((records["sequence"] < last), Reason.STALE_SEQUENCE)

    def keep(self, records: Records, verdicts: Verdicts, places: Ints) -> None:
        """Lets the orders that hold count."""
        self.records[places[verdicts.good]] = records[verdicts.good]


class HeldReports:
    """The report that counts of each member, by place; sequence 0 where there is none.

    A measured value replaces an estimate under a higher sequence; nothing replaces a measured value, because a record
    has no room for the reason (`report` as a single message does).
    """

    def __init__(self, members: int) -> None:
        self.records: Records = np.zeros(members, dtype=REPORT)

    def repeated(self, records: Records, places: Ints) -> Bools:
        """Where a record is the very report that counts already."""
        return _same(records, self.records[places])

    def check(self, records: Records, verdicts: Verdicts, places: Ints) -> None:
        """Refuses reports that may not replace the one that counts."""
        held = self.records[places]
        has_one = held["sequence"] > 0
        verdicts.refuse(has_one & (records["sequence"] <= held["sequence"]), Reason.CONFLICTING_SEQUENCE)
        verdicts.refuse(has_one & (records["estimated"] > 0), Reason.NOT_MEASURED)
        verdicts.refuse(has_one & (held["estimated"] == 0), Reason.NO_REASON)

    def keep(self, records: Records, verdicts: Verdicts, places: Ints) -> None:
        """Lets the reports that hold count."""
        self.records[places[verdicts.good]] = records[verdicts.good]


def turns(rows: Ints, places: Ints) -> list[Ints]:
    """Some rows of a batch in turns that hold no place twice, earlier records of a place first; `places` of all."""
    if not len(rows):
        return []
    by_place = rows[np.argsort(places[rows], kind="stable")]
    ordered = places[by_place]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    turn = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
    by_turn = np.argsort(turn, kind="stable")
    return np.split(by_place[by_turn], np.cumsum(np.bincount(turn))[:-1])


def _same(records: Records, held: Records) -> Bools:
    return np.asarray((as_bytes(records) == as_bytes(held)).all(axis=1))
