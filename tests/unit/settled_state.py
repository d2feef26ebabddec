"""A broker's state directory with some days of a small community: trades, charges, fees, late and missing reports."""

import math
from pathlib import Path

from market_rig import FakePrices, inbound, meter_key, order, report

from broker.control.service import MarketService
from broker.io.journal_sqlite import SqliteJournal
from broker.io.records_sqlite import SqliteRecords
from broker.io.state_dir import StateDir
from broker.market.events import Enrolled
from broker.market.market import Market
from broker.market.terms import OutsidePrices, Terms
from broker.settlement.regulation import Regulation
from wire.messages import Side
from wire.slots import Slot, parse_utc

FIRST = Slot(parse_utc("2025-05-30T00:00:00Z"), 60)
COMMUNITY = "elm"


def _energies(number: int, at: Slot) -> tuple[int, int]:
    """Import and export of an hour [Wh]: home-2 has a roof."""
    hour = at.start_s // 3600 % 24
    load = 350 + 250 * math.sin((hour - 6) / 24 * 2 * math.pi) ** 2 + 37 * number + at.start_s // 3600 % 7 * 20
    sun = 2_400 * max(0.0, math.sin((hour - 5) / 14 * math.pi)) if number == 2 and 5 <= hour <= 19 else 0.0
    net = round(load - sun)
    return max(net, 0), max(-net, 0)


def settled_state(root: Path, regulation: Regulation, *, hours: int) -> MarketService:
    """Runs the community and closes the files; the service is returned for its books."""
    state = StateDir(root)
    state.create()
    terms = Terms(
        community=COMMUNITY,
        slot_minutes=60,
        horizon_slots=4,
        group_min=2,
        penalty_micro_per_kwh=10_000,
        penalty_tolerance_wh=100,
    )
    journal, records = SqliteJournal(state.journal), SqliteRecords(state.records)
    service = MarketService(
        Market(terms, state.read_secret()),
        journal=journal,
        prices=FakePrices(OutsidePrices(120_000, 40_000)),
        recorder=records,
    )
    start_s = FIRST.start_s - 3_600
    members = [
        Enrolled(
            at_s=start_s,
            meter=f"home-{n}",
            public_key=meter_key(n).public_hex,
            nameplate_import_w=11_000,
            nameplate_export_w=11_000,
        )
        for n in (1, 2, 3)
    ]
    service.agree(members, start_s, regulation=regulation)
    registers = dict.fromkeys((1, 2, 3), (1_000, 500))
    late = []
    service.step(start_s)
    for step in range(hours):
        at, following = FIRST.shifted(step), FIRST.shifted(step + 1)
        for n in (1, 2, 3):
            drawn, fed_in = _energies(n, following)
            side, energy, price = (Side.SELL, fed_in, 60_000) if fed_in else (Side.BUY, drawn, 100_000)
            item = order(n, following, (side, price, round(energy * 0.9) + 1))
            service.handle([inbound(n, item)], at.end_s - 1_800)
        service.step(at.end_s - terms.gate_lead_s)
        service.step(at.end_s)
        for n in (1, 2, 3):
            drawn, fed_in = _energies(n, at)
            before = registers[n]
            registers[n] = (before[0] + drawn, before[1] + fed_in)
            item = inbound(n, report(n, at, (before[0], registers[n][0]), (before[1], registers[n][1])))
            if n == 1 and step % 24 in (7, 8, 9):
                late.append((step, item))
            else:
                service.handle([item], at.end_s)
        service.step(at.end_s + 900)
        if step % 24 == 20:
            for hour, item in late:
                if hour % 24 != 8 or hour < hours - 24:
                    service.handle([item], at.end_s + 900)
            late = []
            service.step(at.end_s + 1_800)
    journal.close()
    records.close()
    return service
