"""What a home knows of calls for flexibility: the calls, its awards, and the metered past that baselines rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hems.bidding.baseline import DAY_S, DAYS, expected_baseline
from hems.bidding.promise import Promise
from wire.messages import Call, FlexAward, PlanNotice, Settlement
from wire.quantities import price_per_kwh
from wire.slots import Slot, parse_utc

KEPT_S = (DAYS + 1) * DAY_S


@dataclass(slots=True)
class CallView:
    """Calls by name, metered net energy by slot start [Wh]; `offered` is the baseline an own offer rests on."""

    calls: dict[str, Call] = field(default_factory=dict)
    awards: dict[str, FlexAward] = field(default_factory=dict)
    offered: dict[str, tuple[int, ...]] = field(default_factory=dict)
    metered_wh: dict[int, int] = field(default_factory=dict)
    _planned_wh: dict[int, int] = field(default_factory=dict)
    _decided_wh: dict[int, int] = field(default_factory=dict)

    def learn(self, message: object) -> None:
        """Takes a verified message of the broker; other kinds change nothing here."""
        match message:
            case Call():
                self.calls[message.call] = message
                self._forget(parse_utc(message.first_slot) - KEPT_S)
            case FlexAward():
                self.awards[message.call] = message
            case Settlement():
                start_s = parse_utc(message.slot)
                self.metered_wh[start_s] = message.metered_wh
                for old in [s for s in self.metered_wh if s < start_s - KEPT_S]:
                    del self.metered_wh[old]

    def decided(self, slot: Slot, net_kw: float) -> None:
        """Takes the net power that the home has decided on for the running slot: it stands until it is metered."""
        self._decided_wh[slot.start_s] = round(net_kw * slot.minutes / 60.0 * 1000.0)

    def _forget(self, before_s: int) -> None:
        for name in [n for n, call in self.calls.items() if parse_utc(call.first_slot) < before_s]:
            for known in (self.calls, self.awards, self.offered):
                known.pop(name, None)
        for expected in (self._planned_wh, self._decided_wh):
            for old in [start_s for start_s in expected if start_s < before_s]:
                del expected[old]

    def baseline_wh(self, call: Call, planned_wh: Mapping[int, int], minutes: int) -> tuple[int, ...] | None:
        """The baseline of a call [Wh] with what is planned for slots still to come; None: nothing is known."""
        slots = called_slots(call, minutes)
        called_s = {s.start_s for name in self.promised() for s in called_slots(self.calls[name], minutes)}
        starts_s = [slot.start_s for slot in slots]
        expected_wh = {**self._decided_wh, **planned_wh}  # the running slot is neither metered nor planned any more
        return expected_baseline(self.metered_wh, expected_wh, starts_s, 60 * minutes, called_s)

    def promised(self) -> list[str]:
        """The calls that this home has an award of."""
        return [name for name, award in self.awards.items() if award.awarded_wh and name in self.calls]

    def promises(self, own_plan: PlanNotice | None, minutes: int) -> dict[int, Promise]:
        """What is promised in each called slot, by its start; nothing where no baseline is known to reckon from."""
        if not self.promised():
            return {}
        # what was planned and then decided stands for a slot until it has been metered
        self._planned_wh |= planned_wh(own_plan, minutes)
        expected_wh = self._planned_wh | self._decided_wh
        found = {}
        for name in self.promised():
            call, award = self.calls[name], self.awards[name]
            baseline = self.baseline_wh(call, expected_wh, minutes) or self.offered.get(name)
            price = award.price_micro_per_kwh or 0
            for slot, usual_wh in zip(called_slots(call, minutes), baseline or (), strict=False):
                sign = -1 if call.direction == "reduce" else 1
                found[slot.start_s] = Promise(
                    call=name,
                    direction=call.direction,
                    awarded_wh=award.awarded_wh,
                    limit_wh=usual_wh + sign * award.awarded_wh,
                    worth_per_kwh=price_per_kwh(price + call.penalty_micro_per_kwh),
                )
        return found


def called_slots(call: Call, minutes: int) -> list[Slot]:
    """The slots of a call."""
    first = Slot(parse_utc(call.first_slot), minutes)
    return [first.shifted(k) for k in range(call.slots)]


def planned_wh(plan: PlanNotice | None, minutes: int) -> dict[int, int]:
    """Planned net energy by slot start [Wh]."""
    if plan is None:
        return {}
    first_s = parse_utc(plan.first_slot)
    return {first_s + 60 * minutes * k: energy_wh for k, energy_wh in enumerate(plan.net_wh)}
