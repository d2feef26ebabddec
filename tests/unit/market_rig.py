"""A market with two members and a fake journal, for tests without I/O."""

from collections.abc import Iterable, Sequence

from broker.control.ports import LimitSource, Recorder, StorageFailed
from broker.control.service import Inbound, MarketService
from broker.market.events import Enrolled
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.terms import OutsidePrices, Terms
from wire.codec import encode
from wire.messages import Message, MeterReport, Order, OrderStep, PlanNotice, Side
from wire.signing import SigningKey, key_from_seed, seal
from wire.slots import Slot, format_utc

COMMUNITY = "elm"
START_S = 1_800_000_000
SECRET = bytes(32)
TERMS = Terms(community=COMMUNITY, horizon_slots=4, messages_per_slot_max=5, steps_max=3, group_min=2)


def meter_key(number: int) -> SigningKey:
    return key_from_seed(number.to_bytes(32, "big"))


def slot(number: int) -> Slot:
    return Slot(START_S + 900 * number, 15)


def enrolled(number: int, *, suspended: bool = False, nameplate_w: int = 11_000) -> Enrolled:
    return Enrolled(
        at_s=START_S,
        meter=f"home-{number}",
        public_key=meter_key(number).public_hex,
        nameplate_import_w=nameplate_w,
        nameplate_export_w=nameplate_w,
        suspended=suspended,
    )


class FakeJournal:
    """Keeps records in a list; `broken` makes every append fail."""

    def __init__(self, records: Iterable[bytes] = ()) -> None:
        self.kept = list(records)
        self.groups = 0
        self.broken = False

    def append(self, records: Sequence[bytes]) -> None:
        if self.broken:
            raise StorageFailed("the disk is full")
        self.kept += records
        self.groups += 1

    def records(self, first: int | None = None) -> Iterable[bytes]:
        return self.kept[first or 0 :]


class FakeRecorder:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, Outgoing]] = []
        self.through = 0

    def record(self, sent: Sequence[tuple[int, Outgoing]], *, through: int) -> None:
        self.rows += sent
        self.through = through


class FakePrices:
    """The same prices in every slot; None: unknown."""

    def __init__(self, prices: OutsidePrices | None = OutsidePrices(300_000, 100_000)) -> None:  # noqa: B008
        self.now = prices

    def prices(self, _slot: Slot) -> OutsidePrices | None:
        return self.now


def service(
    journal: FakeJournal | None = None,
    *,
    terms: Terms = TERMS,
    prices: FakePrices | None = None,
    recorder: Recorder | None = None,
    limits: LimitSource | None = None,
    **where: int | None,
) -> MarketService:
    return MarketService(
        Market(terms, SECRET),
        journal=FakeJournal() if journal is None else journal,
        prices=prices or FakePrices(),
        recorder=recorder or FakeRecorder(),
        limits=limits,
        **where,
    )


def opened(journal: FakeJournal | None = None, **settings: object) -> MarketService:
    """A service with members 1 and 2 and the slots of the horizon open."""
    market = service(journal, **settings)  # type: ignore[arg-type]
    market.agree([enrolled(1), enrolled(2)], START_S)
    market.step(START_S)
    return market


def order(
    number: int, at: Slot, *steps: tuple[Side, int, int], sequence: int = 1, community: str = COMMUNITY
) -> Order:
    return Order(
        community=community,
        meter=f"home-{number}",
        stage="intraday",
        slot=at.label,
        sequence=sequence,
        steps=tuple(OrderStep(side=s, price_micro_per_kwh=p, energy_wh=e) for s, p, e in steps),
        sent_at=format_utc(START_S),
    )


def report(number: int, at: Slot, imported: tuple[int, int], exported: tuple[int, int]) -> MeterReport:
    return MeterReport(
        community=COMMUNITY,
        meter=f"home-{number}",
        slot=at.label,
        sequence=1,
        import_from_wh=imported[0],
        import_to_wh=imported[1],
        export_from_wh=exported[0],
        export_to_wh=exported[1],
        quality="measured",
        replaces=None,
    )


def plan(number: int, at: Slot, *net_wh: int, round_number: int = 1) -> PlanNotice:
    return PlanNotice(
        community=COMMUNITY, meter=f"home-{number}", round=round_number, first_slot=at.label, net_wh=net_wh
    )


def frame(number: int, message: Message) -> bytes:
    return seal(meter_key(number), message.kind, COMMUNITY, encode(message))


def inbound(number: int, message: Message) -> Inbound:
    return Inbound(message.kind, f"home-{number}", frame(number, message))
