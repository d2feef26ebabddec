"""Offers to stand by for ancillary calls: what the battery can surely give in every slot, beside the present plan."""

from collections.abc import Collection
from dataclasses import dataclass

from hems.bidding.flexibility import flex_steps
from hems.bidding.standby import StandbyBid, activation_micro
from hems.bidding.wording import no_offer, stands_by
from hems.control.call_view import CallView
from hems.control.flex_trader import TURNS
from hems.control.present import Present
from hems.control.standby_cost import GAP, standby_cost
from hems.planning.plan import Plan
from hems.planning.planner import Planner
from wire.messages import Call
from wire.slots import parse_utc


@dataclass(slots=True)
class ReserveTrader:
    """Answers ancillary calls for one home; `margin_micro` is what each price brings beyond its cost [micro/kWh]."""

    margin_micro: int
    planner: Planner

    def bids(self, now_s: int, present: Present, view: CallView, promised: Collection[str]) -> list[StandbyBid]:
        """One bid for each call whose gate comes before the turn after the next; empty ones say why.

        `promised` are calls for flexibility that are answered in this turn.
        """
        due = view.due(now_s, TURNS * present.slot.duration_s, standby=True)
        if not due:
            return []
        plan = self.planner.plan(present.problem, gap=GAP, time_limit_s=present.time_limit_s, explain=False)
        bids: list[StandbyBid] = []
        for call in due:
            offered = [*promised, *(bid.call for bid in bids if bid.steps)]
            bids.append(self._bid(call, present, plan, view, offered))
        return bids

    def _bid(self, call: Call, present: Present, plan: Plan, view: CallView, offered: Collection[str]) -> StandbyBid:
        def nothing(why: str) -> StandbyBid:
            return StandbyBid(call=call.call, steps=(), activation_micro=0, limits_wh=(), why=no_offer(call, why))

        first = (parse_utc(call.first_slot) - present.slot.start_s) // present.slot.duration_s
        if plan.status == "fallback":
            return nothing("no plan was found to compare with")
        if call.direction != "reduce":
            return nothing("this home stands by to use less, not to use more")
        if not 0 <= first <= present.problem.slots - call.slots:
            return nothing("its slots are beyond this home's plan")
        if view.is_taken(call, offered, present.slot.minutes):
            return nothing("some of its slots are promised to another call")
        baseline = view.standby_baseline_wh(call, present.slot.minutes)
        if baseline is None:
            return nothing("no metered day is known to compare with")
        cost = standby_cost(self.planner, present, plan, first, baseline)
        if cost is None:
            return nothing("it has no battery to keep energy in")
        steps = flex_steps(
            cost,
            request_wh=call.request_wh,
            slots=call.slots,
            reserve_micro=call.reserve_micro_per_kwh,
            margin_micro=self.margin_micro,
        )
        price = activation_micro(cost.activation, steps, self.margin_micro) if steps else None
        if price is None:
            return nothing("keeping energy for it costs more than the operator pays, or is not possible")
        return StandbyBid(
            call=call.call,
            steps=steps,
            activation_micro=price,
            limits_wh=cost.limits_wh,
            why=stands_by(call, steps, price, self.margin_micro),
        )
