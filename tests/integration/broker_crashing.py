"""Runs the broker with a journal that kills the process around its n-th append: before, or after the commit."""

import os
import signal
import sys
from collections.abc import Sequence

from broker.cli import main
from broker.io.journal_sqlite import SqliteJournal

WHEN, LEFT = sys.argv[1], [int(sys.argv[2])]
_append = SqliteJournal.append


def append(self: SqliteJournal, records: Sequence[bytes]) -> None:
    LEFT[0] -= 1
    if WHEN == "before" and LEFT[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    _append(self, records)
    if WHEN == "after" and LEFT[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)


SqliteJournal.append = append  # type: ignore[method-assign]
raise SystemExit(main(sys.argv[3:]))
