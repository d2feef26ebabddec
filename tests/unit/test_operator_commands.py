"""Backup and restore, names and their erasure, enrolment kits, books and the audit of a community on disk."""

import csv
import hashlib
import io
import json
import re
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_rig import SECRET, START_S, TERMS, FakePrices, enrolled, inbound, order, report, slot

from broker.cli import main
from broker.control.ports import StorageFailed
from broker.control.service import MarketService
from broker.io.authority import Authority
from broker.io.journal_sqlite import SqliteJournal
from broker.io.member_entries import EntryFailed, with_member, without_member
from broker.io.people import Person, forget, people_of, remember
from broker.io.private_file import write_private
from broker.io.records_sqlite import SqliteRecords
from broker.io.state_copy import BackupFailed, backup, checked, restore
from broker.io.state_dir import StateDir, exclusive, is_served
from broker.market.events import MarketPaused, MemberRevoked
from broker.market.market import Market
from hems.io.market_files import with_files
from hems.site.config import parse_config
from tls.context import TlsFiles, client_tls
from wire.enrolment import Enrolment, NotAnEnrolment, address_of, enrolment_of
from wire.messages import Side
from wire.slots import ALLOWED_MINUTES

BUY, SELL = (Side.BUY, 240_000, 500), (Side.SELL, 160_000, 500)
Text = Callable[[], str]


@contextmanager
def broker_on(state: StateDir) -> Iterator[MarketService]:
    """The broker's own service on a state directory, as the program opens it."""
    state.root.mkdir(exist_ok=True)
    for path in (state.secret, state.key):
        if not path.exists():
            write_private(path, SECRET.hex())
    with exclusive(state):
        journal, records = SqliteJournal(state.journal), SqliteRecords(state.records)
        yield MarketService(Market(TERMS, SECRET), journal=journal, prices=FakePrices(), recorder=records)
        journal.close()
        records.close()


def settled_day(service: MarketService) -> None:
    """Members trade and are settled in one slot."""
    service.agree([enrolled(1), enrolled(2)], START_S)
    service.step(START_S)
    at = slot(2)
    service.handle([inbound(1, order(1, at, BUY)), inbound(2, order(2, at, SELL))], START_S)
    for now_s in (at.start_s - 60, at.end_s):
        service.step(now_s)
    service.handle(
        [inbound(1, report(1, at, (0, 450), (0, 0))), inbound(2, report(2, at, (0, 0), (0, 520)))], at.end_s
    )
    service.step(at.end_s)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    made = StateDir(tmp_path / "state")
    with broker_on(made) as service:
        settled_day(service)
    return made


def test_a_backup_taken_while_the_broker_runs_is_restored_and_replays_identically(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, copy, again = StateDir(tmp_path / "state"), tmp_path / "copy", tmp_path / "again"
    with broker_on(state) as service:
        settled_day(service)
        assert is_served(state)
        assert main(["backup", str(state.root), "--to", str(copy)]) == 0
        service.enact([MarketPaused(at_s=START_S + 9_000, reason="after the backup")])
    assert main(["restore", str(copy), "--check"]) == 0
    assert main(["restore", str(copy), "--to", str(again)]) == 0
    capsys.readouterr()
    assert main(["replay", str(again), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["identical"]
    assert found["ledger"]["sum_nano"] == 0
    assert found["journal_records"] == checked(copy).journal_records
    assert {path.stat().st_mode & 0o777 for path in again.iterdir()} == {0o600}
    with broker_on(StateDir(again)) as restored:
        assert not restored.market.switch.is_paused


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup that several examples damage and mend again."""
    root = tmp_path_factory.mktemp("copied")
    with broker_on(StateDir(root / "state")) as service:
        settled_day(service)
    backup(StateDir(root / "state"), root / "copy", config=None, made_at="2027-01-15T08:00:00Z")
    return root / "copy"


@settings(max_examples=50)
@given(
    name=st.sampled_from(["journal.db", "secret", "broker.key", "records.db"]),
    place=st.integers(0, 10_000),
    flip=st.integers(1, 255),
)
def test_any_changed_byte_of_a_backup_is_found_and_nothing_is_restored(
    copied: Path, name: str, place: int, flip: int
) -> None:
    path, target = copied / name, copied.parent / "target"
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[place % len(changed)] ^= flip
    path.write_bytes(bytes(changed))
    try:
        with pytest.raises(BackupFailed, match=re.escape(name)):
            restore(copied, StateDir(target))
    finally:
        path.write_bytes(whole)
    assert not target.exists()


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(state: StateDir, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFailed, match="writable place"):
        backup(state, tmp_path / "file" / "copy", config=None, made_at="")
    with pytest.raises(BackupFailed, match="name a new directory"):
        backup(state, tmp_path / "file", config=None, made_at="")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "state"]


def test_a_name_is_erased_and_its_bytes_are_gone(state: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    remember(state.people, "home-1", Person(name="Anna Muster", contact="anna@example.net"))
    remember(state.people, "home-2", Person(name="Bert Beispiel"))
    assert main(["members", str(state.root)]) == 0
    assert "Anna Muster" in capsys.readouterr().out
    assert main(["forget-member", str(state.root), "--meter", "home-1"]) == 2
    assert "revoke" in capsys.readouterr().err
    assert "home-1" in people_of(state.people), "nothing was erased"
    with broker_on(state) as service:
        service.enact([MemberRevoked(at_s=START_S + 9_000, meter="home-1", reason="moved")])
    assert main(["forget-member", str(state.root), "--meter", "home-1"]) == 0
    assert set(people_of(state.people)) == {"home-2"}
    left = b"".join(path.read_bytes() for path in state.root.rglob("*") if path.is_file())
    assert b"Anna" not in left
    assert b"anna@example.net" not in left
    assert not forget(state.people, "home-1")


def test_damaged_names_are_told_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    path.write_text("{")
    with pytest.raises(StorageFailed, match="restore it from the backup"):
        remember(path, "home-1", Person(name="Anna"))
    assert path.read_text() == "{"


def test_the_books_sum_to_zero_over_all_accounts_and_members_match_their_statements(
    state: StateDir, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(state.root), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows
    assert sum(int(row["amount_nano"]) for row in rows) == 0
    assert sum(int(row["energy_wh"]) for row in rows) == 0
    for meter in ("home-1", "home-2"):
        assert main(["statement", str(state.root), "--meter", meter, "--json"]) == 0
        total = int(json.loads(capsys.readouterr().out)["total_nano"])
        own = [int(row["amount_nano"]) for row in rows if row["account"] == f"member:{meter}"]
        assert sum(own) == total
    assert main(["export", str(state.root), "--csv", "--from", "2030-01-01"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_audit_names_who_changed_what(state: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    with broker_on(state) as service:
        service.enact([MarketPaused(at_s=START_S + 9_000, reason="flood", by="anna")])
    assert main(["audit", str(state.root), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["what"] for row in rows] == ["terms_agreed", "enrolled", "enrolled", "market_paused"]
    assert [row["by"] for row in rows[1:]] == ["configuration", "configuration", "anna"]
    assert main(["audit", str(state.root), "--last", "1"]) == 0
    assert "reason=flood" in capsys.readouterr().out


BROKER = """community = "elm"   # ours
[tariff]
kind = "constant"
import_price_per_kwh = 0.32
export_price_per_kwh = 0.08
"""


def test_a_member_is_added_with_everything_its_home_needs_and_nothing_secret_in_the_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, kit = tmp_path / "broker.toml", tmp_path / "kit"
    path.write_text(BROKER)
    words = ["add-member", "--config", str(path), "--meter", "home-7", "--out", str(kit), "--name", "Anna"]
    words += ["--nameplate-import-w", "11000", "--nameplate-export-w", "9000", "--seen-as", "broker.example:8883"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    seed = (kit / "state" / "meter.key").read_text().strip()
    assert (kit / "state" / "meter.key").stat().st_mode & 0o777 == 0o600
    config = parse_config((kit / "home.toml").read_text(), "home.toml")
    assert config.market is not None
    assert (config.home.meter, config.market.host, config.market.port) == ("home-7", "broker.example", 8883)
    assert config.market.broker_key == StateDir(tmp_path / "state").read_key().public_hex
    address = next(line for line in printed.splitlines() if line.startswith("hearthgrid://"))
    assert enrolment_of(address).broker_key == config.market.broker_key
    for text in (printed, (kit / "enrolment.svg").read_text(), (kit / "home.toml").read_text(), path.read_text()):
        assert seed not in text
    assert "Anna" not in path.read_text()
    assert people_of(StateDir(tmp_path / "state").people)["home-7"].name == "Anna"
    before = path.read_text()
    assert main([*words[:3], "--meter", "Home 8", *words[5:]]) == 2
    assert path.read_text() == before


def test_entries_are_taken_out_and_everything_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text(BROKER)
    entry = {"public_key": "ab" * 32, "nameplate_import_w": 1, "nameplate_export_w": 1}
    with_member(path, {"meter": "home-1", **entry})
    before = path.read_text()
    with_member(path, {"meter": "home-10", **entry, "public_key": "cd" * 32})
    assert [member.meter for member in without_member(path, "home-10").members] == ["home-1"]
    assert path.read_text().rstrip() == before.rstrip()
    with pytest.raises(EntryFailed, match="public_key"):
        with_member(path, {"meter": "home-2", **entry})
    assert [member.meter for member in without_member(path, "nobody").members] == ["home-1"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["broker.toml"]


NAMES = st.text("abcxyz019_-", min_size=1, max_size=64)


@given(
    NAMES,
    NAMES,
    st.tuples(st.text(min_size=1, max_size=40), st.integers(1, 65_535)),
    st.binary(min_size=32, max_size=32),
    st.sampled_from([None, *ALLOWED_MINUTES]),
)
def test_an_enrolment_survives_its_address(
    community: str, meter: str, place: tuple[str, int], key: bytes, minutes: int | None
) -> None:
    host, port = place
    given_one = Enrolment(
        community=community, broker_key=key.hex(), meter=meter, host=host, port=port, slot_minutes=minutes
    )
    assert enrolment_of(address_of(given_one)) == given_one


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://join?x=1",
        "hearthgrid://join?community=elm",
        "hearthgrid://join?" + "community=e&meter=m&host=h&port=0&broker_key=" + "ab" * 32,
        "hearthgrid://join?" + "community=e&meter=m&host=h&port=1&slot_minutes=7&broker_key=" + "ab" * 32,
    ],
)
def test_an_address_that_is_none_says_what_to_do(address: str) -> None:
    with pytest.raises(NotAnEnrolment, match="copy the whole address"):
        enrolment_of(address)


def test_the_backup_holds_no_half_written_group(state: StateDir, tmp_path: Path) -> None:
    """A writer that is in the middle of a transaction while the copy is made leaves no trace in it."""
    writer = sqlite3.connect(state.journal, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO record VALUES (99999, x'00', x'00')")
    made = backup(state, tmp_path / "copy", config=None, made_at="")
    writer.execute("ROLLBACK")
    writer.close()
    assert checked(tmp_path / "copy") == made


def test_the_drill_of_the_documents_works_as_it_is_written(
    state: StateDir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command of docs/backup.md, but those that start a broker."""
    document = (Path(__file__).parents[2] / "docs" / "backup.md").read_text("utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", document, re.DOTALL) for line in block.splitlines()]
    monkeypatch.chdir(state.root.parent)
    Path("broker.toml").write_text(BROKER)
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "community-broker"
        assert main(words) == 0, line + capsys.readouterr().err
    assert len(lines) == 5
    assert "identical" in capsys.readouterr().out


def test_a_kit_with_a_certificate_connects_with_files_that_are_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, kit, folder = tmp_path / "broker.toml", tmp_path / "kit", tmp_path / "tls"
    path.write_text(BROKER)
    words = ["add-member", "--config", str(path), "--meter", "home-7", "--tls", str(folder)]
    words += ["--nameplate-import-w", "11000", "--nameplate-export-w", "9000", "--public-key", "ab" * 32]
    assert main(words) == 2
    assert "give --out DIR too" in capsys.readouterr().err
    assert main([*words, "--out", str(kit)]) == 2, "there is no authority yet"
    assert "no usable authority" in capsys.readouterr().err
    assert path.read_text() == BROKER
    Authority(folder).found("elm", START_S)
    assert main([*words, "--out", str(kit)]) == 0
    market = parse_config((kit / "home.toml").read_text(), "home.toml").market
    assert market is not None
    files = with_files(market, kit)
    context = client_tls(TlsFiles(ca_file=files.ca_file, cert_file=kit / "client.pem", key_file=kit / "client.key"))
    assert context is not None
    assert (kit / "client.key").stat().st_mode & 0o777 == 0o600
    address = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("hearthgrid://"))
    assert enrolment_of(address).ca_digest == hashlib.sha256((kit / "ca.pem").read_bytes()).hexdigest()
