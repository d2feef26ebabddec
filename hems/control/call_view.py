"""What a home knows of the operator's calls: its awards, its activations, and the metered past of baselines."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hems.bidding.baseline import DAY_S, DAYS, expected_baseline, standby_baseline
from hems.bidding.promise import Promise, Standby
from wire.messages import Activation, Calendar, Call, FlexAward, PlanNotice, Settlement, StageKind
from wire.quantities import price_per_kwh
from wire.slots import Slot, parse_utc

KEPT_S = (DAYS + 1) * DAY_S


@dataclass(slots=True)
class CallView:
    """Calls by name, metered net energy by slot start [Wh]; `offered` is what an own offer rests on: the
    baseline, or what standing by gives from.

    `activations` are by slot start; `standby_stages` are the stages whose calls ask for standing by.
    """

    calls: dict[str, Call] = field(default_factory=dict)
    awards: dict[str, FlexAward] = field(default_factory=dict)
    offered: dict[str, tuple[int, ...]] = field(default_factory=dict)
    activations: dict[int, Activation] = field(default_factory=dict)
    standby_stages: frozenset[str] = frozenset()
    metered_wh: dict[int, int] = field(default_factory=dict)
    _planned_wh: dict[int, int] = field(default_factory=dict)
    _decided_wh: dict[int, int] = field(default_factory=dict)

    def learn(self, message: object) -> None:
        """Takes a verified message of the broker; other kinds change nothing here."""
        match message:
            case Calendar():
                kinds = {stage.stage: stage.kind for stage in message.stages}
                self.standby_stages = frozenset(n for n, kind in kinds.items() if kind is StageKind.ANCILLARY)
            case Activation():
                self.activations[parse_utc(message.slot)] = message
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
        by_start: tuple[dict[int, int] | dict[int, Activation], ...] = (
            self._planned_wh,
            self._decided_wh,
            self.activations,
        )
        for expected in by_start:
            for old in [start_s for start_s in expected if start_s < before_s]:
                del expected[old]

    def due(self, now_s: int, within_s: int, *, standby: bool) -> list[Call]:
        """The calls whose gate comes within some time, of ancillary stages or of the others, in order."""
        found = [
            call
            for call in self.calls.values()
            if self._is_standby(call) is standby and 0 < parse_utc(call.gate) - now_s <= within_s
        ]
        return sorted(found, key=lambda call: (call.gate, call.call))

    def is_taken(self, call: Call, offered: Collection[str], minutes: int) -> bool:
        """Whether a slot of a call is promised already, or offered (also just now) to another that is not decided."""
        wanted = {slot.start_s for slot in called_slots(call, minutes)}
        open_calls = [n for n in self.offered if n in self.calls and n not in self.awards]
        others = [self.calls[name] for name in {*self._awarded(), *open_calls, *offered} - {call.call}]
        return any(s.start_s in wanted for other in others for s in called_slots(other, minutes))

    def baseline_wh(self, call: Call, planned_wh: Mapping[int, int], minutes: int) -> tuple[int, ...] | None:
        """The baseline of a call [Wh] with what is planned for slots still to come; None: nothing is known."""
        return self._expected_wh(called_slots(call, minutes), {**self._decided_wh, **planned_wh})

    def standby_baseline_wh(self, call: Call, minutes: int) -> tuple[int, ...] | None:
        """The least baseline that each slot of an ancillary call may get [Wh]; None where no days before tell one."""
        starts_s = [slot.start_s for slot in called_slots(call, minutes)]
        return standby_baseline(self.metered_wh, starts_s, self._called_s(minutes))

    def promised(self) -> list[str]:
        """The calls for flexibility that this home has an award of."""
        return [name for name in self._awarded() if not self._is_standby(self.calls[name])]

    def promises(self, own_plan: PlanNotice | None, minutes: int) -> dict[int, Promise]:
        """What is promised in each called slot, by its start; nothing where no baseline is known to reckon from."""
        if not self._awarded():
            return {}
        # what was planned and then decided stands for a slot until it has been metered
        self._planned_wh |= planned_wh(own_plan, minutes)
        expected_wh = self._planned_wh | self._decided_wh
        found = {}
        for name in self.promised():
            call, award = self.calls[name], self.awards[name]
            baseline = self._expected_wh(called_slots(call, minutes), expected_wh) or self.offered.get(name)
            for slot, usual_wh in zip(called_slots(call, minutes), baseline or (), strict=False):
                found[slot.start_s] = _promise(call, award.awarded_wh, usual_wh, award.price_micro_per_kwh or 0)
        for activation in self.activations.values():
            if activation.call in self.calls:
                found |= self._activated(activation, expected_wh, minutes)
        return found

    def standbys(self, minutes: int) -> dict[int, Standby]:
        """What this home stands by with in each slot of its ancillary awards, by slot start."""
        found = {}
        for name in self._awarded():
            call = self.calls[name]
            if not self._is_standby(call):
                continue
            slots = called_slots(call, minutes)
            # the prices pay for what the offer rested on: less is not kept, even where the baseline asks for less
            offered, usual = self.offered.get(name), self.standby_baseline_wh(call, minutes)
            limits_wh = tuple(min(pair) for pair in zip(offered or usual or (), usual or offered or (), strict=True))
            for slot, limit_wh in zip(slots, limits_wh, strict=False):
                found[slot.start_s] = Standby(call=name, reserved_wh=self.awards[name].awarded_wh, limit_wh=limit_wh)
        return found

    def _activated(self, activation: Activation, expected_wh: Mapping[int, int], minutes: int) -> dict[int, Promise]:
        """The promise of an activated slot, measured with the activated ones in a row up to it."""
        window = [Slot(parse_utc(activation.slot), minutes)]
        while self._is_activated(activation.call, before := window[0].shifted(-1)):
            window.insert(0, before)
        baseline = self._expected_wh(window, expected_wh)
        if baseline is None:
            return {}
        call, award = self.calls[activation.call], self.awards.get(activation.call)
        standing_by = 0 if award is None else award.price_micro_per_kwh or 0
        worth = activation.price_micro_per_kwh + standing_by  # what is missing loses the price of standing by too
        return {window[-1].start_s: _promise(call, activation.called_wh, baseline[-1], worth)}

    def _is_activated(self, call: str, slot: Slot) -> bool:
        found = self.activations.get(slot.start_s)
        return found is not None and found.call == call

    def _expected_wh(self, slots: list[Slot], expected_wh: Mapping[int, int]) -> tuple[int, ...] | None:
        minutes = slots[0].minutes
        starts_s = [slot.start_s for slot in slots]
        return expected_baseline(self.metered_wh, expected_wh, starts_s, 60 * minutes, self._called_s(minutes))

    def _called_s(self, minutes: int) -> set[int]:
        """Starts of the slots in which this home was called."""
        called_s = {s.start_s for name in self.promised() for s in called_slots(self.calls[name], minutes)}
        return called_s | self.activations.keys()

    def _awarded(self) -> list[str]:
        return [name for name, award in self.awards.items() if award.awarded_wh and name in self.calls]

    def _is_standby(self, call: Call) -> bool:
        return call.stage in self.standby_stages


def _promise(call: Call, awarded_wh: int, usual_wh: int, price_micro: int) -> Promise:
    sign = -1 if call.direction == "reduce" else 1
    return Promise(
        call=call.call,
        direction=call.direction,
        awarded_wh=awarded_wh,
        limit_wh=usual_wh + sign * awarded_wh,
        worth_per_kwh=price_per_kwh(price_micro + call.penalty_micro_per_kwh),
    )


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
