"""Whatever a broker or a meter under test sends, the kit comes to a verdict on every number."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.command import REGISTRIES
from conformance.report import Report, as_html, as_json, as_markdown, as_text
from conformance.runner import judged
from conformance.transcript import Event, Heard, Mark, Packet, Sent, Transcript
from wire.messages import BY_KIND
from wire.signing import key_from_seed, seal
from wire.topics import BY_KIND as RULES
from wire.topics import topic

COMMUNITY, METER = "elm", "home-1"
KEY = key_from_seed(bytes(32))
FIELDS = ("slot", "stage", "round", "size", "leaves", "entries", "state", "first_slot", "digest", "lines", "v")
LABELS = ("order.final", "query.held", "report.first", "plan.second", "gate.forged", "batch.large", "frame.junk")
MARKS = ("late join", "killed", "started again", "access", "access over", "cut withheld", "forged terms x")

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text('aZ0-:"é', max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=6,
)
payloads = st.one_of(
    st.binary(max_size=60),
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=5).map(lambda v: json.dumps(v).encode()),
    st.just(b"[" * 5_000),
)


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(sorted(BY_KIND)))
    payload = draw(payloads)
    frame = seal(KEY, kind, COMMUNITY, payload) if draw(st.booleans()) else payload
    where = topic(kind, COMMUNITY, METER if "{meter}" in RULES[kind].pattern else "")
    moment: dict[str, Any] = {"at_s": 1_800_000_000}
    match draw(st.integers(0, 3)):
        case 0:
            client = draw(st.sampled_from(["first", "second", "late"]))
            return Heard(client=client, topic=where, payload=frame, qos=1, retain=draw(st.booleans()), **moment)
        case 1:
            label = draw(st.sampled_from(LABELS))
            common = {"client": "first", "kind": kind, "meter": METER, "topic": where, "named": "0" * 64}
            return Sent(label=label, frame=frame, **common, **moment)
        case 2:
            return Packet(kind=draw(st.sampled_from(["publish", "connect", "subscribe"])), topic=where, **moment)
        case _:
            return Mark(draw(st.sampled_from(MARKS)), 1_800_000_000)


@settings(max_examples=60)
@given(st.lists(events(), max_size=12), st.sampled_from(sorted(REGISTRIES)))
def test_every_transcript_is_judged(found: list[Event], subject: str) -> None:
    transcript = Transcript(
        community=COMMUNITY,
        meters={METER: KEY.public},
        clients={METER: "first"},
        broker_key=KEY.public,
        first="first",
        events=tuple(found),
    )
    findings = judged(REGISTRIES[subject], transcript)
    assert len(findings) == len(REGISTRIES[subject])
    report = Report(subject="broker of elm", at="2027-01-15T08:00:00Z", findings=findings)
    assert json.loads(as_json(report))["protocol"] == 1
    assert as_text(report, verbose=True) and as_markdown(report) and as_html(report)
