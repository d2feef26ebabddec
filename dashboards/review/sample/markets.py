"""The points of the community's broker."""

from collections.abc import Iterator, Sequence

from dashboards.review.sample.money import award_wh, member_money, tariff_nano, total_nano
from dashboards.review.sample.shapes import (
    FEED_IN,
    PULSE_S,
    SLOT_S,
    battery_kw,
    load_kw,
    local,
    retail,
    ripple,
    slots,
    sun,
)
from wire.quantities import micro_per_kwh
from wire.telemetry import Point, point
from wire.telemetry.community import (
    Award,
    Clearing,
    Conditions,
    Intake,
    Ledger,
    Member,
    Members,
    Rejection,
    Round,
    SettledSlot,
    Trading,
)

COMMUNITY = "elm-street"
STAGES = {"intraday": "uniform_price_k_double_auction", "balancing": "mid_market_rate"}


def market_points(meters: Sequence[str], start_s: int, now_s: int) -> Iterator[Point]:
    """All points of the broker."""
    for slot_s in slots(start_s, now_s):
        yield from _slot(meters, slot_s)
    for at_s in range(start_s, now_s, PULSE_S):
        yield from _pulse(meters, at_s, start_s)
    for at_s in range(start_s, now_s, 9000):
        yield point(
            Rejection, at_s,
            {Rejection.community: COMMUNITY, Rejection.message: "order",
             Rejection.code: "price_out_of_band" if at_s // 9000 % 3 else "gate_closed"},
            {Rejection.rejections: 1},
        )  # fmt: skip


def _slot(meters: Sequence[str], slot_s: int) -> Iterator[Point]:
    nets_kw = [
        load_kw(slot_s, 1.3 * i) + battery_kw(slot_s, 1.3 * i) - (6 - 3 * i) * sun(slot_s) for i in range(len(meters))
    ]
    held = [award_wh(net) for net in nets_kw]
    nets = [round(250 * net) for net in nets_kw]
    sums = {"bought": sum(max(h, 0) for h in held), "sold": sum(max(-h, 0) for h in held)}
    yield from _rounds(slot_s, min(sums.values()), len(meters))
    yield point(
        Conditions, slot_s, {Conditions.community: COMMUNITY},
        {Conditions.retail_micro_per_kwh: micro_per_kwh(retail(slot_s)),
         Conditions.feed_in_micro_per_kwh: micro_per_kwh(FEED_IN), Conditions.is_constrained: 0,
         Conditions.last_demand_wh: sum(max(n, 0) for n in nets),
         Conditions.last_generation_wh: sum(max(-n, 0) for n in nets)},
    )  # fmt: skip
    total = sum(total_nano(n, h, slot_s) for n, h in zip(nets, held, strict=True))
    alone = sum(tariff_nano(n, slot_s) for n in nets)
    yield point(
        SettledSlot, slot_s, {SettledSlot.community: COMMUNITY},
        {SettledSlot.members: len(meters), SettledSlot.estimated: int(slot_s % 21_600 == 0),
         SettledSlot.corrections: int(slot_s % 43_200 == 0), SettledSlot.import_wh: sum(max(n, 0) for n in nets),
         SettledSlot.export_wh: sum(max(-n, 0) for n in nets), SettledSlot.bought_wh: sums["bought"],
         SettledSlot.sold_wh: sums["sold"], SettledSlot.imbalance_wh: sum(abs(n - h) for n,
             h in zip(nets, held, strict=True)),
         SettledSlot.total_nano: total, SettledSlot.tariff_nano: alone, SettledSlot.saved_nano: alone - total},
    )  # fmt: skip
    for meter, net in zip(meters, nets_kw, strict=True):
        yield member_money(COMMUNITY, meter, net, slot_s)


def _rounds(slot_s: int, volume_wh: int, members: int) -> Iterator[Point]:
    for stage, mechanism in STAGES.items():
        share = 1.0 if stage == "intraday" else 0.1
        price = micro_per_kwh(local(slot_s))
        traded = round(volume_wh * share)
        yield point(
            Clearing, slot_s,
            {Clearing.community: COMMUNITY, Clearing.stage: stage, Clearing.mechanism: mechanism,
             Clearing.round: "1"},
            {Clearing.price_micro_per_kwh: price, Clearing.price_low_micro_per_kwh: price - 12_000,
             Clearing.price_high_micro_per_kwh: price + 12_000, Clearing.volume_wh: traded, Clearing.orders: members,
             Clearing.unrevealed: 0, Clearing.surplus_nano: 0, Clearing.outcome: "cleared" if traded else "no_trade",
             Clearing.is_cleared: int(traded > 0), Clearing.is_no_trade: int(traded == 0), Clearing.is_no_market: 0},
        )  # fmt: skip
        yield point(
            Round, slot_s - 60, {Round.community: COMMUNITY, Round.stage: stage},
            {Round.orders: members, Round.blocks: 0, Round.gate_to_award_s: 0.3 + 0.1 * ripple(slot_s, 8000),
             Round.is_late: 0},
        )  # fmt: skip
        for reason in ("traded", "not_competitive"):
            yield point(
                Award, slot_s,
                {Award.community: COMMUNITY, Award.stage: stage, Award.round: "1", Award.reason: reason},
                {Award.awards: members - 1 if reason == "traded" else 1, Award.bought_wh: traded,
                 Award.sold_wh: traded},
            )  # fmt: skip


def _pulse(meters: Sequence[str], at_s: int, start_s: int) -> Iterator[Point]:
    minutes = (at_s - start_s) // 60
    yield point(
        Members, at_s, {Members.community: COMMUNITY},
        {Members.enrolled: len(meters), Members.seen: len(meters), Members.silent: 0, Members.suspended: 0},
    )  # fmt: skip
    yield point(
        Ledger, at_s, {Ledger.community: COMMUNITY},
        {Ledger.sum_nano: 0, Ledger.entries: minutes, Ledger.log_size: minutes,
         Ledger.checkpoint_age_s: float(at_s % SLOT_S)},
    )  # fmt: skip
    yield point(Trading, at_s, {Trading.community: COMMUNITY}, {Trading.is_paused: 0})
    yield point(
        Intake, at_s, {Intake.community: COMMUNITY},
        {Intake.received: 9 * minutes, Intake.accepted: 9 * minutes - minutes // 150, Intake.rejected: minutes // 150,
         Intake.refused: 0, Intake.queue_frames: int(at_s % SLOT_S == 0), Intake.journal_records: 9 * minutes,
         Intake.unsent_records: int(at_s % SLOT_S == 60), Intake.is_mqtt_connected: 1},
    )  # fmt: skip
    for meter in meters:
        yield point(
            Member, at_s, {Member.community: COMMUNITY, Member.meter: meter},
            {Member.silent_s: float(at_s % SLOT_S), Member.is_silent: 0},
        )  # fmt: skip
