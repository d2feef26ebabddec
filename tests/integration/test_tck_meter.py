"""The test kit against the meter process of this release, and against runs that are wrong in one thing each."""

from typing import Any

import pytest
from broker_rig import COMMUNITY
from tck_meter_faults import faults
from tck_meter_rig import recorded
from tck_mutations import Mutator

import conformance.meter_judges  # noqa: F401 - registers the judges
from conformance.assertion import METER
from conformance.evidence import Evidence
from conformance.runner import judged
from conformance.transcript import Transcript
from conformance.verdict import Broken, Held
from wire.signing import SigningKey

ASSERTIONS = {int(assertion.id[3:]): assertion for assertion in METER}


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> tuple[Transcript, SigningKey, dict[str, Any]]:
    return recorded(tmp_path_factory.mktemp("tck"))


@pytest.fixture(scope="module")
def run(command: tuple[Transcript, SigningKey, dict[str, Any]]) -> tuple[Transcript, SigningKey]:
    return command[:2]


def test_the_command_says_that_the_meter_of_this_release_passes(
    command: tuple[Transcript, SigningKey, dict[str, Any]],
) -> None:
    assert command[2]["passed"] is True
    assert command[2]["counts"] == {"holds": len(ASSERTIONS), "broken": 0, "not_judged": 0}


def test_every_assertion_holds_for_the_meter_of_this_release(run: tuple[Transcript, SigningKey]) -> None:
    findings = judged(METER, run[0])
    assert len(findings) >= 50
    assert [finding for finding in findings if not isinstance(finding.verdict, Held)] == []


def test_every_assertion_has_a_fault_that_it_has_to_find(run: tuple[Transcript, SigningKey]) -> None:
    assert set(faults(Mutator(run[1], COMMUNITY), run[0])) == set(ASSERTIONS)


@pytest.mark.parametrize("number", sorted(ASSERTIONS))
def test_an_assertion_finds_its_fault(run: tuple[Transcript, SigningKey], number: int) -> None:
    transcript, key = run
    fault = faults(Mutator(key, COMMUNITY), transcript)[number]
    assert isinstance(ASSERTIONS[number].judged(Evidence(fault(transcript))), Broken)
