"""For every number that the kit asserts about a broker: a run in which just that is wrong."""

import json
from dataclasses import replace
from typing import Any

from broker_rig import COMMUNITY
from tck_mutations import NOBODY, Mutation, Mutator, Value, add, drop, flag, moved, sent

from conformance.broker_judges.rejections import EXPECTED
from conformance.transcript import Heard, Mark, Transcript
from wire.topics import topic

OTHER = "f" * 64


def heard(kind: str, meter: str, payload: bytes, **fields: Any) -> Heard:
    """Something that the first client hears at the end."""
    base = Heard(client="first", topic=topic(kind, COMMUNITY, meter), payload=payload, qos=1, retain=False, at_s=0)
    return replace(base, **fields)


def rejection_faults(m: Mutator, run: Transcript, number: int) -> list[Mutation]:
    """The first label of a number: not answered, refused with another code, without the field."""
    labels, _, field = EXPECTED[number]
    named = sent(run, labels[0]).named
    client = sent(run, labels[0]).client
    faults = [
        drop("rejection", digest=named),
        m.edit("rejection", {"code": "slot_not_over" if number != 139 else "malformed"}, client, digest=named),
    ]
    return faults if field is None else [*faults, m.edit("rejection", {"field": "x"}, client, digest=named)]


def faults(m: Mutator, run: Transcript) -> dict[int, Mutation]:
    """A mutation for each number that is not about one rejection."""

    def receipt(label: str, change: Value) -> Mutation:
        found = sent(run, label)
        return m.edit("receipt", change, found.client, digest=found.named)

    def no_receipt(label: str) -> Mutation:
        return drop("receipt", digest=sent(run, label).named)

    final = json.loads(sent(run, "order.final").frame.split(b".", 2)[2])
    slot, stage = final["slot"], final["stage"]
    of_round = {"slot": slot, "stage": stage}
    last_report = json.loads(sent(run, "report.replaced").frame.split(b".", 2)[2])["slot"]

    def again(label: str) -> Mutation:
        """Only the first receipt of some bytes."""

        def mutate(run: Transcript) -> Transcript:
            named, place = sent(run, label).named.encode(), run.events.index(sent(run, label))
            kept = [
                e for i, e in enumerate(run.events) if i < place or not (isinstance(e, Heard) and named in e.payload)
            ]
            return replace(run, events=tuple(kept))

        return mutate

    def answer(label: str, change: Value) -> Mutation:
        def mutate(run: Transcript) -> Transcript:
            place = run.events.index(sent(run, label))
            tail = m.edit("answer", change)(replace(run, events=run.events[place:]))
            return replace(run, events=run.events[:place] + tail.events)

        return mutate

    def more_steps(value: Value) -> Value:
        return value | {"bought_wh": value["bought_wh"] + 1}

    def grown(value: Value) -> Value:
        return value | {"surplus": 1}

    def half(value: Value) -> Value:
        return value | {"entries": value["entries"][:1]}

    def turned(value: Value) -> Value:
        return value | {"entries": value["entries"][::-1]}

    def other_steps(value: Value) -> Value:
        first, *rest = value["entries"]
        return value | {"entries": [first | {"sequence": first["sequence"] + 1}, *rest]}

    def line(value: Value) -> Value:
        first, *rest = value["lines"]
        return value | {"lines": [first | {"amount_nano": str(int(first["amount_nano"]) + 1)}, *rest]}

    def wire(meter: str, kind: str, payload: bytes, **fields: Any) -> Mutation:
        return add(lambda run: heard(kind, meter, payload, **fields))

    first_leaf = '{"digest":"00","kind":"gate"}'
    return {
        1: m.data("receipt", lambda data: b"v2" + data[2:]),
        2: m.data("receipt", lambda data: m.framed("receipt", data.split(b".", 2)[2], NOBODY)),
        3: m.payload("receipt", lambda payload: payload.replace(b'"sequence":', b'"sequence":NaN,"x":', 1)),
        4: m.payload("receipt", lambda payload: json.dumps(json.loads(payload), indent=1).encode()),
        5: m.edit("receipt", grown),
        6: m.edit("receipt", {"v": 2}),
        7: m.edit("receipt", {"community": "oak"}),
        8: m.edit("receipt", {"meter": "home-7"}),
        9: m.data("award", lambda data: b"v1." + b"A" * 86 + b"." + data),
        18: no_receipt("frame.full"),
        19: no_receipt("frame.spaced"),
        30: add(lambda run: heard("receipt", "home-1", b"{}", topic=f"hearthgrid/v1/{COMMUNITY}/public/tck-news")),
        31: flag("rejection", topic=topic("rejection", COMMUNITY, "home-7")),
        32: add(
            lambda run: heard("receipt", "home-1", b"{}", client="second"),
            after="access",
        ),
        33: add(lambda run: heard("receipt", "home-1", b"tck-forged-public"), after="access"),
        34: add(lambda run: heard("answer", "home-1", b"{}"), after="access"),
        240: drop("flex_award", client="second"),
        241: m.edit("question", {"answer_by": "2027-01-15T10:00:00Z"}),
        244: m.edit_all("replies", lambda value: value | {"entries": value["entries"][1:]}),
        239: m.edit("blocks", lambda value: value | {"entries": value["entries"][:1]}),
        64: drop("rejection", digest=sent(run, "burst.150").named),
        35: wire("home-2", "rejection", sent(run, "kind.unknown").named.encode(), client="second"),
        36: m.data("clearing", lambda data: data[:-1] + b" ", "second"),
        40: flag("receipt", qos=0),
        41: drop("checkpoint", client="late"),
        42: wire("", "gate", b"{}", client="late", retain=True),
        43: wire("home-1", "receipt", b"{}", client="late", retain=True),
        44: m.edit("status", {"state": "offline"}),
        45: drop("status", client="first", state="offline"),
        46: _no_calendar_again,
        60: m.payload("clearing", lambda payload: payload + b" " * 17_000),
        61: drop("rejection", digest=sent(run, "frame.oversized").named),
        63: drop("rejection", of="plan", code="quota_exceeded"),
        65: m.edit("roster", {"pages": 2}),
        70: m.edit("receipt", lambda value: value | {"received_at": value["received_at"][:-1] + "+00:00"}),
        72: m.edit("settlement", {"total_nano": 5}),
        75: drop("conditions", client="first", slot=slot),
        76: m.edit("settlement", lambda value: value | {"metered_wh": -value["metered_wh"]}, slot=last_report),
        80: receipt("order.final", {"sequence": 9}),
        81: receipt("order.final", {"pseudonym": None}),
        82: answer("query.held", {"order_sequence": 3}),
        83: m.edit("award", {"bought_wh": 100}, slot=json.loads(_payload_of(run, "withdraw.nothing"))["slot"]),
        84: no_receipt("order.second"),
        100: m.edit("rejection", {"hint": ""}, digest=sent(run, "order.above").named),
        101: answer("query.nothing", {"order_sequence": 1}),
        150: _again_differs(m, "order.again"),
        151: again("order.final_late"),
        152: no_receipt("order.second"),
        153: answer("query.held", {"order_digest": OTHER}),
        154: answer("query.nothing", {"report_sequence": 1}),
        155: answer("query.durable", {"order_sequence": None, "order_digest": None}),
        156: m.edit("book", lambda v: v | {"entries": [v["entries"][0]] * len(v["entries"])}, **of_round),
        157: again("durable.again"),
        158: again("report.again"),
        170: m.edit("gate", {"closed_at": slot}, **of_round),
        171: moved("clearing", "gate", **of_round),
        172: m.edit("book", half, **of_round),
        173: m.edit("book", other_steps, **of_round),
        174: m.edit("book", turned, **of_round),
        175: m.edit("book", {"pages": 2}, **of_round),
        176: m.edit("book", other_steps, **of_round),
        177: m.edit("clearing", {"orders": 7}, **of_round),
        178: drop("clearing", client="first", **of_round),
        179: drop("award", client="first", **of_round),
        180: m.edit("award", more_steps, **of_round),
        181: m.edit("award", {"order_proof": [OTHER]}, **of_round),
        182: m.edit("award", {"bought_wh": 301}, **of_round),
        183: m.edit("award", {"amount_nano": str(10**12)}, **of_round),
        184: m.edit("award", {"amount_nano": "1"}, **of_round),
        185: m.edit("clearing", {"volume_wh": 1}, **of_round),
        186: m.edit("clearing", {"price_micro_per_kwh": 1}, **of_round),
        187: drop("roster", client="first"),
        188: m.edit("roster", {"pseudonyms": []}),
        189: _late_clearings,
        190: m.edit("checkpoint", lambda value: value | {"size": value["size"] + 1}),
        191: m.edit_all("checkpoint", lambda value: value | {"consistency": []}),
        192: m.edit("leaves", lambda value: value | {"leaves": [first_leaf, *value["leaves"][1:]]}),
        193: m.edit("leaves", lambda value: value | {"leaves": [" " + value["leaves"][0], *value["leaves"][1:]]}),
        194: m.edit_all("leaves", _unlogged),
        195: m.edit("settlement", {"salt": OTHER}, slot=last_report),
        196: m.edit("leaves", lambda value: value | {"leaves": ['{"meter":"home-1"}', *value["leaves"][1:]]}),
        200: no_receipt("report.first"),
        201: drop("settlement", client="second", slot=last_report),
        202: m.edit("settlement", line, slot=last_report),
        203: m.edit("settlement", {"metered_wh": 1}, slot=last_report),
        204: m.edit("settlement", {"award_wh": 1}, slot=last_report),
        205: _settled_twice(m, last_report),
        206: _never_corrected,
        207: m.edit_all("settlement", lambda v: v | {"metered_wh": 1} if v["corrects"] is not None else v),
        208: _estimated_wrongly(m, run),
        220: receipt("sealed.first", {"salt": OTHER}),
        222: no_receipt("sealed.reveal"),
        224: m.edit("clearing", {"unrevealed": 0}, slot=slot, stage="sealed"),
        230: m.edit_all("path", lambda value: value | {"net_wh": [0] * len(value["net_wh"])}),
        231: m.edit_all("path", lambda value: value | {"members": 1}),
        232: m.edit_all("path", lambda value: value | {"net_wh": [0] * len(value["net_wh"])}),
        235: drop("contract", client="second", state="proposed"),
        236: drop("contract", client="first", state="agreed"),
        237: m.edit("contract", {"position_wh": [7]}, "second", state="agreed"),
        238: m.edit("contract", {"position_wh": [200]}, state="refused"),
    }


def _payload_of(run: Transcript, label: str) -> bytes:
    return sent(run, label).frame.split(b".", 2)[2]


def _no_calendar_again(run: Transcript) -> Transcript:
    start = next(i for i, e in enumerate(run.events) if isinstance(e, Mark) and e.name == "started again")
    rest = drop("calendar", client="first")(replace(run, events=run.events[start:]))
    return replace(run, events=run.events[:start] + rest.events)


def _again_differs(m: Mutator, label: str) -> Mutation:
    def mutate(run: Transcript) -> Transcript:
        found = sent(run, label)
        place = run.events.index(found)
        rest = replace(run, events=run.events[place:])
        changed = m.edit("receipt", {"pseudonym": "0" * 16}, found.client, digest=found.named)(rest)
        return replace(run, events=run.events[:place] + changed.events)

    return mutate


def _late_clearings(run: Transcript) -> Transcript:
    events = [
        replace(e, at_s=e.at_s + 3_600) if isinstance(e, Heard) and e.topic.endswith("/clearing") else e
        for e in run.events
    ]
    return replace(run, events=tuple(events))


def _unlogged(value: Value) -> Value:
    """Leaves that say nothing."""
    return value | {"leaves": [leaf[:40] for leaf in value["leaves"]]}


def _settled_twice(m: Mutator, slot: str) -> Mutation:
    def mutate(run: Transcript) -> Transcript:
        changed = m.edit("settlement", lambda value: value | {"log_index": value["log_index"] + 1}, slot=slot)(run)
        extra = next(b for a, b in zip(run.events, changed.events, strict=True) if a != b)
        return replace(run, events=(*run.events, extra))

    return mutate


def _never_corrected(run: Transcript) -> Transcript:
    def is_correction(event: object) -> bool:
        return (
            isinstance(event, Heard)
            and event.topic.endswith("/settlement")
            and b'"corrects":null' not in event.payload
        )

    return replace(run, events=tuple(event for event in run.events if not is_correction(event)))


def _estimated_wrongly(m: Mutator, run: Transcript) -> Mutation:
    slot = json.loads(_payload_of(run, "order.third"))["slot"]
    return m.edit("settlement", {"quality": "measured"}, "second", slot=slot)
