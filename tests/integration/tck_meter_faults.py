"""For every number that the kit asserts about a meter: a run in which just that is wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from broker_rig import COMMUNITY
from tck_mutations import NOBODY, Mutation, Mutator, Value, add, drop, packets, sent

from conformance.transcript import Event, Heard, Mark, Packet, Transcript
from wire.codec import canonical
from wire.topics import topic

METER = "home-1"
OTHER = "f" * 64


def faults(m: Mutator, run: Transcript) -> dict[int, Mutation]:
    """A mutation for each number."""
    slots = sorted({json.loads(e.payload.split(b".", 2)[2])["slot"] for e in _heard(run, "order")})
    second = slots[1]
    sealed_slot = json.loads(next(iter(_heard(run, "sealed"))).payload.split(b".", 2)[2])["slot"]
    reports = [json.loads(e.payload.split(b".", 2)[2]) for e in _heard(run, "report")]
    dead = next(label for label, bad in _conditions(run).items() if bad)

    def step(value: Value, **change: Any) -> Value:
        head, *rest = value["steps"]
        return value | {"steps": [head | change, *rest]}

    def said(kind: str, change: Callable[[Value], Value], after: str = "") -> Mutation:
        """One more message: the last one of a kind (behind a mark: the first one), changed."""
        found = _heard(run, kind)[0 if after else -1]
        payload = canonical(change(json.loads(found.payload.split(b".", 2)[2])))
        return add(lambda _: replace(found, payload=m.framed(kind, payload)), after=after)

    def silent(kind: str, name: str) -> Mutation:
        """Nothing of a kind between a cut and the return."""

        def mutate(run: Transcript) -> Transcript:
            start, end = _mark(run, f"cut {name}"), _mark(run, f"back {name}")
            kept = [
                e
                for i, e in enumerate(run.events)
                if not (start < i < end and isinstance(e, Heard) and e.topic.endswith(f"/{kind}"))
            ]
            return replace(run, events=tuple(kept))

        return mutate

    def witnesses(change: Value) -> Mutation:
        return m.edit_all("witness", lambda value: value | change)

    forged = json.loads(sent(run, "checkpoint.forged").frame.split(b".", 2)[2])["note"]
    return {
        1: m.data("order", lambda data: b"v2" + data[2:]),
        2: m.data("order", lambda data: m.framed("order", data.split(b".", 2)[2], NOBODY)),
        3: m.payload("order", lambda payload: payload.replace(b'"sequence":', b'"sequence":NaN,"x":', 1)),
        5: m.edit("order", {"surplus": 1}),
        6: m.edit("order", {"v": 2}),
        7: m.edit("order", {"community": "oak"}),
        8: m.edit("order", {"meter": "home-7"}),
        37: packets("publish", lambda p: replace(p, topic=topic("order", COMMUNITY, "home-7"))),
        49: packets("publish", lambda p: replace(p, qos=0)),
        50: packets("publish", lambda p: replace(p, retain=True)),
        51: packets("connect", lambda p: replace(p, facts={**p.facts, "keep_alive_s": 0})),
        52: packets("connect", lambda p: replace(p, facts={**p.facts, "clean_session": True})),
        53: packets("subscribe", lambda p: replace(p, facts=dict.fromkeys(p.facts, 0))),
        54: _never_back,
        55: drop("hello"),
        60: m.payload("order", lambda payload: payload + b" " * 17_000),
        70: m.edit("order", lambda value: value | {"sent_at": value["sent_at"].replace("Z", "+00:00")}),
        85: _late_orders,
        86: m.edit("order", lambda value: step(value, price_micro_per_kwh=900_000)),
        87: m.edit("order", lambda value: step(value, price_micro_per_kwh=90_000)),
        88: m.edit("order", lambda value: step(value, price_micro_per_kwh=319_999)),
        89: m.edit("order", lambda value: value | {"steps": value["steps"][:1] * 9}),
        90: m.edit("order", {"stage": "tck-stage"}),
        91: said("order", lambda value: step(value, energy_wh=77)),
        92: m.edit("order", lambda value: step(value, energy_wh=10**6)),
        93: said("order", lambda value: value | {"slot": dead}),
        94: drop("order", slot=second),
        95: drop("order", slot=second),
        159: silent("order", "withheld"),
        160: said("order", lambda value: value, "cut receipted"),
        161: silent("order", "forged receipt"),
        162: silent("order", "forged rejection"),
        163: silent("order", "other receipt"),
        164: silent("order", "withheld"),
        210: _early_reports,
        211: m.edit("report", lambda v: v | {"import_from_wh": v["import_from_wh"] + 1}, slot=reports[-1]["slot"]),
        212: m.edit("report", lambda value: value | {"import_from_wh": value["import_to_wh"] + 1}),
        213: said("report", lambda value: value | {"import_to_wh": value["import_to_wh"] + 1}),
        214: silent("report", "report withheld"),
        215: m.edit_all("report", lambda value: value | {"quality": "estimated"}),
        216: witnesses({"note": "no note"}),
        217: witnesses({"key": OTHER}),
        218: witnesses({"note": forged}),
        219: said("witness", lambda value: value),
        225: said("order", lambda value: value | {"slot": sealed_slot, "stage": "sealed"}),
        226: m.edit("reveal", {"salt": OTHER}),
        227: _early_reveal,
        228: _early_reveal,
        233: m.edit("plan", {"first_slot": "2020-01-01T00:00:00Z"}),
        234: m.edit("plan", {"round": 2**31 - 1}),
        246: _silent_after_garbage,
        248: _silent_after_garbage,
    }


def _heard(run: Transcript, kind: str) -> list[Heard]:
    return [e for e in run.events if isinstance(e, Heard) and e.topic.endswith(f"/{kind}")]


def _conditions(run: Transcript) -> dict[str, bool]:
    """By slot, whether the kit said that it has no market."""
    found = {}
    for event in run.events:
        if not isinstance(event, Mark | Packet | Heard) and event.label.startswith("conditions "):
            value = json.loads(event.frame.split(b".", 2)[2])
            found[value["slot"]] = value["feed_in_micro_per_kwh"] > value["retail_micro_per_kwh"]
    return found


def _mark(run: Transcript, name: str) -> int:
    return next(i for i, e in enumerate(run.events) if isinstance(e, Mark) and e.name == name)


def _without(run: Transcript, drops: Callable[[int, Event], bool]) -> Transcript:
    return replace(run, events=tuple(e for i, e in enumerate(run.events) if not drops(i, e)))


def _never_back(run: Transcript) -> Transcript:
    start = _mark(run, "cut withheld")
    return _without(run, lambda i, e: i > start and isinstance(e, Packet) and e.kind == "connect")


def _shifted(run: Transcript, kind: str, by_s: int) -> Transcript:
    events = tuple(
        replace(e, at_s=e.at_s + by_s) if isinstance(e, Heard) and e.topic.endswith(f"/{kind}") else e
        for e in run.events
    )
    return replace(run, events=events)


def _late_orders(run: Transcript) -> Transcript:
    return _shifted(run, "order", 860)


def _early_reports(run: Transcript) -> Transcript:
    return _shifted(run, "report", -1)


def _early_reveal(run: Transcript) -> Transcript:
    """The reveal came right after the forged gate."""
    events = list(run.events)
    reveal = next(i for i, e in enumerate(events) if isinstance(e, Heard) and e.topic.endswith("/reveal"))
    events.insert(events.index(sent(run, "gate.forged")) + 1, events.pop(reveal))
    return replace(run, events=tuple(events))


def _silent_after_garbage(run: Transcript) -> Transcript:
    last = run.events.index(sent(run, "garbage.public"))
    return _without(run, lambda i, e: i > last and isinstance(e, Heard))
