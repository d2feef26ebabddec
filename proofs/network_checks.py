"""Whether a proof day kept within its network: judged from what was drawn, not from what was published."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from broker.market.outgoing import Outgoing
from proofs.drawn_day import DrawnDay
from proofs.drawn_network import EAST, WEST, zones
from wire import messages as m
from wire.slots import Slot, parse_utc


def network_violations(day: DrawnDay, said: Sequence[Outgoing]) -> Iterable[str]:
    """Awards beyond an envelope, and flows beyond a line, in the slot in which they are."""
    network = json.loads(day.terms.network) if day.terms.network else {}
    fixed = {row["meter"]: (row["export_limit_w"], row["import_limit_w"]) for row in network.get("envelopes", ())}
    capacities_w = [line["capacity_w"] for line in network.get("lines", ())]
    awards: dict[str, list[m.Award]] = defaultdict(list)
    for out in said:
        if isinstance(out.message, m.Award):
            awards[out.message.slot].append(out.message)
    for label, own in awards.items():
        slot = Slot(parse_utc(label), day.terms.slot_minutes)
        drawn = day.limits.drawn(slot)
        yield from _beyond_envelopes(own, {**fixed, **drawn.envelopes}, slot)
        for capacity_w in drawn.lines.values() or capacities_w:
            yield from _beyond_line(own, day.meters, capacity_w, slot)


def _beyond_envelopes(
    awards: Iterable[m.Award], envelopes: Mapping[str, tuple[int | None, int | None]], slot: Slot
) -> Iterable[str]:
    for award in awards:
        traded = (("sells", award.sold_wh), ("buys", award.bought_wh))
        for limit_w, (word, energy_wh) in zip(envelopes.get(award.meter, (None, None)), traded, strict=True):
            if limit_w is not None and 60 * energy_wh > limit_w * slot.minutes:
                yield f"network: {award.meter} {word} {energy_wh} Wh in {slot.label}, its limit is {limit_w} W"


def _beyond_line(awards: Iterable[m.Award], meters: Sequence[str], capacity_w: int, slot: Slot) -> Iterable[str]:
    east = set(zones(meters)[EAST])
    flow_wh = sum(award.sold_wh - award.bought_wh for award in awards if award.meter in east)
    if 60 * abs(flow_wh) > capacity_w * slot.minutes:
        yield f"network: {flow_wh} Wh flow from {EAST} to {WEST} in {slot.label}, the line carries {capacity_w} W"
