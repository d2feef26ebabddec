"""The test kit against the broker of this release, and against runs that are wrong in one thing each."""

from dataclasses import replace

import pytest
from broker_rig import COMMUNITY
from tck_broker_faults import faults, rejection_faults
from tck_mutations import Mutator, sent
from tck_rig import recorded

import conformance.broker_judges  # noqa: F401 - registers the judges
from conformance.assertion import BROKER, Assertion
from conformance.broker_judges.rejections import EXPECTED
from conformance.evidence import Evidence
from conformance.runner import judged
from conformance.transcript import Sent, Transcript
from conformance.verdict import Broken, Held, NotJudged
from wire.signing import SigningKey

ASSERTIONS = {int(assertion.id[3:]): assertion for assertion in BROKER}
SUSPENDED = 103  # a broker suspends who is taken out of its configuration: judged on a made-up run below


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Transcript, SigningKey]:
    return recorded(tmp_path_factory.mktemp("tck"))


def test_every_assertion_holds_for_the_broker_of_this_release(run: tuple[Transcript, SigningKey]) -> None:
    findings = judged(BROKER, run[0])
    assert len(findings) >= 100
    assert [f for f in findings if isinstance(f.verdict, Broken)] == []
    assert [f.statement.id for f in findings if isinstance(f.verdict, NotJudged)] == ["TP-103"]


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
        assert isinstance(_verdict(ASSERTIONS[number], fault(transcript)), Broken)


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


def _verdict(assertion: Assertion, transcript: Transcript) -> Held | Broken | NotJudged:
    return assertion.judged(Evidence(transcript))
