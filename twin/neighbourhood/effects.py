"""What network and preferences did in a run, read from its clearings and awards."""

from collections.abc import Iterable, Mapping
from typing import Any

from broker.clearing.preferences import QUALITIES
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Asked
from broker.network.grid_text import energy_wh
from twin.neighbourhood.neighbourhood import Neighbourhood
from twin.neighbourhood.words import described
from twin.schemes.trace import MarketTrace
from wire.messages import Clearing
from wire.quantities import NANO_PER_UNIT


def effects(market: MarketTrace, around: Neighbourhood, slot_minutes: int) -> dict[str, Any]:
    """`network` of results.json: `note`, and of the rest what the mechanism looks at.

    `limited_slots`: slots in which a home trades just what its envelope lets through. `split_slots`: slots in which a
    full line keeps prices of zones apart. `kept`: congestion rent or charges that went to the community account
    [currency]. `lost_kwh`: sold and lost on the way. `sold_kwh` and `bought_kwh`: energy by the quality of who sells
    it, and by the lowest quality that who buys it takes.
    """
    asked = MECHANISMS[market.mechanism].asks
    found: dict[str, Any] = {"note": described(around)}
    if Asked.ENVELOPES in asked:
        found["limited_slots"] = len(limited_slots(market, around, slot_minutes))
    if Asked.LINES in asked:
        found["split_slots"] = len(split_slots(market.clearings))
    if asked & {Asked.LINES, Asked.CHARGES}:
        found["kept"] = sum(clearing.surplus_nano for clearing in market.clearings) / NANO_PER_UNIT
    if Asked.LOSSES in asked:
        found["lost_kwh"] = sum(clearing.lost_wh or 0 for clearing in market.clearings) / 1000
    if Asked.PREFERENCES in asked:
        offered = {meter: wish.quality for meter, wish in around.preferences.items()}
        wanted = {meter: wish.min_quality for meter, wish in around.preferences.items()}
        awards = market.awarded_wh.items()
        found["sold_kwh"] = _by_quality(((home, sold) for (_, home), (_, sold) in awards), offered, "grey")
        found["bought_kwh"] = _by_quality(((home, bought) for (_, home), (bought, _) in awards), wanted, "any")
    return found


def limited_slots(market: MarketTrace, around: Neighbourhood, slot_minutes: int) -> set[str]:
    """The slots in which a home buys or sells just what its envelope lets through, and something."""

    def energy(power_w: int | None) -> int | None:
        return None if power_w is None else energy_wh(power_w, slot_minutes)

    limits = {row.meter: (energy(row.import_limit_w), energy(row.export_limit_w)) for row in around.network.envelopes}
    return {
        slot
        for (slot, home), awarded in market.awarded_wh.items()
        if any(wh and wh == limit for wh, limit in zip(awarded, limits.get(home, ()), strict=False))
    }


def split_slots(clearings: Iterable[Clearing]) -> set[str]:
    """The slots of a market of zones that has no single price: a line is full, and the price behind it is another."""
    return {c.slot for c in clearings if c.volume_wh and c.buyer_price_micro_per_kwh is None}


def _by_quality(energies: Iterable[tuple[str, int]], quality: Mapping[str, str], other: str) -> dict[str, float]:
    """Energy above 0 by the quality of its member [kWh], best first; `other` of members that say nothing."""
    totals: dict[str, int] = {}
    for meter, energy in energies:
        if energy > 0:
            name = quality.get(meter, other)
            totals[name] = totals.get(name, 0) + energy
    return {name: totals[name] / 1000 for name in sorted(totals, key=lambda name: (-QUALITIES[name], name))}
