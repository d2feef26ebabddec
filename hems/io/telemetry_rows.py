"""Rows of a home's tables as points of telemetry."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from pydantic import ValidationError

from telemetry.database import Row
from wire import messages as m
from wire.messages.settlement import Settlement
from wire.quantities import amount_nano
from wire.slots import parse_utc
from wire.telemetry import Point, point
from wire.telemetry.clearings import clearing_point
from wire.telemetry.house import (
    Decision,
    Grid,
    HomeAward,
    HomeMoney,
    Ladder,
    Offer,
    SlotEnergy,
    SlotMeans,
)
from wire.telemetry.system import Happening

LOG = logging.getLogger(__name__)
LEVELS = {"plan": 0, "last_plan": 1, "rules": 2}
OFFERED = "offer"
PROGRAMS = {"energy_manager": "ems", "transactive_meter": "meter"}
ALARM = "market audit"
M = TypeVar("M", bound=m.Message)
Prices = Callable[[int], tuple[int, int]]


def grid_points(site: str, meter: str, rows: list[Row]) -> Iterator[Point]:
    """Of `readings`: at_s, power_w, import_wh, export_wh, quality."""
    for at_s, power_w, import_wh, export_wh, quality in rows:
        yield point(
            Grid,
            at_s,
            {Grid.site: site, Grid.meter: meter},
            {
                Grid.power_w: power_w,
                Grid.import_wh: import_wh,
                Grid.export_wh: export_wh,
                Grid.quality: quality,
                Grid.is_good: int(quality == "good"),
            },
        )


def energy_points(site: str, meter: str, rows: list[Row]) -> Iterator[Point]:
    """Of slots: slot_s, import_wh, export_wh. A register that went back tells nothing: its slot is left out."""
    for slot_s, import_wh, export_wh in rows:
        if import_wh is None or export_wh is None or import_wh < 0 or export_wh < 0:
            continue
        yield point(
            SlotEnergy,
            slot_s,
            {SlotEnergy.site: site, SlotEnergy.meter: meter},
            {
                SlotEnergy.import_wh: import_wh,
                SlotEnergy.export_wh: export_wh,
                SlotEnergy.net_wh: import_wh - export_wh,
            },
        )


def mean_points(site: str, rows: list[Row]) -> Iterator[Point]:
    """Of `slot_means`: slot_s, base_kw, pv_kw."""
    for slot_s, base_kw, pv_kw in rows:
        values = {SlotMeans.load_kw: base_kw, SlotMeans.generation_kw: pv_kw}
        yield point(SlotMeans, slot_s, {SlotMeans.site: site}, values)


def decision_points(site: str, rows: list[Row]) -> Iterator[Point]:
    """Of `decisions`: number, device, at_s, rung, power_kw, code, price_per_kwh, worth_per_h, text."""
    for number, device, at_s, rung, power_kw, code, price, worth, reason in rows:
        if rung == OFFERED:
            values = {Offer.code: code, Offer.about: device, Offer.reason: reason}
            yield point(Offer, at_s, {Offer.site: site}, values, nudge_ns=_nudge_ns(number))
            continue
        yield point(
            Decision,
            at_s,
            {Decision.site: site, Decision.device: device},
            {
                Decision.power_kw: power_kw,
                Decision.price_per_kwh: price,
                Decision.worth_per_h: worth,
                Decision.code: code,
                Decision.reason: reason,
            },
        )
        yield point(Ladder, at_s, {Ladder.site: site}, {Ladder.rung: rung, Ladder.level: LEVELS.get(rung)})


def health_points(site: str, rows: list[Row]) -> Iterator[Point]:
    """Of `health`: number, at_s, name, value."""
    for number, at_s, name, value in rows:
        yield point(
            Happening,
            at_s,
            {Happening.site: site, Happening.program: PROGRAMS.get(str(name), str(name))},
            {Happening.what: value, Happening.is_alarm: int(value.startswith(ALARM))},
            nudge_ns=_nudge_ns(number),
        )


def _nudge_ns(number: int) -> int:
    """Tells apart what happened in one second: whole microseconds, as every client of the database can show."""
    return number % 1_000_000 * 1_000


def message_points(site: str, meter: str, rows: list[Row]) -> Iterator[Point]:
    """Of `market`: number, kind, message. Settlements are left to `money_point`."""
    for _, kind, text in rows:
        if kind == m.Clearing.kind and (clearing := read(m.Clearing, text)) is not None:
            yield clearing_point(clearing)
        elif kind == m.Award.kind and (award := read(m.Award, text)) is not None:
            yield _award_point(site, meter, award)


def _award_point(site: str, meter: str, award: m.Award) -> Point:
    return point(
        HomeAward,
        parse_utc(award.slot),
        {
            HomeAward.site: site,
            HomeAward.meter: meter,
            HomeAward.stage: award.stage,
            HomeAward.round: str(award.round),
        },
        {
            HomeAward.bought_wh: award.bought_wh,
            HomeAward.sold_wh: award.sold_wh,
            HomeAward.position_wh: award.position_wh,
            HomeAward.price_micro_per_kwh: award.price_micro_per_kwh,
            HomeAward.amount_nano: award.amount_nano,
            HomeAward.reason: award.reason.value,
        },
    )


def money_point(site: str, meter: str, settled: list[Settlement], prices: Prices) -> Point:
    """A slot's money from its settlement and corrections; `prices` are (retail, feed-in) in micro by slot start."""
    ordered = sorted(settled, key=lambda s: s.log_index)
    newest, slot_s = ordered[-1], parse_utc(ordered[0].slot)
    total_nano = sum(s.total_nano for s in ordered)
    retail, feed_in = prices(slot_s)
    tariff_nano = amount_nano(newest.metered_wh, retail if newest.metered_wh > 0 else feed_in)
    return point(
        HomeMoney,
        slot_s,
        {HomeMoney.site: site, HomeMoney.meter: meter},
        {
            HomeMoney.total_nano: total_nano,
            HomeMoney.tariff_nano: tariff_nano,
            HomeMoney.saved_nano: tariff_nano - total_nano,
            HomeMoney.award_wh: newest.award_wh,
            HomeMoney.metered_wh: newest.metered_wh,
            HomeMoney.imbalance_wh: newest.metered_wh - newest.award_wh,
            HomeMoney.is_estimated: int(newest.quality == "estimated"),
            HomeMoney.corrections: len(ordered) - 1,
        },
    )


def read(model: type[M], text: str) -> M | None:
    """A stored message; None when another release stored it otherwise: it is passed over."""
    try:
        return model.model_validate_json(text)
    except ValidationError:
        LOG.debug("telemetry: a %s that another release stored is not read", model.kind)
        return None
