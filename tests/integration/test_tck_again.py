"""The test kit that was broken off and is started again within a slot: what is left of the first run is no fault."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker_rig import COMMUNITY, START_S, meter_key
from tck_rig import _kill, _start_script, broker_config, guarded_mosquitto

import conformance.broker_judges  # noqa: F401 - registers the judges
from conformance.assertion import BROKER
from conformance.broker_run import BrokerOptions, NothingToTest, record_broker
from conformance.identity import Member
from conformance.link import Server
from conformance.probes import orders
from conformance.runner import judged
from conformance.transcript import Transcript
from conformance.verdict import Broken

MEMBERS = [Member(meter=f"home-{n}", username=f"home-{n}", key=meter_key(n)) for n in (1, 2)]


class Enough(Exception):
    """The run is broken off here."""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a market whose broker waits for a clock."""
    with guarded_mosquitto(tmp_path) as made:
        script = _start_script(tmp_path, broker_config(tmp_path, made), ("-m", "broker.cli"))
        subprocess.run([sys.executable, str(script)], check=True)
        try:
            yield made
        finally:
            _kill(tmp_path)


def run(port: int, *, at_s: int, says: Callable[[str], None]) -> Transcript:
    options = BrokerOptions(driven_from_s=at_s, says=says)
    return asyncio.run(record_broker(Server(host="127.0.0.1", port=port), COMMUNITY, MEMBERS, options))


def broken_off(port: int, word: str) -> None:
    def says(text: str) -> None:
        if word in text:
            raise Enough(text)

    with contextlib.suppress(Enough):
        run(port, at_s=START_S, says=says)
        raise AssertionError(f"the kit never said {word!r}")


def test_a_run_after_one_that_was_broken_off_takes_a_slot_without_its_orders(port: int) -> None:
    broken_off(port, "for the gate")
    said: list[str] = []
    transcript = run(port, at_s=START_S + 30, says=said.append)
    assert any("holds an order or report in" in line and "of an earlier run" in line for line in said)
    findings = judged(BROKER, transcript)
    assert [finding for finding in findings if isinstance(finding.verdict, Broken)] == []
    assert len(findings) >= 100


def test_messages_of_an_earlier_run_that_use_up_a_slot_are_told_and_nothing_is_judged(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = orders.refused_orders

    def stops(ground: object) -> list[object]:
        raise Enough

    monkeypatch.setattr(orders, "refused_others", stops)
    for later_s in (0, 30):  # each sends every refused order, and is broken off then
        with contextlib.suppress(Enough):
            run(port, at_s=START_S + later_s, says=lambda text: None)
    monkeypatch.undo()
    assert orders.refused_orders is refused
    with pytest.raises(
        NothingToTest, match=r"messages of an earlier run count for home-\d in .*start again in a later"
    ):
        run(port, at_s=START_S + 60, says=lambda text: None)
