"""One step of the energy manager's process: from an image to leases, and now and then to a strategy."""

from dataclasses import dataclass

from hems.bidding.offers import Offers
from hems.bidding.sessions import turn_gate_s
from hems.bidding.storage import with_storage
from hems.bidding.strategy import Strategy
from hems.control.decision import Decision
from hems.control.energy_manager import EnergyManager
from hems.control.following import Following
from hems.control.grid_limit import GridLimit, InForce
from hems.control.history import History, SlotMeans
from hems.control.household.household import Household
from hems.control.household.merging import wished_image
from hems.control.household.wishes import NO_WISHES, Wishes
from hems.control.leases import leases_of
from hems.control.live_outlook import LiveOutlook
from hems.control.market_view import MarketView
from hems.control.signal_memory import Sensed
from hems.control.stage_trader import StageTrader
from hems.dispatch.lease import Lease
from hems.metering.image import SiteImage
from hems.metering.projection import presence
from wire.messages import PlanNotice
from wire.slots import Slot, slot_at

CHANGE_WORTH_DECIDING_KW = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a home acts [s]: `tick_s` between renewals; it plans `plan_lead_s` before the gate closes.

    Without `measures_at_ticks` a tick only renews leases, and there is none while no device needs one.
    """

    tick_s: int
    plan_lead_s: int
    measures_at_ticks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What a step wants done: leases per device, a strategy and offers for the meter, and what is worth recording.

    `sensed` is what sensors showed in the slot that ended, `cars_changed` whether a car has come or left.
    """

    leases: dict[str, Lease]
    strategy: Strategy | None = None
    offers: Offers | None = None
    decision: Decision | None = None
    slot_means: SlotMeans | None = None
    sensed: tuple[Sensed, ...] = ()
    cars_changed: bool = False


class HomeLoop:
    """Owns the home's market view and history; every call gets the time. No I/O."""

    def __init__(
        self,
        manager: EnergyManager,
        history: History,
        outlook: LiveOutlook,
        timing: Timing,
        *,
        trades: bool,
        token: int,
        trader: StageTrader | None = None,
        household: Household | None = None,
        grid: GridLimit | None = None,
    ) -> None:
        self.view = MarketView()
        self.manager = manager
        self._history = history
        self._outlook = outlook
        self._timing = timing
        self._trades = trades
        self._token = token
        self._trader = trader
        self._household = household
        self._grid = grid
        self._decision: Decision | None = None
        self._decided_base_kw = 0.0
        self._decided_presence: frozenset[str] = frozenset()
        self._prepared: Slot | None = None
        self._held: set[str] = set()
        self._following = Following()

    @property
    def decision(self) -> Decision | None:
        """The newest decision; None before the first step."""
        return self._decision

    def next_wake_s(self, now_s: int) -> int:
        """The next moment at which `step` has something to do."""
        slot = slot_at(now_s, self.manager.home.slot_minutes)
        wakes = [slot.end_s]
        if self._timing.measures_at_ticks or self._held:
            wakes.append(now_s - now_s % self._timing.tick_s + self._timing.tick_s)
        plan_s = self._plan_s(slot.shifted(1))
        if self._trades and now_s < plan_s:
            wakes.append(plan_s)
        wakes += [override.until_s for override in self._wishes(now_s).overrides]
        if self._grid is not None and (change_s := self._grid.next_change_s(now_s)) is not None:
            wakes.append(change_s)
        return min(wakes)

    def _wishes(self, now_s: int) -> Wishes:
        """What the household wishes at a moment."""
        if self._household is None:
            return NO_WISHES
        return Wishes(settings=self._household.settings(), overrides=self._household.overrides_at(now_s))

    def _hear_news(self, now_s: int, following: Slot) -> None:
        """Takes what the household wishes and the network operator allows now.

        What changed is planned, and ordered anew while the gate is open.
        """
        wishes, is_limited_anew = self._wishes(now_s), self.is_limited_anew(now_s)
        if wishes == self.manager.wishes and not is_limited_anew:
            return
        self.manager.take(wishes)
        self._hear_limit(now_s)
        self._decision = None
        if self._prepared == following and now_s < self._gate_s(following):
            self._prepared = None

    def is_limited_anew(self, now_s: int) -> bool:
        """Whether the network operator allows something else than the newest decision keeps to."""
        return self._grid is not None and self._grid.in_force(now_s) != self.manager.grid

    def _hear_limit(self, now_s: int) -> None:
        if self._grid is not None:
            self.manager.limit(self._grid.in_force(now_s))

    def limited(self, now_s: int, image: SiteImage) -> dict[str, Lease]:
        """The leases of the last decision within what the network operator allows now.

        A plan takes its time, a limit does not wait for it: these leases go out before the next `step`.
        """
        wished = self._wished(now_s, image)
        grid = self.manager.grid if self._grid is None else self._grid.in_force(now_s)
        return self._leases(now_s, wished, grid)

    def _plan_s(self, slot: Slot) -> int:
        """When the turn for a slot comes: it also answers every other gate up to the next turn."""
        return self._gate_s(slot) - self._timing.plan_lead_s

    def _gate_s(self, slot: Slot) -> int:
        calendar = self.view.calendar
        return turn_gate_s(() if calendar is None else calendar.stages, slot)

    def needs_image(self, now_s: int) -> bool:
        """Whether `step` is due, and not only a renewal of the leases in force."""
        slot = slot_at(now_s, self.manager.home.slot_minutes)
        is_new = self._decision is None or self._decision.slot != slot or self._wishes(now_s) != self.manager.wishes
        is_new = is_new or self.is_limited_anew(now_s)
        following = slot.shifted(1)
        return is_new or (self._trades and self._prepared != following and now_s >= self._plan_s(following))

    def renewed(self, now_s: int, image: SiteImage) -> dict[str, Lease]:
        """The leases of the last decision for another while, where a device would otherwise fall back."""
        leases = self._leases(now_s, self._wished(now_s, image), self.manager.grid)
        return {name: lease for name, lease in leases.items() if name in self._held}

    def step(self, now_s: int, image: SiteImage) -> Actions:
        """What to do now, given everything measured now."""
        slot = slot_at(now_s, self.manager.home.slot_minutes)
        ended = self._history.sample(slot, image)
        sensed, cars_changed = self._outlook.signals.learn(image), self._outlook.stays.learn(image)
        self._hear_news(now_s, slot.shifted(1))
        image = self._wished(now_s, image)
        decided = None
        if self._is_decision_due(slot, image):
            decided = self._decide(now_s, slot, image)
        following = slot.shifted(1)
        strategy = offers = None
        if self._trades and self._prepared != following and now_s >= self._plan_s(following):
            strategy = self.manager.prepare(now_s, following, image, self.view)
            self._prepared = following
            if self._trader is not None:
                offers = self._trader.offers(now_s, self.manager, self.view)
                strategy = with_storage(strategy, offers.storage)
        return Actions(
            leases=self._leases(now_s, image, self.manager.grid),
            strategy=strategy,
            offers=offers,
            decision=decided,
            slot_means=ended,
            sensed=sensed,
            cars_changed=cars_changed,
        )

    def _wished(self, now_s: int, image: SiteImage) -> SiteImage:
        """The image with cars that leave and need what the household has set, and with who does not follow."""
        wished = wished_image(image, self.manager.home, self.manager.wishes.settings, now_s)
        return self._following.marked(wished)

    def told(self, strategy: Strategy, community: str) -> None:
        """The meter has published a strategy: others will answer to it."""
        self.view.ordered(strategy.slot, strategy.steps)
        for order in strategy.later:
            self.view.ordered(order.slot, order.steps)
        self.view.own_plan = PlanNotice(
            community=community,
            meter=self.manager.home.meter,
            round=0,
            first_slot=strategy.slot.label,
            net_wh=strategy.net_wh,
        )

    def _is_decision_due(self, slot: Slot, image: SiteImage) -> bool:
        """At every slot's start; inside a slot when load changed, until the next slot has been prepared."""
        if self._decision is None or self._decision.slot != slot:
            return True
        if presence(image) != self._decided_presence or not self.manager.expects_light(image):
            return True
        moved = abs(image.base_load_w / 1000.0 - self._decided_base_kw) > CHANGE_WORTH_DECIDING_KW
        return moved and self._prepared != slot.shifted(1)

    def _decide(self, now_s: int, slot: Slot, image: SiteImage) -> Decision:
        view = self.view if self._trades else None
        self._decision = self.manager.decide(now_s, slot, image, view)
        self.view.flexibility.decided(slot, self._decision.net_kw)
        self._decided_base_kw, self._decided_presence = image.base_load_w / 1000.0, presence(image)
        return self._decision

    def _leases(self, now_s: int, image: SiteImage, grid: InForce) -> dict[str, Lease]:
        if self._decision is None:
            return {}
        home = self.manager.home
        leases = leases_of(self._decision, home, image, grid.limits(home), now_s=now_s, token=self._token)
        self._held = {name for name, lease in leases.items() if lease.power_w != lease.reversion_w}
        self._following.told(leases, now_s)
        return leases
