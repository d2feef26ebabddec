"""Parts of the test kit: its requirements, its options, its keys, and the tap that reads MQTT."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.assertion import BROKER, Registry
from conformance.command import judged_numbers
from conformance.evidence import Evidence
from conformance.identity import KeysError, members_of
from conformance.report import Report, as_html, as_json, as_text
from conformance.requirement import Requirement, Subject
from conformance.requirements import GROUPS, REQUIREMENTS
from conformance.runner import Finding
from conformance.tap import PacketReader, packet_of
from conformance.transcript_file import TranscriptError, read_transcript
from conformance.verdict import Broken, Held, NotJudged, Verdict
from hems.cli import main as hems
from wire.reasons import Reason

SEED = "11" * 32


def test_every_number_stands_once_and_numbers_rise() -> None:
    numbers = [requirement.id for group in GROUPS for requirement in group.requirements]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == len(REQUIREMENTS) >= 110


def test_at_least_a_hundred_requirements_are_judged_and_each_of_them_exists() -> None:
    judged = judged_numbers()
    assert len(judged) >= 100
    assert set(judged) <= set(REQUIREMENTS)


def test_requirements_name_no_reason_that_does_not_exist() -> None:
    (rejections,) = [group for group in GROUPS if group.name == "rejections"]
    named = [re.search(r": `([a-z_]+)`", requirement.text) for requirement in rejections.requirements[2:]]
    refused = [re.search(r"refused as `([a-z_]+)`", requirement.text) for requirement in REQUIREMENTS.values()]
    codes = [found[1] for found in (*named, *refused) if found is not None]
    assert len(codes) > 50
    assert set(codes) <= {reason.value for reason in Reason}


@pytest.mark.parametrize(("number", "problem"), [(999, "is no"), (85, "is no"), (80, "has a judge")])
def test_a_judge_without_a_number_of_its_own_is_refused(number: int, problem: str) -> None:
    before = len(BROKER)
    with pytest.raises(ValueError, match=problem):
        BROKER.add(number, lambda run: Held())
    assert len(BROKER) == before


def test_a_judge_that_stumbles_over_what_it_heard_breaks_the_requirement() -> None:
    def stumbles(run: Evidence) -> Verdict:
        raise KeyError("slot")

    registry = Registry(Subject.BROKER)
    registry.add(80, stumbles)
    (assertion,) = registry
    assert isinstance(assertion.judged(None), Broken)  # type: ignore[arg-type]


CONNECT = bytes.fromhex("101000044d5154540400003c00046d313233")  # clean session off, keep-alive 60 s, client m123
PUBLISH = b"\x33\x09" + b"\x00\x03a/b" + b"\x00\x07" + b"hi"  # QoS 1, retained, packet 7
SUBSCRIBE = b"\x82\x08" + b"\x00\x01" + b"\x00\x03a/+" + b"\x01"


@given(st.lists(st.integers(1, 9), max_size=20))
def test_packets_are_read_whatever_the_pieces_they_come_in(sizes: list[int]) -> None:
    stream, reader, found = CONNECT + PUBLISH + SUBSCRIBE, PacketReader(), []
    for size in sizes:
        found += reader.feed(stream[:size])
        stream = stream[size:]
    found += reader.feed(stream)
    connect, publish, subscribe = (packet_of(first, body, 5) for first, body in found)
    assert connect is not None and publish is not None and subscribe is not None
    assert connect.facts == {"client_id": "m123", "keep_alive_s": 60, "clean_session": False, "level": 4}
    assert (publish.topic, publish.payload, publish.qos, publish.retain) == ("a/b", b"hi", 1, True)
    assert subscribe.facts == {"a/+": 1}


@given(st.binary(max_size=200))
def test_bytes_that_are_no_mqtt_raise_nothing_but_a_value_error(data: bytes) -> None:
    try:
        for first, body in PacketReader().feed(data):
            packet_of(first, body, 0)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not a file of keys"),
        ('{"members": []}', "at least one member"),
        ('{"members": [{"meter": "a"}]}', "seed"),
        ('{"members": [{"meter": "a", "seed": "xyz"}]}', "64 hexadecimal"),
        (json.dumps({"members": [{"meter": "a", "seed": SEED, "sede": 1}]}), "unknown key 'sede'"),
        (json.dumps({"members": [{"meter": "a", "seed": SEED, "role": "boss"}]}), "role"),
        (json.dumps({"members": [{"meter": "a", "seed": SEED, "cert_file": "no.pem"}]}), "is not there"),
        (json.dumps({"members": [{"meter": "a", "seed": SEED}] * 2}), "twice"),
    ],
)
def test_a_wrong_file_of_keys_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(KeysError, match=problem) as found:
        members_of(path)
    assert str(path) in str(found.value)
    assert SEED not in str(found.value), "a seed is a secret"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["broker", "--members", "none.json"], "No such file"),
        (["broker", "--members", "keys.json", "--kill", "true"], "belong together"),
        (["broker", "--members", "keys.json", "--driven", "noon"], "2027-01-15T08:00:00Z"),
        (["broker", "--members", "keys.json", "--broker-key", "12"], "64 hexadecimal"),
        (["broker", "--members", "keys.json", "--only", "TP-999"], "hems tck list"),
        (["broker", "--members", "keys.json", "--ca", "none.pem"], "no such file"),
        (["broker", "--members", "keys.json", "--port", "1"], "check --host"),
        (["broker", "--members", "one.json"], "two enrolled members"),
        (["meter"], "--broker-seed"),
        (["meter", "--broker-seed", "seed"], "--meter-key"),
        (["meter", "--broker-seed", "keys.json"], "seed of 64"),
        (["meter", "--broker-seed", "seed", "--meter-key", SEED, "--slot-minutes", "7"], "--slot-minutes 7"),
        (["meter", "--broker-seed", "seed", "--meter-key", SEED, "--tap", "1", "--ca", "x"], "leave out"),
    ],
)
def test_a_wrong_option_ends_with_status_2_and_a_remedy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    problem: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    one = {"meter": "a", "seed": SEED}
    Path("one.json").write_text(json.dumps({"members": [one]}))
    Path("keys.json").write_text(json.dumps({"members": [one, {"meter": "b", "seed": "22" * 32}]}))
    assert hems(["tck", *words, "--community", "elm"]) == 2
    said = capsys.readouterr()
    assert problem in said.err
    assert not said.out


def test_the_seed_of_the_played_broker_is_made_once_and_read_by_its_owner_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tck", "meter", "--community", "elm", "--broker-seed", str(tmp_path / "seed"), "--show-key"]
    assert hems(words) == hems(words) == 0
    first, second = capsys.readouterr().out.split()
    assert first == second and len(bytes.fromhex(first)) == 32
    assert (tmp_path / "seed").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"transcript": 9, "subject": "broker"}', "\xff"])
def test_a_file_that_is_no_transcript_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kept"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TranscriptError, match="kept"):
        read_transcript(path)


def _report(*verdicts: Verdict) -> Report:
    rows = [Finding(Requirement(f"TP-{i:03}", Subject.BROKER, "<b>|"), v) for i, v in enumerate(verdicts)]
    return Report(subject="broker of elm", at="2027-01-15T08:00:00Z", findings=rows)


def test_a_report_passes_only_when_something_holds_and_nothing_is_broken() -> None:
    assert _report(Held(3), NotJudged("no stage")).passed
    assert not _report(NotJudged("no stage")).passed
    assert not _report(Held(), Broken("late")).passed


def test_a_report_says_what_is_broken_and_escapes_what_was_heard() -> None:
    report = _report(Held(), Broken("<script>"))
    assert "TP-001 BROKEN" in as_text(report) and "TP-000" not in as_text(report)
    assert "<script>" not in as_html(report) and "&lt;script&gt;" in as_html(report)
    assert json.loads(as_json(report))["counts"] == {"holds": 1, "broken": 1, "not_judged": 0}
