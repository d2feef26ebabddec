"""A community that trades: homes, meters and broker, all of them the production code, driven slot by slot."""

import hashlib
import random

from broker.control.ports import NoRecorder
from broker.control.service import MarketService
from broker.ledger.transfer import COMMUNITY as COMMUNITY_ACCOUNT
from broker.market.events import Enrolled
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from hems.bidding.storage import with_storage as with_storage_use
from hems.control.energy_manager import EnergyManager
from hems.control.stage_trader import StageTrader
from hems.control.storage_trader import StorageTrader
from hems.control.transactive_meter import Frame, MemoryOutbox, TransactiveMeter
from hems.planning.planner import Planner
from twin.bus import Bus, Disturbance
from twin.plant import Plant
from twin.schemes.alone import Outlooks, Progress, settings_for
from twin.schemes.market_terms import COMMUNITY, market_terms
from twin.schemes.ports import MemoryJournal, WorldPrices
from twin.schemes.trace import MECHANISM, MarketTrace, close_home
from twin.shared_storage import BID_PART
from twin.world import TwinHome, World
from wire import messages as m
from wire.signing import key_from_seed
from wire.slots import parse_utc

NAMEPLATE_W = 100_000


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
        terms = market_terms(world, mechanism, seed, stages)
        self._order_s = world.gate_lead_s + 1
        self._reports: list[tuple[str, Frame]] = []
        market = Market(terms, _seed_bytes(seed, "secret"))
        broker_key = key_from_seed(_seed_bytes(seed, "broker"))
        self.journal = MemoryJournal()
        service = MarketService(market, journal=self.journal, prices=WorldPrices(world), recorder=NoRecorder())
        self._bus = Bus(service, broker_key, disturbance=disturbance)
        self._plants = {twin.name: Plant(world, twin) for twin in world.homes}
        self._managers = {
            twin.name: EnergyManager(twin.home, outlooks[twin.name], settings=settings_for(world))
            for twin in world.homes
        }
        self._traders = {
            name: StageTrader(storage=StorageTrader(BID_PART, Planner()) if terms.storage else None)
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


def _seed_bytes(seed: int, purpose: str) -> bytes:
    """32 bytes that follow from a seed and a purpose."""
    return hashlib.sha256(f"hearthgrid-twin/{seed}/{purpose}".encode()).digest()


def shuffled(seed: int, duplicate_share: float) -> Disturbance:
    """A disturbance that shuffles every batch and delivers a share of the messages twice."""
    return Disturbance(random.Random(seed), duplicate_share)
