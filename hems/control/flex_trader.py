"""Offers to calls for flexibility: the home's present plan against plans that deliver, each with what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass

from hems.bidding.flexibility import FlexBid, flex_steps
from hems.bidding.wording import called_for, no_offer
from hems.control.call_view import CallView, called_slots
from hems.control.delivery_cost import DeliveryCost
from hems.control.present import Present
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from wire.messages import Call

GAP = 1e-5
TURNS = 2  # a call is answered at the last turns before its gate: the second one also makes good a lost message


@dataclass(slots=True)
class FlexTrader:
    """Answers calls for one home; `margin_micro` is what an offer has to bring beyond its cost [micro/kWh]."""

    margin_micro: int
    planner: Planner

    def bids(self, now_s: int, present: Present, view: CallView) -> list[FlexBid]:
        """One bid for each call whose gate comes before the turn after the next; empty ones say why."""
        turns_s = TURNS * present.slot.duration_s
        due = view.due(now_s, turns_s, standby=False)
        if not due:
            return []
        plan = self.planner.plan(present.problem, gap=GAP, time_limit_s=present.time_limit_s, explain=False)
        bids: list[FlexBid] = []
        for call in due:
            offered = [bid.call for bid in bids if bid.steps]
            bids.append(self._bid(call, present, plan, view, offered))
        return bids

    def _bid(self, call: Call, present: Present, plan: Plan, view: CallView, offered: Sequence[str]) -> FlexBid:
        def nothing(why: str) -> FlexBid:
            return FlexBid(call=call.call, steps=(), baseline_wh=(), why=no_offer(call, why))

        slots = called_slots(call, present.slot.minutes)
        first = (slots[0].start_s - present.slot.start_s) // present.slot.duration_s
        if plan.status == "fallback":
            return nothing("no plan was found to compare with")
        if not 0 <= first <= present.problem.slots - call.slots:
            return nothing("its slots are beyond this home's plan")
        if view.is_taken(call, offered, present.slot.minutes):
            return nothing("some of its slots are promised to another call")
        baseline = view.baseline_wh(call, present.planned_wh(plan.grid_kw), present.slot.minutes)
        if baseline is None:
            return nothing("no metered past is known to compare with")
        steps = flex_steps(
            DeliveryCost(
                planner=self.planner,
                present=present,
                plan=plan,
                view=view,
                call=call,
                first=first,
                baseline_wh=baseline,
            ),
            request_wh=call.request_wh,
            slots=call.slots,
            reserve_micro=call.reserve_micro_per_kwh,
            margin_micro=self.margin_micro,
        )
        if not steps:
            return nothing("it would cost this home more than the operator pays, or is not possible")
        return FlexBid(
            call=call.call, steps=steps, baseline_wh=baseline, why=called_for(call, steps, self.margin_micro)
        )
