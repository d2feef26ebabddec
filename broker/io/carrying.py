"""Carrying forward beside the running market: another process folds, the broker only writes what it found.

The fold takes as long as it takes, at the lowest priority. What the broker does itself is bounded: one transaction
with two states, then pieces of some thousand rows, each in a moment in which nothing is due for a while.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from broker.control.ports import StorageFailed
from broker.control.service import MarketService
from broker.io.carry_forward import DAY_S, Prepared, State, commit, prepared, swept
from broker.io.journal_sqlite import SqliteJournal
from broker.io.private_file import remove_private, write_private
from broker.io.records_sqlite import COVERED, SqliteRecords
from broker.io.state_dir import StateDir
from broker.market.carrying.carried import unpacked
from broker.market.carrying.state_codec import UnknownState

LOG = logging.getLogger(__name__)
BY = "retention"
MANY_RECORDS = 10_000  # a start that folds more writes down what they came to
FEW_RECORDS = 1_000  # are not worth a state of their own
QUIET_S = 5
KEPT_FILES = ("newest.state", "beginning.state", "prepared.json")


class Carrying:
    """Writes the journal's states in quiet moments, and erases what is older than the community keeps."""

    def __init__(
        self, state: StateDir, journal: SqliteJournal, records: SqliteRecords, service: MarketService
    ) -> None:
        self._state, self._journal, self._records, self._service = state, journal, records, service
        self._day = -1
        self._folding: asyncio.Task[Prepared | None] | None = None
        self._is_swept = False
        self._is_broken = False

    def after_start(self) -> None:
        """Removes what a kill has left, and writes down what a start had to fold, when it was much."""
        _clear(self._state)
        if self._service.folded >= MANY_RECORDS:
            fold = self._service.fold
            self._commit(Prepared(State.of(fold)), fold.last_s)

    def look(self, now_s: int, *, kept_days: int | None, quiet_s: int) -> None:
        """Does one bounded thing at most; to be called every few seconds. `quiet_s`: how long nothing is due now."""
        if self._folding is not None:
            if self._folding.done() and quiet_s >= QUIET_S:
                self._finish(now_s)
        elif not self._is_swept and not self._is_broken:
            if quiet_s >= QUIET_S:
                self._sweep()
        elif now_s // DAY_S != self._day:
            self._day = now_s // DAY_S
            before_s = None if kept_days is None else (now_s // DAY_S - kept_days) * DAY_S
            if before_s is not None or self._service.journaled - self._newest() >= FEW_RECORDS:
                self._folding = asyncio.create_task(folded_elsewhere(self._state, before_s))

    def _newest(self) -> int:
        return max((kept.records for kept in self._journal.states()), default=0)

    async def stop(self) -> None:
        """Ends the other process, where one runs."""
        if self._folding is not None:
            self._folding.cancel()
            await asyncio.wait([self._folding])

    def _finish(self, now_s: int) -> None:
        assert self._folding is not None, "asked when it is done"
        folded, self._folding = self._folding.result(), None
        if folded is not None:
            self._commit(folded, now_s)
            self._is_swept = self._is_broken = False

    def _commit(self, made: Prepared, at_s: int) -> None:
        try:
            commit(made, self._journal, self._service.carry, at_s=at_s, by=BY)
        except StorageFailed as error:
            LOG.warning("nothing is carried forward, tried again tomorrow: %s", error)
            return
        LOG.info(
            "carried forward: a start goes on after record=%d, the journal begins after record=%d",
            made.newest.records,
            self._journal.first,
        )
        try:  # also where nothing of the last records was kept: the next start may go on from here
            self._records.set_health(COVERED, self._service.journaled)
        except StorageFailed as error:
            LOG.warning("%s", error)

    def _sweep(self) -> None:
        try:
            self._is_swept = swept(self._journal, self._records)
        except StorageFailed as error:
            self._is_broken = True  # until tomorrow: a full disk is told once
            LOG.warning("erased records wait to be overwritten: %s", error)


async def folded_elsewhere(state: StateDir, before_s: int | None) -> Prepared | None:
    """What another process has prepared; None when it could not, which is told."""
    with_moment = [] if before_s is None else [str(before_s)]
    # -P: no module is taken from the working directory
    command = [sys.executable, "-P", "-m", "broker.io.carrying", str(state.root), *with_moment]
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        LOG.warning("nothing is carried forward: no process can be started: %s", error)
        return None
    try:
        _, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        LOG.warning("nothing is carried forward: %s", err.decode(errors="replace").strip()[-300:] or "it was ended")
        return None
    try:
        return read_prepared(state.carried)
    except (OSError, ValueError, KeyError, UnknownState) as error:
        LOG.warning("nothing is carried forward: %s cannot be read: %s", state.carried, error)
        return None
    finally:
        _clear(state)


def _clear(state: StateDir) -> None:
    """Removes what another process has left."""
    try:
        for name in KEPT_FILES:
            remove_private(state.carried / name)
    except OSError as error:
        LOG.warning("%s cannot be removed: %s", error.filename, error.strerror)


def write_prepared(made: Prepared, directory: Path) -> None:
    """Leaves states for the running broker. Raises: OSError when there is no room."""
    directory.mkdir(mode=0o700, exist_ok=True)
    told: dict[str, Any] = {"before_s": made.before_s}
    for name, state in (("newest", made.newest), ("beginning", made.beginning)):
        if state is not None:
            with (directory / f"{name}.state").open("wb") as file:
                file.write(state.body.packed())
            told[name] = {"records": state.records, "last_s": state.last_s, "digest": state.body.digest.hex()}
    write_private(directory / "prepared.json", json.dumps(told))


def read_prepared(directory: Path) -> Prepared:
    """What another process has left.

    Raises: OSError, ValueError, KeyError or UnknownState when it is not whole.
    """
    told = json.loads((directory / "prepared.json").read_text(encoding="utf-8"))

    def state(name: str) -> State:
        body = unpacked((directory / f"{name}.state").read_bytes())
        if body.digest.hex() != told[name]["digest"]:
            raise ValueError(f"{name}.state is damaged")
        return State(int(told[name]["records"]), int(told[name]["last_s"]), body)

    return Prepared(state("newest"), state("beginning") if "beginning" in told else None, int(told["before_s"]))


def main(arguments: Sequence[str]) -> int:
    """The exit status of the other process: states of STATE_DIR, with a moment the records of before it end."""
    with suppress(OSError):  # a system that lets nobody choose a priority
        os.nice(19)
    state = StateDir(Path(arguments[0]))
    try:
        journal = SqliteJournal(state.journal, read_only=True)
        try:
            made = prepared(journal, state.read_secret(), int(arguments[1]) if arguments[1:] else None)
        finally:
            journal.close()
        write_prepared(made, state.carried)
    except (StorageFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
