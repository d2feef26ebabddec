"""Rows of the broker's records as points of telemetry."""

import json
from collections.abc import Callable, Iterator

from broker.market.terms import OutsidePrices
from telemetry.database import Database, Row
from wire.messages import Clearing
from wire.messages import Conditions as ConditionsMessage
from wire.quantities import amount_nano
from wire.slots import parse_utc
from wire.telemetry import Point, point
from wire.telemetry.clearings import clearing_point
from wire.telemetry.community import Award, Checkpoint, Conditions, MemberMoney, Rejection, SettledSlot

PricesAt = Callable[[str], OutsidePrices | None]
AWARDS = """
    SELECT reason, count(*), sum(bought_wh), sum(sold_wh) FROM award
    WHERE slot = ? AND stage = ? AND round = ? GROUP BY reason ORDER BY reason
"""
# Beside max() SQLite takes the other columns from the row that has it: the newest word on a member's slot.
NEWEST = """
    SELECT meter, quality, award_wh, metered_wh, count(*) - 1 AS corrections, sum(total_nano) AS total_nano,
        max(log_index) FROM settlement WHERE slot = ?
"""
SLOT = f"""
    SELECT count(*), sum(quality = 'estimated'), sum(corrections), sum(max(metered_wh, 0)), sum(max(-metered_wh, 0)),
        sum(max(award_wh, 0)), sum(max(-award_wh, 0)), sum(abs(metered_wh - award_wh)), sum(total_nano)
    FROM ({NEWEST} GROUP BY meter)
"""
MEMBER = f"SELECT quality, award_wh, metered_wh, total_nano FROM ({NEWEST} AND meter = ? GROUP BY meter)"


def clearing_points(rows: list[Row]) -> Iterator[Point]:
    """Of `clearing`: number, payload."""
    for _, payload in rows:
        yield clearing_point(Clearing.model_validate_json(payload))


def condition_points(community: str, rows: list[Row]) -> Iterator[Point]:
    """Of `public`: number, payload (none where a row is something else)."""
    for _, payload in rows:
        if payload is None:
            continue
        said = ConditionsMessage.model_validate_json(payload)
        yield point(
            Conditions,
            parse_utc(said.slot),
            {Conditions.community: community},
            {
                Conditions.retail_micro_per_kwh: said.retail_micro_per_kwh,
                Conditions.feed_in_micro_per_kwh: said.feed_in_micro_per_kwh,
                Conditions.is_constrained: int(said.network_state == "constrained"),
                Conditions.last_demand_wh: said.last_demand_wh,
                Conditions.last_generation_wh: said.last_generation_wh,
            },
        )


def award_points(community: str, records: Database, rows: list[Row]) -> Iterator[Point]:
    """Of `award`: number, slot, stage, round. Each session is told whole, as it stands now."""
    for session in dict.fromkeys(tuple(row[1:4]) for row in rows):
        slot, stage, number = session
        for reason, awards, bought_wh, sold_wh in records.rows(AWARDS, session):
            yield point(
                Award,
                parse_utc(slot),
                {Award.community: community, Award.stage: stage, Award.round: str(number), Award.reason: reason},
                {Award.awards: awards, Award.bought_wh: bought_wh, Award.sold_wh: sold_wh},
            )


def slot_points(community: str, records: Database, prices: PricesAt, rows: list[Row]) -> Iterator[Point]:
    """Of `settlement`: number, slot. Each slot is told whole, as it stands now."""
    for slot in dict.fromkeys(row[1] for row in rows):
        for found in records.rows(SLOT, (slot,)):
            members, estimated, corrections, import_wh, export_wh, bought, sold, imbalance_wh, total = found
            outside = prices(slot)
            tariff = None if outside is None else _tariff_nano(import_wh, export_wh, outside)
            yield point(
                SettledSlot,
                parse_utc(slot),
                {SettledSlot.community: community},
                {
                    SettledSlot.members: members,
                    SettledSlot.estimated: estimated,
                    SettledSlot.corrections: corrections,
                    SettledSlot.import_wh: import_wh,
                    SettledSlot.export_wh: export_wh,
                    SettledSlot.bought_wh: bought,
                    SettledSlot.sold_wh: sold,
                    SettledSlot.imbalance_wh: imbalance_wh,
                    SettledSlot.total_nano: total,
                    SettledSlot.tariff_nano: tariff,
                    SettledSlot.saved_nano: None if tariff is None else tariff - total,
                },
            )


def member_points(community: str, records: Database, prices: PricesAt, rows: list[Row]) -> Iterator[Point]:
    """Of `settlement`: number, slot, meter."""
    for slot, meter in dict.fromkeys((row[1], row[2]) for row in rows):
        for quality, award_wh, metered_wh, total in records.rows(MEMBER, (slot, meter)):
            outside = prices(slot)
            tariff = None if outside is None else _tariff_nano(max(metered_wh, 0), max(-metered_wh, 0), outside)
            yield point(
                MemberMoney,
                parse_utc(slot),
                {MemberMoney.community: community, MemberMoney.meter: meter},
                {
                    MemberMoney.total_nano: total,
                    MemberMoney.tariff_nano: tariff,
                    MemberMoney.saved_nano: None if tariff is None else tariff - total,
                    MemberMoney.award_wh: award_wh,
                    MemberMoney.metered_wh: metered_wh,
                    MemberMoney.imbalance_wh: metered_wh - award_wh,
                    MemberMoney.is_estimated: int(quality == "estimated"),
                },
            )


def _tariff_nano(import_wh: int, export_wh: int, outside: OutsidePrices) -> int:
    """What energy costs at outside prices alone [nano-currency, + paid]."""
    return amount_nano(import_wh, outside.retail_micro) - amount_nano(export_wh, outside.feed_in_micro)


def checkpoint_points(community: str, rows: list[Row]) -> Iterator[Point]:
    """Of `checkpoint`: number, size, slot."""
    for _, size, slot in rows:
        yield point(Checkpoint, parse_utc(slot), {Checkpoint.community: community}, {Checkpoint.size: size})


def rejection_points(community: str, journal: Database, rows: list[Row], *, named: bool) -> Iterator[Point]:
    """Of `rejection`: number, position, ordinal, meter, message, code. The journal knows when the message came."""
    positions = sorted({row[1] for row in rows})
    marks = ", ".join("?" * len(positions))
    moments = {
        position: int(json.loads(body)["at_s"])
        for position, body in journal.rows(
            f"SELECT position, body FROM record WHERE position IN ({marks})", positions
        )
    }
    for _, position, ordinal, meter, message, code in rows:
        if position not in moments:
            continue  # records of a journal that is no longer here
        yield point(
            Rejection,
            moments[position],
            {Rejection.community: community, Rejection.message: message, Rejection.code: code},
            {Rejection.rejections: 1, Rejection.meter: meter if named else None},
            nudge_ns=position % 1_000_000 * 1_000 + ordinal % 1_000,
        )
