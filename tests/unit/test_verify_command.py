"""`community-broker verify` and `export`: what is heard is enough to check, and what is no archive is said."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_rig import START_S, TERMS, FakePrices, enrolled, inbound, order, report, slot

from broker.audit.archive import NoArchive, read_archive
from broker.audit.verify import verify
from broker.cli import main
from broker.control.service import MarketService
from broker.io.journal_sqlite import SqliteJournal
from broker.io.records_sqlite import SqliteRecords
from broker.io.state_dir import StateDir
from broker.market.delivery import posting
from broker.market.market import Market
from broker.market.terms import Terms
from broker.settlement.slot import Position
from proofs.cheats import run
from proofs.watched_community import BROKER_KEY
from wire.codec import canonical
from wire.messages import Settlement, SettlementItem, Side
from wire.signing import seal

BUY, SELL = (Side.BUY, 240_000, 500), (Side.SELL, 160_000, 300)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return settled(tmp_path)


def settled(folder: Path, terms: Terms = TERMS, delivered_wh: int = 300) -> Path:
    """A state directory after one settled slot of two members."""
    files = StateDir(folder / "state")
    files.create()
    journal, records = SqliteJournal(files.journal), SqliteRecords(files.records)
    market = MarketService(Market(terms, files.read_secret()), journal=journal, prices=FakePrices(), recorder=records)
    market.agree([enrolled(1), enrolled(2)], START_S)
    market.step(START_S)
    market.handle([inbound(1, order(1, slot(1), BUY)), inbound(2, order(2, slot(1), SELL))], START_S)
    market.step(slot(1).start_s - 60)
    market.step(slot(1).end_s)
    reports = [
        inbound(1, report(1, slot(1), (0, 600), (0, 0))),
        inbound(2, report(2, slot(1), (0, 0), (0, delivered_wh))),
    ]
    market.handle(reports, slot(1).end_s)
    market.step(slot(1).end_s)
    journal.close()
    records.close()
    return files.root


def exported(state: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["export", str(state), *options]) == 0
    return capsys.readouterr().out


def test_what_is_exported_is_verified_with_all_its_rounds_leaves_and_own_messages(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "home-1.txt"
    archive.write_text(exported(state, capsys, "--meter", "home-1"))
    assert main(["verify", str(archive), "--members", "2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["honest"]
    assert result["violations"] == result["unchecked"] == []
    assert (result["orders"], result["awards"]) == (2, 1)
    assert result["rounds"] >= 2
    assert result["settlements"] >= 1


def test_a_public_export_names_no_meter_and_replays_identically(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = exported(state, capsys)
    assert "home-1" not in text
    assert main(["replay", str(state)]) == 0
    (tmp_path / "public.txt").write_text(text)
    assert main(["verify", str(tmp_path / "public.txt")]) == 0


def test_one_changed_byte_and_one_member_too_many_are_named(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "public.txt"
    archive.write_text(exported(state, capsys).replace('"volume_wh":300', '"volume_wh":301'))
    assert main(["verify", str(archive), "--members", "1"]) == 1
    text = capsys.readouterr().out
    assert "VIOLATION signature" in text
    assert "VIOLATION roster" in text


def test_a_checkpoint_that_a_neighbour_saw_is_compared(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = exported(state, capsys)
    archive, other = tmp_path / "public.txt", tmp_path / "neighbour.note"
    archive.write_text(text)
    line = [row for row in text.splitlines() if "/public/checkpoint " in row][-1]
    other.write_text(json.loads(line.split(".", 2)[2])["note"])
    assert main(["verify", str(archive), "--checkpoint", str(other)]) == 0
    other.write_text(line)
    assert main(["verify", str(archive), "--checkpoint", str(other)]) == 0
    assert "not signed by this log" not in capsys.readouterr().out
    other.write_text("no note {")
    assert main(["verify", str(archive), "--checkpoint", str(other)]) == 0
    assert "not signed by this log" in capsys.readouterr().out


def test_a_signed_leaf_that_is_no_json_is_a_finding_and_no_traceback(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = exported(state, capsys).splitlines()
    place = next(i for i, line in enumerate(lines) if "/public/leaves " in line)
    page = json.loads(lines[place].split(".", 2)[2])
    payload = canonical(page | {"leaves": ["no json", *page["leaves"][1:]]})
    frame = seal(StateDir(state).read_key(), "leaves", page["community"], payload)
    lines[place] = f"{lines[place].split(' ')[0]} {frame.decode()}"
    archive = tmp_path / "forged.txt"
    archive.write_text("\n".join(lines))
    assert main(["verify", str(archive)]) == 1
    assert "VIOLATION log" in capsys.readouterr().out


def overcharged(bill: Settlement) -> Settlement:
    """A nano more for an award, in line and total."""
    lines = [
        line.model_copy(update={"amount_nano": line.amount_nano + 1}) if line.item is SettlementItem.AWARD else line
        for line in bill.lines
    ]
    return bill.model_copy(update={"lines": tuple(lines), "total_nano": sum(line.amount_nano for line in lines)})


def forgetful(bill: Settlement) -> Settlement:
    """Only what was awarded is settled, not what was metered beyond it."""
    lines = [line for line in bill.lines if line.item is SettlementItem.AWARD]
    return bill.model_copy(update={"lines": tuple(lines), "total_nano": sum(line.amount_nano for line in lines)})


def inflated(bill: Settlement) -> Settlement:
    """A Wh more was awarded to it than was."""
    return bill.model_copy(update={"award_wh": bill.award_wh + 1})


@pytest.mark.parametrize("trick", [overcharged, forgetful, inflated])
def test_a_false_settlement_that_was_logged_is_found_by_an_auditor_who_is_given_all(
    trick: Callable[[Settlement], Settlement],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = posting._Bills.settlement

    def bill(self: posting._Bills, position: Position) -> Settlement:
        made = honest(self, position)
        return trick(made) if position.meter == "home-1" and made.lines else made

    monkeypatch.setattr(posting._Bills, "settlement", bill)
    archive = tmp_path / "archive.txt"
    archive.write_text(exported(settled(tmp_path), capsys, "--settlements"))
    assert main(["verify", str(archive), "--json"]) == 1
    assert {found["check"] for found in json.loads(capsys.readouterr().out)["violations"]} == {"settlement"}


def test_a_slot_counts_as_a_whole_when_the_settlements_of_all_its_members_are_there(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, counted = tmp_path / "archive.txt", []
    for options in ([], ["--meter", "home-1"], ["--settlements"]):
        archive.write_text(exported(state, capsys, *options))
        assert main(["verify", str(archive), "--json"]) == 0
        counted.append(json.loads(capsys.readouterr().out)["settled_slots"])
    assert counted[:2] == [0, 0]
    assert counted[2] > 0


def test_trades_that_were_cut_to_what_was_delivered_are_no_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = settled(tmp_path, replace(TERMS, allocation="first_in_first_out"), delivered_wh=200)
    archive = tmp_path / "archive.txt"
    archive.write_text(exported(cut, capsys, "--settlements"))
    assert main(["verify", str(archive)]) == 0


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        (["--from", "2026-13-01"], "is no UTC time"),
        (["--to", "yesterday"], "is no UTC time"),
        (["--from", "2026-11-01T12:00"], "is no UTC time"),
        (["--from", "2026-12-01", "--to", "2026-11-01"], "is not after --from"),
    ],
)
def test_a_time_that_is_none_is_told_and_no_empty_books_are_written(
    bounds: list[str], told: str, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["export", str(state), "--csv"], ["statement", str(state), "--meter", "home-1"]):
        assert main([*command, *bounds]) == 2
        said = capsys.readouterr()
        assert told in said.err
        assert said.out == ""


def test_the_fork_of_a_log_is_found_by_a_checkpoint_from_outside() -> None:
    assert "split_view" in run(1, "two_histories").offline


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", [], "no frame"),
        ("hello\n", [], "line 1"),
        ("hearthgrid/v1/elm/public/clearing\n", [], "line 1"),
        ("hearthgrid/v1/elm/public/clearing v1.junk\n", [], "--broker-key"),
        ("hearthgrid/v1/elm/public/clearing v1.junk\n", ["--broker-key", "zz"], "64 hexadecimal"),
        ("hearthgrid/v1/elm/public/clearing v1.junk\n", ["--broker-key", "00"], "64 hexadecimal"),
        (
            "hearthgrid/v1/elm/public/clearing v1.a\nhearthgrid/v1/oak/public/clearing v1.a\n",
            ["--broker-key", "00" * 32],
            "line 2",
        ),
    ],
)
def test_what_is_no_archive_is_refused_with_the_line_and_the_remedy(
    text: str, options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "heard.txt"
    archive.write_text(text)
    assert main(["verify", str(archive), *options]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_file_and_one_that_is_no_text_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path / "none.txt")]) == 2
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert main(["verify", str(tmp_path / "binary")]) == 2
    assert main(["export", str(tmp_path)]) == 2
    assert "Traceback" not in capsys.readouterr().err


KINDS = st.sampled_from(["clearing", "gate", "book", "roster", "leaves", "checkpoint", "conditions", "calendar"])


@given(st.lists(st.tuples(KINDS, st.text(min_size=1, max_size=200).map(lambda t: t.replace("\n", " "))), max_size=4))
def test_any_text_in_an_archive_is_a_finding_or_a_refusal_never_a_traceback(rows: list[tuple[str, str]]) -> None:
    lines = [f"hearthgrid/v1/elm/public/{kind} {frame}" for kind, frame in rows]
    try:
        archive = read_archive(lines, BROKER_KEY.public)
    except NoArchive:
        return
    assert len(verify(archive).violations) <= len(rows)
