"""The test kit against the broker of this release, and against runs that are wrong in one thing each."""

from dataclasses import replace
from pathlib import Path

import pytest
from broker_rig import COMMUNITY
from tck_broker_faults import faults, rejection_faults
from tck_mutations import Mutator, drop, fits, sent, unbundled
from tck_rig import Recorded, recorded

import conformance.broker_judges  # noqa: F401 - registers the judges
from conformance.assertion import BROKER, Assertion
from conformance.broker_judges.rejections import EXPECTED
from conformance.evidence import Evidence
from conformance.runner import judged
from conformance.transcript import Heard, Sent, Transcript
from conformance.transcript_file import read_transcript, write_transcript
from conformance.verdict import Broken, Held, NotJudged
from hems.cli import main as hems
from wire.signing import SigningKey

ASSERTIONS = {int(assertion.id[3:]): assertion for assertion in BROKER}
FAULTY = Path(__file__).with_name("broker_faulty.py")
SUSPENDED = 103  # a broker suspends who is taken out of its configuration: judged on a made-up run below


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return recorded(tmp_path_factory.mktemp("tck"))


@pytest.fixture(scope="module")
def run(command: Recorded) -> tuple[Transcript, SigningKey]:
    return command.transcript, command.key


def test_the_command_says_that_the_broker_of_this_release_passes(command: Recorded) -> None:
    assert command.status == 0
    assert command.report["passed"] is True
    assert command.report["counts"]["broken"] == 0
    assert len(command.report["findings"]) == len(ASSERTIONS)
    assert "<td>TP-155</td><td>holds</td>" in command.page


def test_a_kept_transcript_is_judged_again_with_the_same_findings(command: Recorded, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    write_transcript(kept, command.transcript, "broker")
    assert read_transcript(kept) == (command.transcript, "broker")
    assert hems(["tck", "judge", str(kept), "--only", "TP-080", "--json"]) == 0


def test_a_broken_transcript_ends_with_status_1_and_names_the_number(
    command: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.jsonl"
    fault = faults(Mutator(command.key, COMMUNITY), command.transcript)[180]
    write_transcript(kept, fault(command.transcript), "broker")
    assert hems(["tck", "judge", str(kept), "--only", "TP-180", "--markdown", str(tmp_path / "report.md")]) == 1
    said = capsys.readouterr().out
    assert "TP-180 BROKEN" in said
    assert "0 of 1 judged requirements hold, 1 broken" in said
    assert "| TP-180 | BROKEN |" in (tmp_path / "report.md").read_text()


def test_every_assertion_holds_for_the_broker_of_this_release(run: tuple[Transcript, SigningKey]) -> None:
    findings = judged(BROKER, run[0])
    assert len(findings) >= 100
    assert [f for f in findings if isinstance(f.verdict, Broken)] == []
    assert [f.requirement.id for f in findings if isinstance(f.verdict, NotJudged)] == ["TP-103"]


def test_every_assertion_has_a_fault_that_it_has_to_find(run: tuple[Transcript, SigningKey]) -> None:
    known = set(faults(Mutator(run[1], COMMUNITY), run[0])) | set(EXPECTED)
    assert known == set(ASSERTIONS)


@pytest.mark.parametrize("number", sorted(set(ASSERTIONS) - set(EXPECTED)))
def test_an_assertion_finds_its_fault(run: tuple[Transcript, SigningKey], number: int) -> None:
    transcript, key = run
    fault = faults(Mutator(key, COMMUNITY), transcript)[number]
    assert isinstance(_verdict(ASSERTIONS[number], fault(transcript)), Broken)


@pytest.mark.parametrize("number", sorted(set(EXPECTED) - {SUSPENDED}))
def test_a_missing_or_wrong_rejection_is_found(run: tuple[Transcript, SigningKey], number: int) -> None:
    transcript, key = run
    for fault in rejection_faults(Mutator(key, COMMUNITY), transcript, number):
        assert isinstance(_verdict(ASSERTIONS[number], fault(unbundled(transcript))), Broken)


def test_a_broker_that_receipts_before_it_stores_is_found_with_its_other_faults(tmp_path: Path) -> None:
    found = recorded(tmp_path, [str(FAULTY)])
    assert found.status == 1
    broken = [row["id"] for row in found.report["findings"] if row["verdict"] == "broken"]
    assert broken == ["TP-043", "TP-100", "TP-155"]


def test_a_suspended_meter_has_to_be_told_so(run: tuple[Transcript, SigningKey]) -> None:
    transcript, key = run
    named = sent(transcript, "stranger.order").named
    renamed = tuple(
        replace(event, label="suspended.order") if isinstance(event, Sent) and event.named == named else event
        for event in transcript.events
    )
    refused = replace(transcript, events=renamed)
    told = Mutator(key, COMMUNITY).edit("rejection", {"code": "suspended"}, "stranger", digest=named)(refused)
    assert isinstance(_verdict(ASSERTIONS[SUSPENDED], told), Held)
    assert isinstance(_verdict(ASSERTIONS[SUSPENDED], refused), Broken)


def test_a_broker_that_starts_after_a_gate_may_clear_late_and_no_other(run: tuple[Transcript, SigningKey]) -> None:
    transcript, key = run
    late = faults(Mutator(key, COMMUNITY), transcript)[189](transcript)
    assert isinstance(_verdict(ASSERTIONS[189], late), Broken)
    online = next(
        e for e in late.events if isinstance(e, Heard) and e.topic.endswith("/status") and b"online" in e.payload
    )
    end_s = max(e.at_s for e in late.events if isinstance(e, Heard))
    others = [e for e in late.events if not (isinstance(e, Heard) and e.topic.endswith("/status"))]
    started = replace(late, events=(replace(online, retain=False, at_s=end_s), *others))
    assert isinstance(_verdict(ASSERTIONS[189], started), NotJudged)


def test_what_others_did_before_and_beside_a_run_is_not_judged(run: tuple[Transcript, SigningKey]) -> None:
    transcript, key = run
    first_leaves = next(e for e in transcript.events if fits(e, "leaves", {"first": 0}))
    begun = drop("leaves", first=0)(transcript)
    rosters = [e for e in begun.events if isinstance(e, Heard) and e.topic.endswith("/roster")]
    later = replace(begun, events=(*(e for e in begun.events if e not in rosters), *rosters))
    assert "no roster of 2027-01-15" in str(
        _verdict(ASSERTIONS[187], replace(later, events=(*later.events, first_leaves)))
    )
    assert "no roster of 2027-01-15" not in str(_verdict(ASSERTIONS[187], later))
    crowded = Mutator(key, COMMUNITY).edit("path", {"members": 5})(transcript)
    assert isinstance(_verdict(ASSERTIONS[230], crowded), NotJudged)


def _verdict(assertion: Assertion, transcript: Transcript) -> Held | Broken | NotJudged:
    return assertion.judged(Evidence(transcript))
