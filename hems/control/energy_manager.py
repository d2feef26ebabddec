"""The energy manager of one home: plans every slot, values the next slot, and decides the running one."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from hems.bidding.delivery import delivered
from hems.bidding.expected_price import short_probability
from hems.bidding.later import later_steps
from hems.bidding.promise import promised_curve, promised_exchange
from hems.bidding.sessions import closing_sessions
from hems.bidding.steps import order_steps
from hems.bidding.strategy import SlotOrder, Strategy
from hems.control.as_decided import AsDecided, as_decided
from hems.control.decision import Decision, decision
from hems.control.grid_limit import FREE, InForce
from hems.control.household.merging import wished_home, wished_stays
from hems.control.household.overridden import overridden
from hems.control.household.preference import preference_words, preferred
from hems.control.household.wishes import NO_WISHES, Wishes
from hems.control.kept_reserve import reserve_kept, standbys_from
from hems.control.local_price import (
    LEAST_SPREAD_KW,
    band_of,
    local_exchange,
    path_spread_kw,
    running_exchange,
)
from hems.control.market_view import MarketView
from hems.control.measured_outlook import is_lit_as_expected, net_spread_kw, with_measured
from hems.control.prepared import Prepared
from hems.control.promised import priced, promises_kept
from hems.control.storage_follow import follow_words, following_kw
from hems.dispatch.reason import Prices
from hems.dispatch.rules import rule_powers_kw
from hems.metering.image import SiteImage
from hems.metering.projection import expected_at, is_as_expected
from hems.planning.futures.future import Future
from hems.planning.home_problem import home_futures, home_problem
from hems.planning.outlook import Outlook
from hems.planning.plan import Plan, ValueCurve
from hems.planning.planner import Planner
from hems.planning.problem import Problem
from hems.site.home import Home
from wire.calendar import Gate
from wire.slots import Slot

MARGIN_MICRO = 1


class OutlookSource(Protocol):
    """Expectations of one home."""

    def outlook(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """What is expected from `start_s` on, with nothing known later than `now_s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an energy manager works: horizon and solver limits."""

    horizon_slots: int = 96
    gap: float = 1e-3
    time_limit_s: float = 5.0


class EnergyManager:
    """Plans one home with one kept solver. Deterministic: time, measurements and expectations are arguments."""

    def __init__(
        self,
        home: Home,
        outlooks: OutlookSource,
        *,
        settings: Settings | None = None,
        planner: Planner | None = None,
    ) -> None:
        self.home = home
        self.wishes = NO_WISHES
        self.grid = FREE
        self._toml_home = home
        self.settings = settings or Settings()
        self.plans = 0
        self._outlooks = outlooks
        self._planner = planner or Planner()
        self._prepared: Prepared | None = None
        self._lasting: Prepared | None = None

    def take(self, wishes: Wishes) -> None:
        """Takes what the household wishes now: from the next plan on it is planned for, and that is due."""
        self.wishes = wishes
        self.home = wished_home(self._toml_home, wishes.settings)

    def limit(self, grid: InForce) -> None:
        """Takes what the network operator lets the connection carry: plans and commands keep to it from now on."""
        self.grid = grid

    @property
    def plan(self) -> Plan | None:
        """The newest plan."""
        return None if self._prepared is None else self._prepared.plan

    @property
    def problem(self) -> Problem | None:
        """The problem of the newest plan."""
        return None if self._prepared is None else self._prepared.problem

    @property
    def decided(self) -> AsDecided | None:
        """The newest plan as its first slot was decided first; None while no slot is decided with it."""
        return None if self._prepared is None else self._prepared.decided

    @property
    def futures(self) -> tuple[Future, ...]:
        """The futures that the newest plan was made over; none when it was made for the expected one alone."""
        return () if self._prepared is None else self._prepared.futures

    @property
    def planned_slot(self) -> Slot | None:
        """The first slot of the newest plan."""
        return None if self._prepared is None else self._prepared.slot

    @property
    def outlook(self) -> Outlook | None:
        """The expectations behind the newest plan."""
        return None if self._prepared is None else self._prepared.outlook

    def expects_light(self, image: SiteImage) -> bool:
        """Whether the newest plan assumed the people and the daylight that are there now."""
        return self._prepared is None or is_lit_as_expected(self._prepared.outlook, image)

    def prepare(self, now_s: int, slot: Slot, image: SiteImage, view: MarketView | None) -> Strategy:
        """Plans from `slot` on and says what its energy is worth, beyond what is already held of it.

        Where another auction closes before the next turn, the plan reaches to its last slot and orders for it too.
        """
        if view is not None and view.storage.is_of(self.home.meter):
            return Strategy(slot=slot, steps=(), net_wh=(0,) * self.settings.horizon_slots)
        stages = () if view is None or view.calendar is None else view.calendar.stages
        closing = [(later, gate) for later, gate in closing_sessions(stages, slot) if later > slot]
        reach = max(((later.start_s - slot.start_s) // slot.duration_s + 1 for later, _ in closing), default=0)
        outlook = self._expected(now_s, slot.start_s, max(self.settings.horizon_slots, reach))
        prepared = self._plan(slot, expected_at(self.home, image, slot.start_s), outlook, view)
        net_wh = np.rint(prepared.plan.grid_kw * self.home.slot_h * 1000.0).astype(int)
        if prepared.plan.status == "fallback" or view is None:
            return Strategy(slot=slot, steps=(), net_wh=tuple(net_wh.tolist()))
        curve = self._planner.value_curve()
        if (promise := prepared.promises.get(slot.start_s)) is not None:
            curve = promised_curve(curve, promise, self.home.slot_h)
        curve = delivered(
            curve,
            outlook.net_errors_kw,
            feed_in_per_kwh=float(outlook.feed_in_per_kwh[0]),
            retail_per_kwh=float(outlook.retail_per_kwh[0]),
        )
        beyond = beyond_position(curve, view.position_wh(slot) / 1000.0 / self.home.slot_h)
        return Strategy(
            slot=slot,
            steps=order_steps(beyond, self.home.slot_h, band_of(outlook), margin_micro=MARGIN_MICRO),
            net_wh=tuple(net_wh.tolist()),
            later=self._later(slot, prepared, view, closing),
        )

    def _expected(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """What is expected; the last plan lets go first, as its solver beside months of history is most of a home."""
        self._prepared = None
        self._planner.rest()
        return self._outlooks.outlook(now_s, start_s, slots)

    def _later(
        self, slot: Slot, prepared: Prepared, view: MarketView, closing: list[tuple[Slot, Gate]]
    ) -> tuple[SlotOrder, ...]:
        """The orders of the slots after the next one in the sessions that close now."""
        outlook, planned_kw = prepared.outlook, prepared.plan.grid_kw
        if not closing or not prepared.trades:
            return ()
        others = view.others_kw(slot, outlook.slots)
        assert others is not None, "a plan that trades knows what the others draw"
        of_others_kw = path_spread_kw(view, outlook.slots, self.home.slot_h)
        spread_kw = net_spread_kw(outlook, LEAST_SPREAD_KW)
        orders = []
        for later, gate in closing:
            k = (later.start_s - slot.start_s) // slot.duration_s
            steps = later_steps(
                float(planned_kw[k]) * self.home.slot_h * 1000.0,
                view.position_wh(later),
                float(spread_kw[k]) * self.home.slot_h * 1000.0,
                band_of(outlook, k),
                short_probability(float(others[k] + planned_kw[k]), float(of_others_kw[k])),
            )
            orders.append(SlotOrder(stage=gate.stage, slot=later, steps=steps))
        return tuple(orders)

    def decide(self, now_s: int, slot: Slot, image: SiteImage, view: MarketView | None) -> Decision:
        """The setpoints of the running slot from what is measured now: plan, last good plan, or tariff rules."""
        told_kw = None if view is None else view.storage.told_kw(self.home.meter, slot)
        if told_kw is not None:
            powers_kw = dict(following_kw(self.home, image, told_kw))
            return self._decision(slot, "plan", powers_kw, 0.0, image, said=follow_words(told_kw))
        if self._needs_new_plan(slot, image, view):
            outlook = self._expected(now_s, slot.start_s, self.settings.horizon_slots)
            self._plan(slot, image, with_measured(outlook, image), view)
        prepared = self._prepared
        if prepared is not None and prepared.plan.status != "fallback":
            base_kw = image.base_load_w / 1000.0
            exchange = running_exchange(slot, prepared.weighed, view) if prepared.trades else None
            if exchange is not None and view is not None and prepared.promises:
                exchange = promised_exchange(exchange, slot.start_s, self.home.slot_h, view.promises(slot))
            available_kw = {i: d.available_w / 1000.0 for i, d in image.devices.items() if d.available_w is not None}
            now = self._planner.replan_slot0(
                base_kw=base_kw,
                pv_available_kw=available_kw,
                exchange_prices=None if exchange is None else exchange.prices_per_kwh[0],
                exchange_breakpoints=None if exchange is None else exchange.breakpoints_kw[0],
            )
            if prepared.decided is None:
                prepared.decided = as_decided(
                    prepared.problem,
                    prepared.plan,
                    now,
                    base_kw=base_kw,
                    pv_available_kw=available_kw,
                    exchange=exchange,
                )
            return self._decision(slot, "plan", now.power_kw, now.marginal_price_per_kwh, image)
        return self._without_plan(now_s, slot, image)

    def _needs_new_plan(self, slot: Slot, image: SiteImage, view: MarketView | None) -> bool:
        prepared = self._prepared
        if prepared is None or prepared.slot != slot or not is_as_expected(prepared.image, image):
            return True
        if prepared.wishes != self.wishes or prepared.grid != self.grid:
            return True
        if view is not None and not prepared.is_as_promised(view):
            return True
        return not is_lit_as_expected(prepared.outlook, image)

    def _plan(self, slot: Slot, image: SiteImage, outlook: Outlook, view: MarketView | None) -> Prepared:
        weighed = preferred(outlook, self.wishes.settings.objective)
        weighed = replace(weighed, stays=wished_stays(weighed, self.home, self.wishes.settings))
        # whether there is a local market at all is a matter of the real prices
        has_market = not bool((outlook.feed_in_per_kwh > outlook.retail_per_kwh).any())
        exchange = local_exchange(slot, weighed, view) if has_market else None
        promises = promises_kept(outlook, {} if view is None else view.promises(slot))
        problem = home_problem(self.home, image, weighed, priced(slot, weighed, exchange, promises))
        problem = problem if view is None else view.blocks.followed(problem, slot)
        problem = overridden(problem, slot, self.home, image, self.wishes)
        problem = self.grid.planned(problem, slot)
        futures = home_futures(self.home, image, outlook)
        plan = self._planned(slot, problem, futures)
        standbys = standbys_from({} if view is None else view.standbys(slot), slot, problem.slots)
        if standbys and plan.status != "fallback":
            kept = reserve_kept(problem, plan, slot, (standbys, promises), net_spread_kw(outlook, 0.0))
            if kept is not None:
                problem, plan = kept, self._planned(slot, kept, futures)
        self.plans += 1
        self._prepared = Prepared(
            slot=slot,
            problem=problem,
            futures=futures,
            outlook=outlook,
            plan=plan,
            image=image,
            trades=exchange is not None,
            promises=promises,
            standbys=standbys,
            wishes=self.wishes,
            grid=self.grid,
            weighed=weighed,
        )
        if plan.status != "fallback":
            self._lasting = self._prepared
        return self._prepared

    def _planned(self, slot: Slot, problem: Problem, futures: tuple[Future, ...]) -> Plan:
        previous, elapsed = self._earlier(slot)
        return self._planner.plan(
            problem,
            gap=self.settings.gap,
            time_limit_s=self.settings.time_limit_s,
            previous=previous,
            elapsed_slots=elapsed,
            explain=False,
            futures=futures,
        )

    def _earlier(self, slot: Slot) -> tuple[Plan | None, int]:
        """The last good plan whose decisions should stay, and how many slots ago it began; None when it is over."""
        last = self._lasting
        elapsed = 0 if last is None else (slot.start_s - last.slot.start_s) // slot.duration_s
        if last is None or not 0 <= elapsed < len(last.plan.grid_kw):
            return None, 0
        return last.plan, elapsed

    def _without_plan(self, now_s: int, slot: Slot, image: SiteImage) -> Decision:
        last = self._lasting
        if last is not None and 0 <= (index := (slot.start_s - last.slot.start_s) // slot.duration_s) < 4:
            powers = {i: float(d.power_kw[index]) for i, d in last.plan.devices.items() if i in image.devices}
            return self._decision(slot, "last_plan", powers, float(last.plan.marginal_price_per_kwh[index]), image)
        powers = rule_powers_kw(self.home, image, self.home.local_hour(now_s))
        price = 0.0 if self._prepared is None else float(self._prepared.outlook.retail_per_kwh[0])
        return self._decision(slot, "rules", powers, price, image)

    def _decision(
        self, slot: Slot, rung: str, powers_kw: dict[str, float], marginal: float, image: SiteImage, *, said: str = ""
    ) -> Decision:
        prepared = self._prepared
        if prepared is None:
            prices = Prices(now=marginal, retail=marginal, feed_in=marginal, later=marginal)
        else:
            prices, said = prepared.prices(marginal), said or prepared.said_of_calls(slot)
        return decision(
            slot,
            rung,
            powers_kw,
            home=self.home,
            image=image,
            wishes=self.wishes,
            prices=prices,
            said=said + preference_words(self.wishes.settings.objective),
            grid=self.grid,
        )


def beyond_position(curve: ValueCurve, held_kw: float) -> ValueCurve:
    """What net import is worth beyond a position: trading x moves the position held to held + x."""
    return ValueCurve(net_kw=curve.net_kw - held_kw, marginal_per_kwh=curve.marginal_per_kwh)
