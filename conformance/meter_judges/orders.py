"""The orders and plans that a meter sends, against the terms it was told."""

from collections.abc import Callable
from itertools import pairwise

from conformance.assertion import METER
from conformance.evidence import Evidence, Read
from conformance.meter_judges.heard import calendar_at, conditions_at, said, told
from conformance.transcript import Mark
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.calendar import gates
from wire.messages import Calendar, Conditions, Order, PlanNotice, SealedOrder, Side, Welcome
from wire.slots import Slot, parse_utc

NO_ORDER = "the meter sent no order: let it trade while the kit runs"
NO_PLAN = "the meter told no plan"
Wrong = Callable[[Evidence, int, Order], str | None]


def _each(run: Evidence, wrong: Wrong) -> Verdict:
    found = _first_sent(run)
    texts = [text for place, order in found if (text := wrong(run, place, order)) is not None]
    return all_hold(texts, len(found), missing=NO_ORDER)


def _first_sent(run: Evidence) -> list[tuple[int, Order]]:
    """The orders, each where it was first sent: the terms of that moment hold for it."""
    first: dict[bytes, tuple[int, Order]] = {}
    for read, order in said(run, Order):
        first.setdefault(read.payload or b"", (read.place, order))
    return list(first.values())


def _prices(order: Order, side: Side) -> list[int]:
    return [step.price_micro_per_kwh for step in order.steps if step.side is side]


@METER.asserts(85)
def _before_the_gate(run: Evidence) -> Verdict:
    orders: list[tuple[Read, Order | SealedOrder]] = [*said(run, Order), *said(run, SealedOrder)]
    found = [(read.place, read.at_s, m) for read, m in orders]
    first: dict[tuple[str, str, int], tuple[int, int]] = {}
    for place, at_s, m in sorted(found, key=lambda row: row[0]):
        first.setdefault((m.slot, m.stage, m.sequence), (place, at_s))
    wrong = []
    for (slot, name, _), (place, at_s) in first.items():
        calendar = calendar_at(run, place)
        due_s = None if calendar is None else _gate_s(calendar, slot, name)
        if due_s is not None and at_s >= due_s:
            wrong.append(f"an order for {slot} came {at_s - due_s} s after its gate")
    return all_hold(wrong, len(first), missing=NO_ORDER)


def _gate_s(calendar: Calendar, slot: str, name: str) -> int | None:
    found = gates(calendar.stages, Slot(parse_utc(slot), calendar.slot_minutes))
    return next((gate.gate_s for gate in found if gate.stage == name), None)


@METER.asserts(86)
def _in_band(run: Evidence) -> Verdict:
    def wrong(run: Evidence, place: int, order: Order) -> str | None:
        terms = conditions_at(run, place, order.slot)
        if terms is None:
            return None
        low, high = terms.feed_in_micro_per_kwh, terms.retail_micro_per_kwh
        out = [s.price_micro_per_kwh for s in order.steps if not low <= s.price_micro_per_kwh <= high]
        return f"{order.slot}: {out[0]} is outside [{low}, {high}]" if out else None

    return _each(run, wrong)


@METER.asserts(87)
def _monotone(run: Evidence) -> Verdict:
    def wrong(run: Evidence, place: int, order: Order) -> str | None:
        bought, sold = _prices(order, Side.BUY), _prices(order, Side.SELL)
        is_good = bought == sorted(bought, reverse=True) and sold == sorted(sold)
        return None if is_good else f"{order.slot}: buys at {bought}, sells at {sold}"

    return _each(run, wrong)


@METER.asserts(88)
def _not_crossing(run: Evidence) -> Verdict:
    def wrong(run: Evidence, place: int, order: Order) -> str | None:
        bought, sold = _prices(order, Side.BUY), _prices(order, Side.SELL)
        crosses = bool(bought and sold) and max(bought) >= min(sold)
        return f"{order.slot}: buys at {max(bought)} and sells at {min(sold)}" if crosses else None

    return _each(run, wrong)


@METER.asserts(89)
def _few_steps(run: Evidence) -> Verdict:
    def wrong(run: Evidence, place: int, order: Order) -> str | None:
        calendar = calendar_at(run, place)
        most = len(order.steps) if calendar is None else calendar.steps_max
        return f"{order.slot}: {len(order.steps)} steps, at most {most}" if len(order.steps) > most else None

    return _each(run, wrong)


@METER.asserts(90)
def _known_place(run: Evidence) -> Verdict:
    def wrong(run: Evidence, place: int, order: Order) -> str | None:
        calendar = calendar_at(run, place)
        if calendar is None:
            return None
        if parse_utc(order.slot) % (60 * calendar.slot_minutes):
            return f"{order.slot} is no slot of {calendar.slot_minutes} minutes"
        names = [stage.stage for stage in calendar.stages if stage.takes_orders]
        return None if order.stage in names else f"stage {order.stage} does not take orders"

    return _each(run, wrong)


@METER.asserts(91)
def _sequences(run: Evidence) -> Verdict:
    last: dict[tuple[str, str], tuple[int, bytes]] = {}
    wrong = []
    found = said(run, Order)
    for read, order in found:
        key, payload = (order.stage, order.slot), read.payload or b""
        sequence, before = last.get(key, (0, b""))
        if payload != before and order.sequence <= sequence:
            wrong.append(f"{order.slot}: sequence {order.sequence} after {sequence} with another content")
        if order.sequence >= sequence:
            last[key] = (order.sequence, payload)
    return all_hold(wrong, len(found), missing=NO_ORDER)


@METER.asserts(92)
def _within_nameplate(run: Evidence) -> Verdict:
    def wrong(run: Evidence, place: int, order: Order) -> str | None:
        calendar, welcomes = calendar_at(run, place), told(run, Welcome, before=None)
        if calendar is None or not welcomes:
            return None
        limits = welcomes[0][2]
        bought = sum(s.energy_wh for s in order.steps if s.side is Side.BUY)
        sold = sum(s.energy_wh for s in order.steps if s.side is Side.SELL)
        minutes = calendar.slot_minutes
        most = (limits.nameplate_import_w * minutes // 60, limits.nameplate_export_w * minutes // 60)
        return f"{order.slot}: {bought} and {sold} Wh, carried {most}" if bought > most[0] or sold > most[1] else None

    return _each(run, wrong)


@METER.asserts(93)
def _no_market(run: Evidence) -> Verdict:
    orders = said(run, Order)
    wrong, count = [], 0
    for slot in {m.slot for _, _, m in told(run, Conditions) if m.feed_in_micro_per_kwh > m.retail_micro_per_kwh}:
        count += 1
        wrong += [f"orders in {slot}, which has no market" for _, o in orders if o.slot == slot and o.steps]
    if not orders:
        return NotJudged(NO_ORDER)
    return all_hold(wrong, count, missing="the run did not get to a slot without a market")


def _forged(run: Evidence, what: str) -> Verdict:
    """Whether the meter ordered although terms that nobody signed say that it cannot."""
    events = run.transcript.events
    marks = [e.name for e in events if isinstance(e, Mark) and e.name.startswith("forged terms ")]
    orders = said(run, Order)
    if not marks or not orders:
        return NotJudged(NO_ORDER)
    slot = marks[0].removeprefix("forged terms ")
    if any(order.slot == slot and order.steps for _, order in orders):
        return Held()
    return Broken(f"no order for {slot} after forged {what}, there were orders for other slots")


@METER.asserts(94)
def _forged_calendar(run: Evidence) -> Verdict:
    return _forged(run, "calendar")


@METER.asserts(95)
def _forged_conditions(run: Evidence) -> Verdict:
    return _forged(run, "conditions")


@METER.asserts(233)
def _plan_horizon(run: Evidence) -> Verdict:
    found = said(run, PlanNotice)
    wrong = []
    for read, plan in found:
        calendar = calendar_at(run, read.place)
        if calendar is not None and parse_utc(plan.first_slot) + 60 * calendar.slot_minutes <= read.at_s:
            wrong.append(f"a plan starts with {plan.first_slot}, which is over")
    return all_hold(wrong, len(found), missing=NO_PLAN)


@METER.asserts(234)
def _plan_rounds(run: Evidence) -> Verdict:
    found = [plan for _, plan in said(run, PlanNotice)]
    pairs = list(pairwise(found))
    wrong = [f"round {b.round} after round {a.round}" for a, b in pairs if a != b and b.round <= a.round]
    return all_hold(wrong, len(pairs), missing=NO_PLAN)
