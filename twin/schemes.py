"""The three ways to run a community: unmanaged, every home alone, and trading; same homes, same expectations."""

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from broker.control.ports import NoRecorder
from broker.control.service import MarketService
from broker.ledger.transfer import COMMUNITY as COMMUNITY_ACCOUNT
from broker.market.events import Enrolled
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.terms import OutsidePrices, Terms
from broker.mechanisms.catalogue import MECHANISMS
from hems.bidding.steps import Step
from hems.bidding.storage import with_storage as with_storage_use
from hems.control.energy_manager import EnergyManager, OutlookSource, Settings
from hems.control.stage_trader import StageTrader
from hems.control.storage_trader import StorageTrader
from hems.control.transactive_meter import Frame, MemoryOutbox, Registers, TransactiveMeter
from hems.dispatch.rules import rule_powers_kw
from hems.planning.planner import Planner
from hems.site.home import BatteryUnit, EvUnit, PvUnit
from twin.bus import Bus, Disturbance
from twin.neighbourhood.given import given
from twin.observation import Observation
from twin.plant import Plant
from twin.programmes import missed_runs
from twin.shared_storage import BID_PART, SHARED_STORAGE, storage_stages, storage_terms
from twin.world import TwinHome, World
from wire import messages as m
from wire.quantities import NANO_PER_UNIT, amount_nano, micro_per_kwh
from wire.signing import key_from_seed
from wire.slots import Slot, parse_utc

Progress = Callable[[int], None]
Outlooks = Mapping[str, OutlookSource]

COMMUNITY = "twin"
TWIN_HORIZON_SLOTS = 2
NAMEPLATE_W = 100_000
MECHANISM = "uniform_price_k_double_auction"
STORAGE_BEFORE_S = 60  # homes order after it is told
NO_TIME_LIMIT_S = 1e6  # a limit in wall-clock time would make results depend on the machine


@dataclass(slots=True)
class Trace:
    """What happened in the counted slots: cost per home [nano], net import per home and slot [kWh].

    `unserved_kwh` is what cars did not get, `missed_runs` what appliances owed; `flows_kwh` sums up devices by kind.
    """

    cost_nano: dict[str, int] = field(default_factory=dict)
    net_kwh: dict[str, list[float]] = field(default_factory=dict)
    stored_change_kwh: dict[str, float] = field(default_factory=dict)
    unserved_kwh: dict[str, float] = field(default_factory=dict)
    discomfort: dict[str, float] = field(default_factory=dict)
    missed_runs: dict[str, int] = field(default_factory=dict)
    flows_kwh: dict[str, float] = field(default_factory=dict)
    used_kwh: float = 0.0
    plans: int = 0

    def cost(self, world: World) -> dict[str, float]:
        """Cost per home with the worth of stored energy and the price of discomfort [currency]."""
        return {
            name: nano / NANO_PER_UNIT + world.stored.cost(self.stored_change_kwh[name]) + self.discomfort[name]
            for name, nano in self.cost_nano.items()
        }


@dataclass(slots=True)
class MarketTrace(Trace):
    """A trading community's trace: clearings and settlements of the counted slots, and the books at the end.

    `awarded_wh` is what homes were awarded: (bought, sold) by slot and home, both where it did both.
    """

    clearings: list[m.Clearing] = field(default_factory=list)
    settlements: list[m.Settlement] = field(default_factory=list)
    awarded_wh: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    observation: Observation = field(default_factory=Observation)
    asked: dict[str, dict[str, tuple[Step, ...]]] = field(default_factory=dict)  # steps by slot and home
    mechanism: str = MECHANISM
    orders: int = 0
    entries: int = 0
    sum_nano: int = 0
    head: str = ""
    operator_nano: int = 0  # what the community account was left with by the counted slots

    def award(self, home: str, slot: str, bought_wh: int, sold_wh: int) -> None:
        """Adds what a session awarded to a home in a slot [Wh]."""
        bought, sold = self.awarded_wh.get((slot, home), (0, 0))
        self.awarded_wh[slot, home] = bought + bought_wh, sold + sold_wh


def settings_for(world: World) -> Settings:
    """How homes plan in virtual time: a day ahead, and never against the clock of the machine."""
    return Settings(horizon_slots=world.slots_per_day, time_limit_s=NO_TIME_LIMIT_S)


def retail_cost_nano(world: World, index: int, before: Registers, after: Registers) -> int:
    """What a home without a market pays for a slot, from whole Wh at whole micro prices [nano]."""
    retail, feed_in = micro_per_kwh(world.retail_per_kwh[index]), micro_per_kwh(world.feed_in_per_kwh[index])
    net_wh = (after.import_wh - before.import_wh) - (after.export_wh - before.export_wh)
    return amount_nano(net_wh, retail if net_wh > 0 else feed_in)


def run_unmanaged(world: World, progress: Progress | None = None) -> Trace:
    """Cars charge on arrival, batteries serve the own home greedily, retail tariff."""

    def decide(plant: Plant, slot: Slot) -> Mapping[str, float]:
        home = plant.twin.home
        return rule_powers_kw(home, plant.image(slot.start_s), home.local_hour(slot.start_s))

    return _run_alone(world, decide, progress)


def run_alone(world: World, outlooks: Outlooks, progress: Progress | None = None) -> Trace:
    """Every home optimises against the retail tariff."""
    managers = {
        twin.name: EnergyManager(twin.home, outlooks[twin.name], settings=settings_for(world)) for twin in world.homes
    }

    def decide(plant: Plant, slot: Slot) -> Mapping[str, float]:
        decision = managers[plant.twin.name].decide(slot.start_s, slot, plant.image(slot.start_s), None)
        return {s.device: s.power_kw for s in decision.setpoints}

    trace = _run_alone(world, decide, progress)
    trace.plans = sum(manager.plans for manager in managers.values())
    return trace


def _run_alone(
    world: World, decide: Callable[[Plant, Slot], Mapping[str, float]], progress: Progress | None
) -> Trace:
    trace = Trace()
    plants = [Plant(world, twin) for twin in world.homes]
    for index in range(world.run_from, world.end):
        slot = world.slot(index)
        for plant in plants:
            if index == world.count_from:
                plant.start_counting()
            before = plant.registers(slot.start_s)
            plant.begin(index)
            plant.command(decide(plant, slot))
            net = plant.finish()
            if index >= world.count_from:
                name = plant.twin.name
                cost = retail_cost_nano(world, index, before, plant.registers(slot.end_s))
                trace.cost_nano[name] = trace.cost_nano.get(name, 0) + cost
                trace.net_kwh.setdefault(name, []).append(net)
                trace.used_kwh += plant.used_kwh()
        if progress is not None:
            progress(1)
    for plant in plants:
        close_home(trace, world, plant)
    return trace


def close_home(trace: Trace, world: World, plant: Plant) -> None:
    """Writes into the trace what a home's plant has summed up over the counted slots."""
    name = plant.twin.name
    trace.stored_change_kwh[name] = plant.stored_kwh() - plant.twin.stored_kwh()
    trace.unserved_kwh[name] = plant.missed_kwh()
    trace.discomfort[name] = plant.discomfort
    trace.missed_runs[name] = missed_runs(world, plant.twin, plant.runs)
    for unit in plant.twin.home.units:
        taken, given = plant.taken_kwh.get(unit.id, 0.0), plant.given_kwh.get(unit.id, 0.0)
        match unit:
            case PvUnit():
                flows = {"pv_kwh": given}
            case BatteryUnit():
                flows = {"battery_charged_kwh": taken, "battery_discharged_kwh": given}
            case EvUnit():
                flows = {"ev_kwh": taken}
            case _:
                flows = {"other_devices_kwh": taken}
        for key, kwh in flows.items():
            trace.flows_kwh[key] = trace.flows_kwh.get(key, 0.0) + kwh


class _WorldPrices:
    """The world's outside prices as the broker's price source."""

    def __init__(self, world: World) -> None:
        self._world = world

    def prices(self, slot: Slot) -> OutsidePrices | None:
        """The prices of a slot, None outside the world."""
        index = self._world.index_at(slot.start_s)
        if not self._world.run_from <= index < self._world.end:
            return None
        return OutsidePrices(
            retail_micro=micro_per_kwh(self._world.retail_per_kwh[index]),
            feed_in_micro=micro_per_kwh(self._world.feed_in_per_kwh[index]),
        )


class _MemoryJournal:
    """Journal of a run in virtual time: what is replayed is kept, nothing is made durable."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def append(self, records: object) -> None:
        """Keeps records."""
        self.kept.extend(records)  # type: ignore[arg-type]

    def records(self, first: int | None = None) -> list[bytes]:
        """The records after the first so many."""
        return self.kept[first or 0 :]


class TradingCommunity:
    """Homes, meters and the broker of one world, driven slot by slot."""

    def __init__(
        self,
        world: World,
        outlooks: Outlooks,
        seed: int,
        disturbance: Disturbance | None = None,
        *,
        mechanism: str = MECHANISM,
        stages: tuple[m.Stage, ...] = (),
    ) -> None:
        self.world = world
        self.trace = MarketTrace(mechanism=mechanism)
        storage = ""
        if mechanism == SHARED_STORAGE:
            mechanism, storage = MECHANISM, storage_terms(world).text()
            stages = _stages_with_storage(world)
        around = given(world, mechanism, seed)
        terms = Terms(
            community=COMMUNITY,
            slot_minutes=world.first.minutes,
            gate_lead_s=world.gate_lead_s,
            horizon_slots=TWIN_HORIZON_SLOTS,
            group_min=min(3, len(world.homes)),
            mechanism=mechanism,
            sealed=MECHANISMS[mechanism].in_rounds,
            k_permille=int(Fraction(1, 2) * 1000),
            stages=stages,
            storage=storage,
            network="" if around is None else around.network_text(),
            preferences="" if around is None else around.preferences_text(),
        )
        self._order_s = world.gate_lead_s + 1
        self._reports: list[tuple[str, Frame]] = []
        market = Market(terms, _seed_bytes(seed, "secret"))
        broker_key = key_from_seed(_seed_bytes(seed, "broker"))
        self.journal = _MemoryJournal()
        service = MarketService(market, journal=self.journal, prices=_WorldPrices(world), recorder=NoRecorder())
        self._bus = Bus(service, broker_key, disturbance=disturbance)
        self._plants = {twin.name: Plant(world, twin) for twin in world.homes}
        self._managers = {
            twin.name: EnergyManager(twin.home, outlooks[twin.name], settings=settings_for(world))
            for twin in world.homes
        }
        self._traders = {
            name: StageTrader(storage=StorageTrader(BID_PART, Planner()) if storage else None)
            for name in self._managers
        }
        for twin in world.homes:
            self._enrol(twin, seed, broker_key.public)
        self._registers = {name: plant.registers(0) for name, plant in self._plants.items()}
        calendar = terms.calendar(broker_key.public_hex, service.market.publisher.key.public_hex)
        for meter in self._bus.meters.values():
            meter.view.learn(calendar)
            meter.view.learn(service.market.storage.rules())

    def _enrol(self, twin: TwinHome, seed: int, broker_key: bytes) -> None:
        key = key_from_seed(_seed_bytes(seed, twin.name))
        self._bus.meters[twin.name] = TransactiveMeter(
            meter=twin.name, community=COMMUNITY, key=key, broker_key=broker_key, outbox=MemoryOutbox()
        )
        enrolled = Enrolled(
            at_s=self.world.slot(self.world.run_from).start_s - 60,
            meter=twin.name,
            public_key=key.public_hex,
            nameplate_import_w=NAMEPLATE_W,
            nameplate_export_w=NAMEPLATE_W,
        )
        self._bus.service.enact([enrolled])

    def run(self, progress: Progress | None = None) -> MarketTrace:
        """Runs all slots; returns what happened in the counted ones."""
        opening_nano = 0
        for index in range(self.world.run_from, self.world.end):
            if index == self.world.count_from:
                for plant in self._plants.values():
                    plant.start_counting()
            self._trade(index)
            self._settle(index)
            if index == self.world.count_from:
                opening_nano = self._operator_nano()
            self._deliver(index)
            if progress is not None:
                progress(1)
        self._settle(self.world.end)
        for plant in self._plants.values():
            close_home(self.trace, self.world, plant)
        market = self._bus.service.market
        self.trace.plans = sum(manager.plans for manager in self._managers.values())
        self.trace.orders = market.totals.orders
        self.trace.entries = market.accounts.entries
        self.trace.sum_nano = market.accounts.sum_nano()
        self.trace.head = market.log.head()
        self.trace.operator_nano = self._operator_nano() - opening_nano
        return self.trace

    def _operator_nano(self) -> int:
        return self._bus.service.market.accounts.balance(COMMUNITY_ACCOUNT)

    def _trade(self, index: int) -> None:
        """Before the gate: plans in turn on the newest indicative path, then all orders."""
        slot = self.world.slot(index)
        now_s = slot.start_s - self._order_s
        self._bus.step(now_s)
        orders: list[tuple[str, Frame]] = []
        names = sorted(self._plants)
        turn = index % len(names)
        for name in names[turn:] + names[:turn]:
            meter, manager = self._bus.meters[name], self._managers[name]
            image = self._plants[name].image(now_s)
            strategy = manager.prepare(slot.start_s, slot, image, meter.view)
            offers = self._traders[name].offers(now_s, manager, meter.view)
            strategy = with_storage_use(strategy, offers.storage)
            self._bus.to_broker([(name, meter.plan_notice(strategy, now_s))], now_s)
            self._bus.step(now_s)
            order = meter.order(strategy, now_s)
            if order is not None:
                orders.append((name, order))
                if index >= self.world.count_from:
                    self.trace.asked.setdefault(slot.label, {})[name] = strategy.steps
            orders += [(name, later) for later in meter.later_orders(strategy, now_s)]
            orders += [(name, offer) for offer in meter.offers(offers, now_s)]
        self._bus.to_broker(orders, now_s)

    def _settle(self, index: int) -> None:
        """The gate of slot `index` closes; when the slot before has ended, it is reported and settled."""
        slot = self.world.slot(index)
        self._note(self._bus.step(slot.start_s - self.world.gate_lead_s))
        self._bus.to_broker(self._reports, slot.start_s)
        self._reports = []
        self._note(self._bus.step(slot.start_s))

    def _note(self, sent: list[Outgoing]) -> None:
        counted_s = range(self.world.slot(self.world.count_from).start_s, self.world.slot(self.world.end).start_s)
        for out in sent:
            match out.message:
                case m.Clearing() if parse_utc(out.message.slot) in counted_s:
                    self.trace.clearings.append(out.message)
                case m.Award() if parse_utc(out.message.slot) in counted_s:
                    self.trace.award(out.meter, out.message.slot, out.message.bought_wh, out.message.sold_wh)
                case m.Settlement() if parse_utc(out.message.slot) in counted_s:
                    self.trace.settlements.append(out.message)
                    cost = self.trace.cost_nano.get(out.meter, 0)
                    self.trace.cost_nano[out.meter] = cost + out.message.total_nano
                case _:
                    pass

    def _deliver(self, index: int) -> None:
        """The slot itself: every home decides on what it measures; its meter report is kept for the slot's end."""
        slot = self.world.slot(index)
        for name, plant in self._plants.items():
            meter = self._bus.meters[name]
            plant.begin(index)
            manager = self._managers[name]
            decision = manager.decide(slot.start_s, slot, plant.image(slot.start_s), meter.view)
            self.trace.observation.decided(self.world, index, plant.twin, manager, decision)
            plant.command({s.device: s.power_kw for s in decision.setpoints})
            net = plant.finish()
            self.trace.observation.delivered(self.world, index, plant)
            registers = plant.registers(slot.end_s)
            self._reports.append((name, meter.report(slot, self._registers[name], registers)))
            self._registers[name] = registers
            if index >= self.world.count_from:
                self.trace.net_kwh.setdefault(name, []).append(net)
                self.trace.used_kwh += plant.used_kwh()


def _stages_with_storage(world: World) -> tuple[m.Stage, ...]:
    return storage_stages(
        gate_lead_s=world.gate_lead_s,
        storage_lead_s=world.gate_lead_s + STORAGE_BEFORE_S,
        horizon_slots=TWIN_HORIZON_SLOTS,
        mechanism=MECHANISM,
    )


def _seed_bytes(seed: int, purpose: str) -> bytes:
    """32 bytes that follow from a seed and a purpose."""
    return hashlib.sha256(f"hearthgrid-twin/{seed}/{purpose}".encode()).digest()


def shuffled(seed: int, duplicate_share: float) -> Disturbance:
    """A disturbance that shuffles every batch and delivers a share of the messages twice."""
    return Disturbance(random.Random(seed), duplicate_share)
