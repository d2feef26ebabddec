"""One home with a battery that trades in all opened stages of the real market, in virtual time, slot by slot."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from market_rig import FakePrices, enrolled, meter_key, service

from broker.market.events import ActivationAsked, CallAsked
from broker.market.terms import Terms
from hems.bidding.offers import offers_from_line, offers_to_line
from hems.control.decision import Decision
from hems.control.energy_manager import EnergyManager, Settings
from hems.control.stage_trader import StageTrader
from hems.control.transactive_meter import MemoryOutbox, Registers, TransactiveMeter
from hems.metering.image import SiteImage
from tests.fakes import BATTERY, BROKER_KEY, COMMUNITY, START_S, FakeOutlooks, home, idle, image, slot
from twin.bus import Bus
from wire.messages import Message, Stage
from wire.slots import Slot

LEAD_S = 400


class Calls:
    """Calls and activations that wait for their time (`at_s`), and what was wrong with them."""

    def __init__(self, *waiting: CallAsked | ActivationAsked) -> None:
        self.list, self.wrong = list(waiting), list[str]()

    def waiting(self, now_s: int) -> list[CallAsked | ActivationAsked]:
        return [asked.model_copy(update={"at_s": now_s}) for asked in self.list if asked.at_s <= now_s]

    def taken(self, taken: CallAsked | ActivationAsked, problem: str | None) -> None:
        self.list = [asked for asked in self.list if asked.model_copy(update={"at_s": taken.at_s}) != taken]
        self.wrong += [] if problem is None else [problem]


def market_bus(
    stages: tuple[Stage, ...], members: int, *calls: CallAsked | ActivationAsked, storage: str = ""
) -> Bus:
    """The real broker with members 1 to `members`, whose meters do nothing by themselves."""
    terms = Terms(community=COMMUNITY, stages=stages, group_min=1, storage=storage)
    opened = service(terms=terms, prices=FakePrices())
    opened._calls = Calls(*calls)  # type: ignore[assignment] - the rig's service has no calls
    opened.agree([enrolled(number) for number in range(1, members + 1)], START_S)
    bus = Bus(opened, BROKER_KEY)
    for number in range(1, members + 1):
        meter = TransactiveMeter(
            meter=f"home-{number}",
            community=COMMUNITY,
            key=meter_key(number),
            broker_key=BROKER_KEY.public,
            outbox=MemoryOutbox(),
        )
        meter.view.learn(terms.calendar(BROKER_KEY.public_hex, "0" * 64))
        bus.meters[meter.meter] = meter
    return bus


@dataclass(slots=True)
class TradingHome:
    """Home 1: a kilowatt of load and a battery that does what it is told; `said` is what the broker told it."""

    bus: Bus
    trader: StageTrader
    soc: float = 0.5
    registers: Registers = Registers(at_s=START_S, import_wh=0, export_wh=0)  # noqa: RUF009 - frozen
    said: list[Message] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    manager: EnergyManager = field(
        default_factory=lambda: EnergyManager(home(BATTERY), FakeOutlooks(), settings=Settings(horizon_slots=24))
    )

    @property
    def meter(self) -> TransactiveMeter:
        """Its meter."""
        return self.bus.meters["home-1"]

    def run(self, slots: Sequence[int]) -> None:
        """Plans and offers before each slot, lives it, and reports it."""
        for number in slots:
            self._turn(number)
            self._live(number)

    def rest(self, slots: Sequence[int]) -> None:
        """Lives slots in which the battery does nothing, and reports them."""
        for number in slots:
            self._hear(slot(number).start_s)
            self._report(slot(number), 250)

    def _hear(self, now_s: int) -> None:
        self.said += [out.message for out in self.bus.step(now_s)]

    def _turn(self, number: int) -> None:
        of, now_s = slot(number), slot(number).start_s - LEAD_S
        self._hear(now_s)
        strategy = self.manager.prepare(now_s, of, self._image(now_s), self.meter.view)
        offers = self.trader.offers(now_s, self.manager, self.meter.view)
        self.reasons += [words for _, _, words in offers.reasons]
        order = self.meter.order(strategy, now_s)
        frames = [
            self.meter.plan_notice(strategy, now_s),
            *self.meter.offers(offers_from_line(offers_to_line(offers)), now_s),
            *([] if order is None else [order]),
            *self.meter.later_orders(strategy, now_s),
        ]
        self.said += [
            out.message for out in self.bus.to_broker([(self.meter.meter, frame) for frame in frames], now_s)
        ]

    def _live(self, number: int) -> None:
        of = slot(number)
        for now_s in range(of.start_s - LEAD_S, of.start_s + 1, 100):
            self._hear(now_s)
        decision = self.manager.decide(of.start_s, of, self._image(of.start_s), self.meter.view)
        self.decisions.append(decision)
        self.meter.view.flexibility.decided(of, decision.net_kw)
        (setpoint,) = decision.setpoints
        self.soc += setpoint.power_kw * 0.25 / BATTERY.capacity_kwh
        self._report(of, round((1.0 + setpoint.power_kw) * 250.0))

    def _report(self, of: Slot, net_wh: int) -> None:
        before = self.registers
        self.registers = Registers(
            at_s=of.end_s,
            import_wh=before.import_wh + max(net_wh, 0),
            export_wh=before.export_wh + max(-net_wh, 0),
        )
        self.said += [
            out.message
            for out in self.bus.to_broker(
                [(self.meter.meter, self.meter.report(of, before, self.registers))], of.end_s
            )
        ]

    def _image(self, now_s: int) -> SiteImage:
        return image({"battery": idle(soc=self.soc)}, at_s=now_s)
