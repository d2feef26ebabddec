"""Records before a day are erased: the broker goes on as it would have, the bytes are gone, and everybody is told."""

import asyncio
import contextlib
import csv
import io
import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from settled_state import COMMUNITY, settled_state

from broker.app.broker_app import BrokerApp
from broker.audit.archive import read_archive
from broker.audit.verify import verify
from broker.cli import main
from broker.commands.act_file import user
from broker.commands.doctor_checks.books import chain_holds, ledger_sums_to_zero, replay_is_identical
from broker.commands.doctor_checks.community_place import community_at
from broker.control.ports import StorageFailed
from broker.io import carry_forward, carrying, expiry
from broker.io.carried_states import newest, opened
from broker.io.carry_forward import Prepared, State, commit, prepared, sweep_all
from broker.io.carrying import read_prepared, write_prepared
from broker.io.config import BrokerConfig
from broker.io.config_file import ConfigError, load
from broker.io.journal_sqlite import SqliteJournal
from broker.io.page import sections
from broker.io.page.reading import MarketRecords
from broker.io.records_sqlite import COVERED, SENT, SqliteRecords
from broker.io.state_dir import StateDir, exclusive
from broker.io.verification import KEYS
from broker.market.carrying.fold import Fold
from broker.market.events import MemberForgotten, MemberRevoked, decode_event, encode_event
from broker.market.market import Market
from broker.market.terms import Terms
from broker.settlement.regulation import NOTHING
from wire.slots import parse_utc

HOURS = 24 * 6 + 5
DAY = "2025-06-01"  # two days after the first slot, the latest day that can be named
BEFORE_S = parse_utc(f"{DAY}T00:00:00Z")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory of six days; home-3 was revoked and forgotten at the end."""
    root = tmp_path_factory.mktemp("lived") / "state"
    settled_state(root, NOTHING, hours=HOURS)
    journal = SqliteJournal(StateDir(root).journal)
    at_s = max(decode_event(record).at_s for record in journal.records())
    told = [
        MemberRevoked(at_s=at_s, meter="home-3", reason="moved", by="root"),
        MemberForgotten(at_s=at_s, meter="home-3", by="root"),
    ]
    journal.append([encode_event(event) for event in told])
    journal.close()
    return root


@pytest.fixture
def state(lived: Path, tmp_path: Path) -> StateDir:
    return StateDir(shutil.copytree(lived, tmp_path / "state"))


@pytest.fixture
def files(state: StateDir) -> Iterator[tuple[SqliteJournal, SqliteRecords]]:
    journal, records = SqliteJournal(state.journal), SqliteRecords(state.records)
    yield journal, records
    journal.close()
    records.close()


def terms(state: StateDir) -> Terms:
    journal = SqliteJournal(state.journal, read_only=True)
    try:
        return opened(journal, state.read_secret()).market.terms
    finally:
        journal.close()


def whole(state: StateDir) -> Fold:
    """The fold of a journal from where it begins."""
    journal = SqliteJournal(state.journal, read_only=True)
    try:
        fold = opened(journal, state.read_secret())
        for record in journal.records():
            fold.apply(decode_event(record))
        return fold
    finally:
        journal.close()


def of_the_market(fold: Fold) -> dict[str, Any]:
    """The carried state without the place in the journal."""
    value: dict[str, Any] = json.loads(fold.carried().text)
    del value["records"]
    return value


def keep(journal: SqliteJournal, made: Prepared) -> None:
    commit(made, journal, lambda events, store: store([encode_event(e) for e in events]), at_s=BEFORE_S, by="test")


def command(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    status = main([str(arg) for arg in args])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_what_was_before_a_day_is_erased_and_the_market_is_the_same(
    state: StateDir, capsys: pytest.CaptureFixture[str]
) -> None:
    before, size = whole(state), state.journal.stat().st_size
    status, out, _ = command(capsys, "carry-forward", state.root, "--before", DAY)
    assert status == 0 and f"records of before {DAY} are erased" in out
    after = whole(state)
    assert of_the_market(after) == of_the_market(before)
    journal = SqliteJournal(state.journal, read_only=True)
    assert 0 < journal.first < len(journal)
    assert all(decode_event(record).at_s >= BEFORE_S for record in list(journal.records()))
    journal.close()
    assert state.journal.stat().st_size < size
    status, out, _ = command(capsys, "replay", state.root)
    assert status == 0 and "identical" in out and f"carried forward on {DAY}" in out


def contents(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())


@pytest.mark.parametrize("shrinks", [True, False])
def test_erased_bytes_are_in_no_file(
    state: StateDir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shrinks: bool
) -> None:
    journal = SqliteJournal(state.journal, read_only=True)
    kept, erased = [], []
    for record in journal.records():
        event = decode_event(record)
        if event.type == "received":
            (kept if event.at_s >= BEFORE_S else erased).append(record)
    journal.close()
    records = SqliteRecords(state.records, read_only=True)
    query = "SELECT payload FROM {} WHERE slot < '2025-05-31'"
    shown = [row[0] for t in ("award", "settlement") for row in records.database.execute(query.format(t))]
    records.close()
    assert len(erased) > 100 and len(shown) > 100
    if not shrinks:  # as beside a running market
        monkeypatch.setattr(SqliteJournal, "shrink", lambda _: None)
        monkeypatch.setattr(SqliteRecords, "shrink", lambda _: None)
    assert all(part in contents(state.root) for part in (erased[0], erased[-1], shown[0], kept[0]))
    assert command(capsys, "carry-forward", state.root, "--before", DAY)[0] == 0
    left = contents(state.root)
    assert [part for part in (*erased, *shown) if part in left] == []
    assert all(part in left for part in kept[50:])


def test_people_are_told_from_when_on_there_are_records(state: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    members = command(capsys, "members", state.root, "--json")[1]
    assert command(capsys, "carry-forward", state.root, "--before", DAY)[0] == 0
    begins = f"carried forward on {DAY}T00:00:00Z: what was before is erased"
    assert command(capsys, "members", state.root, "--json")[1] == members
    assert "forgotten" in members
    assert begins in command(capsys, "rounds", state.root, "--last", 10_000)[1]
    assert begins in command(capsys, "statement", state.root, "--meter", "home-1")[1]
    assert begins in command(capsys, "statement", state.root, "--meter", "home-1", "--html")[1]
    assert begins in command(capsys, "statement", state.root, "--meter", "home-1", "--json")[2]
    later = command(capsys, "statement", state.root, "--meter", "home-1", "--from", "2025-06-02")
    assert begins not in later[1] + later[2] and later[0] == 0
    acts = json.loads(command(capsys, "audit", state.root, "--json")[1])
    assert [(act["what"], act["by"]) for act in acts[-1:]] == [("records_erased", user())]
    assert [act["what"] for act in acts].count("enrolled") == 3
    assert acts[0]["what"] == "terms_agreed" and acts[0]["record"] == 0


def test_the_page_and_the_doctor_tell_it_too(state: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(capsys, "carry-forward", state.root, "--before", DAY)[0] == 0
    records = MarketRecords(state.records, terms(state).calendar("00" * 32, "00" * 32), [])
    assert f"carried forward on {DAY}" in str(sections.rounds(records.market()))
    records.close()
    configured(state)
    place = community_at(state.root.parent / "broker.toml", BEFORE_S)
    assert "of them erased" in chain_holds(place).what
    assert [check(place).verdict for check in (chain_holds, replay_is_identical, ledger_sums_to_zero)] == ["ok"] * 3


def test_books_open_with_the_balances_and_sum_to_zero(state: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    def totals() -> dict[str, int]:
        found: dict[str, int] = {}
        status, out, _ = command(capsys, "export", state.root, "--csv")
        assert status == 0
        for row in csv.DictReader(io.StringIO(out)):
            found[row["account"]] = found.get(row["account"], 0) + int(row["amount_nano"])
        return found

    before = totals()
    assert command(capsys, "carry-forward", state.root, "--before", DAY)[0] == 0
    assert totals() == before and sum(before.values()) == 0
    status, out, err = command(capsys, "export", state.root, "--csv", "--from", "2025-06-02")
    assert status == 0 and "carried_forward" not in out and "sum 0 nano" in err


def test_what_is_published_afterwards_is_verified(state: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    before = command(capsys, "export", state.root)[1].splitlines()
    assert command(capsys, "carry-forward", state.root, "--before", DAY)[0] == 0
    lines = command(capsys, "export", state.root)[1].splitlines()
    assert lines[1:] == before[-len(lines) + 1 :], "the frames are the ones that were sent"
    report = verify(read_archive(lines, None))
    assert report.violations == [] and report.rounds > 90 and report.checkpoints > 90


def test_a_backup_of_it_is_restored(state: StateDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(capsys, "carry-forward", state.root, "--before", DAY)[0] == 0
    assert command(capsys, "backup", state.root, "--to", tmp_path / "copy")[0] == 0
    assert command(capsys, "restore", tmp_path / "copy", "--to", tmp_path / "again")[0] == 0
    assert whole(StateDir(tmp_path / "again")).carried() == whole(state).carried()


def test_it_is_done_again_and_again(state: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    before = whole(state)
    for day in ("2025-05-31", "2025-05-31", DAY):
        assert command(capsys, "carry-forward", state.root, "--before", day)[0] == 0
        assert of_the_market(whole(state)) == of_the_market(before)
        assert command(capsys, "replay", state.root)[0] == 0
    status, out, _ = command(capsys, "carry-forward", state.root, "--before", "2025-05-01")
    assert status == 0 and "nothing is older" in out


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2025-06-02", f"the latest day is {DAY}"),
        ("2030-01-01", f"the latest day is {DAY}"),
        ("yesterday", "is no day"),
        ("-5", "is no day"),
        ("2025-02-30", "is no day"),
    ],
)
def test_a_day_that_cannot_be_is_refused_and_nothing_changes(
    state: StateDir, capsys: pytest.CaptureFixture[str], day: str, said: str
) -> None:
    before = whole(state).carried()
    status, _, err = command(capsys, "carry-forward", state.root, f"--before={day}")
    assert status == 2 and said in err
    assert whole(state).carried() == before


def test_beside_a_running_broker_and_without_a_journal_it_is_refused(
    state: StateDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with exclusive(state):
        status, _, err = command(capsys, "carry-forward", state.root, "--before", DAY)
    assert status == 1 and "in use" in err
    status, _, err = command(capsys, "carry-forward", tmp_path, "--before", DAY)
    assert status == 2 and "holds no journal" in err


def test_a_start_goes_on_from_the_newest_state(
    state: StateDir, files: tuple[SqliteJournal, SqliteRecords], capsys: pytest.CaptureFixture[str]
) -> None:
    journal, _ = files
    keep(journal, prepared(journal, state.read_secret(), None))
    agreed = terms(state)

    def fresh() -> Market:
        return Market(agreed, state.read_secret())

    fold = newest(journal, fresh)
    assert fold.journaled == len(journal) - 1
    for record in journal.records(fold.journaled):
        fold.apply(decode_event(record))
    assert fold.carried() == whole(state).carried()
    assert newest(journal, fresh, at_most=5).journaled == 0, "what records.db lacks is folded again"
    assert journal.first == 0
    assert command(capsys, "replay", state.root)[0] == 0


DAMAGE = {
    "its bytes": "UPDATE carried SET body = CAST(substr(body, 1, 90) || x'00' || substr(body, 92) AS BLOB) WHERE {}",
    "its end": "UPDATE carried SET body = substr(body, 1, length(body) - 32) WHERE {}",
    "its place": "UPDATE carried SET position = position - 1 WHERE {}",
    "its record": "UPDATE carried SET noted = noted - 1 WHERE {}",
    "its chain": "UPDATE carried SET chain = zeroblob(32) WHERE {}",
    "all of it": "DELETE FROM carried WHERE {}",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_state_is_never_used(
    state: StateDir, files: tuple[SqliteJournal, SqliteRecords], what: str, caplog: pytest.LogCaptureFixture
) -> None:
    journal, _ = files
    keep(journal, prepared(journal, state.read_secret(), BEFORE_S))
    agreed, expected = terms(state), whole(state).carried()
    with sqlite3.connect(state.journal) as connection:
        connection.execute(DAMAGE[what].format("position = (SELECT max(position) FROM carried)"))
    fold = newest(journal, lambda: Market(agreed, state.read_secret()))
    assert fold.journaled == journal.first
    assert what == "all of it" or "folded from its beginning" in caplog.text
    for record in journal.records(fold.journaled):
        fold.apply(decode_event(record))
    assert fold.carried() == expected
    with sqlite3.connect(state.journal) as connection:
        connection.execute(DAMAGE[what].format("position = (SELECT min(position) FROM carried)"))
    with pytest.raises(StorageFailed, match="restore"):
        list(journal.records())
        opened(journal, state.read_secret())


def test_replay_finds_a_state_that_is_not_what_the_records_come_to(
    state: StateDir, files: tuple[SqliteJournal, SqliteRecords], capsys: pytest.CaptureFixture[str]
) -> None:
    journal, _ = files
    fold = whole(state)
    fold.market.totals.traded_wh += 1
    keep(journal, Prepared(State.of(fold)))
    status, out, _ = command(capsys, "replay", state.root)
    assert status == 1 and "is not what they come to" in out


def test_an_edit_after_the_state_is_found(state: StateDir, files: tuple[SqliteJournal, SqliteRecords]) -> None:
    journal, _ = files
    keep(journal, prepared(journal, state.read_secret(), BEFORE_S))
    with sqlite3.connect(state.journal) as connection:
        connection.execute("UPDATE record SET body = x'00' WHERE position = ?", (len(journal) - 5,))
    with pytest.raises(StorageFailed, match=f"record {len(journal) - 5} .*restore"):
        list(journal.records())


def test_who_reads_beside_a_broker_that_erases_sees_the_journal_as_it_was(
    state: StateDir, files: tuple[SqliteJournal, SqliteRecords]
) -> None:
    journal, records = files
    expected = list(journal.records())
    reader = SqliteJournal(state.journal, read_only=True)
    seen = reader.records()
    begun = [next(seen) for _ in range(5)]
    keep(journal, prepared(journal, state.read_secret(), BEFORE_S))
    sweep_all(journal, records)
    assert [*begun, *seen] == expected
    assert list(reader.records()) == expected
    reader.close()
    assert not sqlite3.connect(state.journal).execute("SELECT * FROM record WHERE position < 5").fetchall()


def test_what_another_process_has_left_is_removed_at_the_next_start(
    state: StateDir, files: tuple[SqliteJournal, SqliteRecords]
) -> None:
    write_prepared(prepared(files[0], state.read_secret(), None), state.carried)
    for file in files:
        file.close()
    with BrokerApp(configured(state)):
        assert list(state.carried.iterdir()) == []


class _Killed:
    """Kills its own process before the statement that is `left` statements away."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, _statement: str) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def killed(state: StateDir, made: Prepared, statement: int) -> bool:
    """Carries forward in a process that is killed before a statement; whether it lived to its end."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            journal, records = SqliteJournal(state.journal), SqliteRecords(state.records)
            kill = _Killed(statement)
            journal._db.set_trace_callback(kill)
            records.database.set_trace_callback(kill)
            keep(journal, made)
            sweep_all(journal, records)
            journal.shrink()
            os._exit(0)
        os._exit(1)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, -signal.SIGKILL)
    return ended == 0


def test_a_kill_at_any_statement_leaves_the_old_or_the_new_state(
    lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(carry_forward, "PIECE", 400)  # several pieces
    source = StateDir(lived)
    journal = SqliteJournal(source.journal, read_only=True)
    made = prepared(journal, source.read_secret(), BEFORE_S)
    journal.close()
    assert made.beginning is not None
    before = of_the_market(whole(source))
    began: list[int] = []
    for statement in range(1, 200):
        state = StateDir(shutil.copytree(lived, tmp_path / f"killed-{statement}"))
        lived_on = killed(state, made, statement)
        assert of_the_market(whole(state)) == before
        journal, records = SqliteJournal(state.journal), SqliteRecords(state.records)
        began.append(journal.first)
        sweep_all(journal, records)  # what the next start does
        journal.close()
        records.close()
        assert command(capsys, "replay", state.root)[0] == 0
        shutil.rmtree(state.root)
        if lived_on:
            break
    assert set(began) == {0, made.beginning.records} and began == sorted(began)
    assert began.count(0) > 3 and began.count(made.beginning.records) > 10


def test_a_full_disk_leaves_the_old_state_and_says_so(
    state: StateDir, files: tuple[SqliteJournal, SqliteRecords]
) -> None:
    journal, records = files
    made, before = prepared(journal, state.read_secret(), BEFORE_S), whole(state).carried()
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFailed, match="free disk space"):
        keep(journal, made)
    assert (journal.first, journal.states()) == (0, [])
    assert whole(state).carried() == before
    journal._db.execute("PRAGMA max_page_count = 1000000")
    keep(journal, made)
    sweep_all(journal, records)
    assert journal.first == made.beginning.records  # type: ignore[union-attr]


def test_states_travel_between_processes_whole_or_not_at_all(
    state: StateDir, files: tuple[SqliteJournal, SqliteRecords], tmp_path: Path
) -> None:
    made = prepared(files[0], state.read_secret(), BEFORE_S)
    write_prepared(made, tmp_path / "carried")
    assert read_prepared(tmp_path / "carried") == made
    path = tmp_path / "carried" / "beginning.state"
    path.write_bytes(path.read_bytes()[:-32])
    with pytest.raises(ValueError, match="damaged"):
        read_prepared(tmp_path / "carried")
    assert COMMUNITY in made.newest.body.text.decode()


def configured(state: StateDir) -> BrokerConfig:
    """The configuration of the community that has lived in a state directory."""
    path = state.root.parent / "broker.toml"
    path.write_text(
        f"""community = "{COMMUNITY}"
state_dir = "{state.root.name}"
[market]
slot_minutes = 60
horizon_slots = 4
group_min = 2
[settlement]
penalty_micro_per_kwh = 10000
penalty_tolerance_wh = 100
[tariff]
kind = "constant"
import_price_per_kwh = 0.12
export_price_per_kwh = 0.04
"""
    )
    return load(path)


def rows(state: StateDir) -> dict[str, list[tuple[Any, ...]]]:
    records = SqliteRecords(state.records, read_only=True)
    try:
        return {table: sorted(records.database.execute(f"SELECT * FROM {table}"), key=repr) for table in KEYS}
    finally:
        records.close()


def mark_all_sent(state: StateDir) -> None:
    records = SqliteRecords(state.records)
    records.set_health(SENT, records.health(COVERED))
    records.close()


def test_a_start_that_had_much_to_fold_makes_the_next_one_quick(
    state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, expected = configured(state), of_the_market(whole(state))
    mark_all_sent(state)
    with BrokerApp(config) as app:
        assert app._service.folded == len(app._service._journal)  # type: ignore[arg-type]
    with BrokerApp(config) as app:
        assert app._service.folded > 1_000, "little was folded: no state is written"
    monkeypatch.setattr(carrying, "MANY_RECORDS", 100)
    with BrokerApp(config):
        pass
    mark_all_sent(state)
    with BrokerApp(config) as app:
        assert app._service.folded <= 1
        assert of_the_market(app._service.fold) == expected


def test_records_that_were_deleted_are_filled_from_where_the_journal_begins(
    state: StateDir, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(capsys, "carry-forward", state.root, "--before", DAY)[0] == 0
    before, config = rows(state), configured(state)
    state.records.unlink()
    with BrokerApp(config) as app:
        for _ in range(5):
            app._carrying.look(BEFORE_S, kept_days=None, quiet_s=60)
        records = app._records
        assert expiry.begins(records) == f"carried forward on {DAY}T00:00:00Z: what was before is erased"
    assert rows(state) == before


def test_nothing_is_written_while_something_is_due_soon(
    state: StateDir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(carry_forward, "PIECE", 100)
    mark_all_sent(state)
    journal = SqliteJournal(state.journal)
    keep(journal, prepared(journal, state.read_secret(), BEFORE_S))
    journal.close()
    with BrokerApp(configured(state)) as app:
        held = state_rows(state)
        app._carrying.look(BEFORE_S, kept_days=None, quiet_s=1)
        assert state_rows(state) == held
        app._carrying.look(BEFORE_S, kept_days=None, quiet_s=60)
        assert state_rows(state) == held - 100, "one piece in one moment"


def test_a_full_disk_keeps_a_start_from_nothing_but_a_state(
    state: StateDir, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(carrying, "MANY_RECORDS", 100)
    made = SqliteJournal.__init__

    def full(journal: SqliteJournal, path: Path, *, read_only: bool = False) -> None:
        made(journal, path, read_only=read_only)
        (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
        journal._db.execute(f"PRAGMA max_page_count = {pages}")

    monkeypatch.setattr(SqliteJournal, "__init__", full)
    with BrokerApp(configured(state)) as app:
        assert app._service.folded == app._service.journaled > 100
        assert SqliteJournal(state.journal, read_only=True).states() == []
    assert "nothing is carried forward" in caplog.text and "free disk space" in caplog.text


def test_another_process_that_finds_damage_says_so_and_nothing_is_carried(
    state: StateDir, caplog: pytest.LogCaptureFixture
) -> None:
    made = asyncio.run(carrying.folded_elsewhere(state, BEFORE_S))
    assert made is not None and made.beginning is not None and list(state.carried.iterdir()) == []
    with sqlite3.connect(state.journal) as connection:
        connection.execute("UPDATE record SET body = x'00' WHERE position = 20")
    assert asyncio.run(carrying.folded_elsewhere(state, BEFORE_S)) is None
    assert "nothing is carried forward" in caplog.text and "record 20 does not fit the chain" in caplog.text


def state_rows(state: StateDir) -> int:
    with sqlite3.connect(state.journal) as connection:
        return int(connection.execute("SELECT count(*) FROM record").fetchone()[0])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("3", "less than settlements can be corrected; use at least 4"),
        ("0", "greater than or equal to 1"),
        ("-1", "greater than or equal to 1"),
        ('"a year"', "valid integer"),
        ("30.5", "integer"),
    ],
)
def test_a_time_that_cannot_be_kept_is_refused(tmp_path: Path, value: str, said: str) -> None:
    path = tmp_path / "broker.toml"
    text = '[tariff]\nkind = "constant"\nimport_price_per_kwh = 0.3\nexport_price_per_kwh = 0.1\n'
    path.write_text(f'community = "elm"\n[privacy]\nrecords_kept_days = {value}\n{text}')
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert "privacy.records_kept_days" in str(refused.value) and said in str(refused.value)
