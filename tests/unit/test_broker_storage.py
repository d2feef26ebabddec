"""Journal, records and state directory: damage is noticed at start, with the record and the remedy."""

import sqlite3
from pathlib import Path

import pytest

from broker.control.ports import StorageFailed
from broker.io.journal_sqlite import SqliteJournal
from broker.io.records_sqlite import COVERED, SqliteRecords
from broker.io.state_dir import StateDir, exclusive
from broker.market.outgoing import Outgoing
from wire.messages import Checkpoint

ROOT = "0" * 64


def test_records_come_back_in_order_after_reopening(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    journal.append([b"one", b"two"])
    journal.append([b"three"])
    journal.close()
    again = SqliteJournal(tmp_path / "journal.db")
    assert list(again.records()) == [b"one", b"two", b"three"]
    again.append([b"four"])
    assert list(again.records())[-1] == b"four"


@pytest.mark.parametrize(
    ("edit", "record"),
    [
        ("UPDATE record SET body = x'00' WHERE position = 1", "record 1"),
        ("UPDATE record SET chain = x'00' WHERE position = 2", "record 2"),
        ("DELETE FROM record WHERE position = 1", "record 1"),
        ("DELETE FROM record WHERE position = 2", "record 2"),
        ("UPDATE head SET size = 2", "record 3"),
        ("UPDATE record SET position = position + 1 WHERE position = 2", "record 2"),
    ],
)
def test_an_edit_is_noticed_and_names_the_record(tmp_path: Path, edit: str, record: str) -> None:
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    journal.append([b"one", b"two", b"three"])
    journal.close()
    with sqlite3.connect(path) as connection:
        connection.execute(edit)
    with pytest.raises(StorageFailed, match=f"{record} .*restore"):
        list(SqliteJournal(path).records())


def test_a_truncated_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    journal.append([bytes([n % 256]) * 1_000 for n in range(300)])
    journal.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(StorageFailed, match="restore"):
        list(SqliteJournal(path).records())


def test_a_file_that_is_no_database_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(StorageFailed, match="restore"):
        SqliteJournal(path)


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    SqliteJournal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageFailed, match=r"version 99.*newer"):
        SqliteJournal(path)


def test_a_failed_append_stores_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    journal.append([b"one"])
    other = sqlite3.connect(path, timeout=0)
    other.execute("CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(StorageFailed, match=r"disk full.*nothing was accepted"):
        journal.append([b"two"])
    other.execute("DROP TRIGGER full")
    journal.append([b"three"])
    assert list(journal.records()) == [b"one", b"three"]


def test_recording_the_same_messages_twice_changes_nothing(tmp_path: Path) -> None:
    records = SqliteRecords(tmp_path / "records.db")
    checkpoint = Checkpoint(
        community="elm",
        size=1,
        root=ROOT,
        slot="2027-01-15T08:00:00Z",
        note="elm",
        previous_size=0,
        consistency=(),
    )
    sent = [(4, Outgoing(checkpoint))]
    records.record(sent, through=5)
    records.record(sent, through=5)
    assert records.database.execute("SELECT COUNT(*) FROM checkpoint").fetchone() == (1,)
    assert records.health(COVERED) == 5


def test_secret_and_key_are_made_once_and_private(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    state.create()
    secret, key = state.read_secret(), state.read_key()
    state.create()
    assert (state.read_secret(), state.read_key()) == (secret, key)
    assert secret != key.secret[:32]
    assert {path.stat().st_mode & 0o777 for path in (state.secret, state.key)} == {0o600}


def test_a_journal_without_its_secret_is_refused(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.create()
    SqliteJournal(state.journal).close()
    state.secret.unlink()
    with pytest.raises(StorageFailed, match="restore"):
        state.create()


@pytest.mark.parametrize("text", ["", "zz", "00"])
def test_a_damaged_secret_is_refused(tmp_path: Path, text: str) -> None:
    state = StateDir(tmp_path)
    state.create()
    state.secret.write_text(text)
    with pytest.raises(StorageFailed, match="damaged"):
        state.read_secret()


def test_a_state_directory_has_one_owner(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with exclusive(state), pytest.raises(StorageFailed, match="in use"), exclusive(state):
        pass
    with exclusive(state):
        pass
