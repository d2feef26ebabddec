"""A community with a shared storage on a fake journal: members 1 to 3, the storage is member 9."""

from collections.abc import Sequence
from typing import Any

from market_rig import COMMUNITY, FakeJournal, FakePrices, enrolled, inbound, service
from test_calendar import INTRADAY, stage

from broker.control.ports import Recorder
from broker.control.service import MarketService
from broker.market.storage_terms import StorageTerms
from broker.market.terms import OutsidePrices, Terms
from wire.messages import (
    CurveStep,
    Message,
    MeterReport,
    Settlement,
    StageKind,
    StorageBid,
    StorageGrant,
    StorageRequest,
)
from wire.slots import Slot, format_utc

DAY_S = 86_400
PERIOD_S = 1_800_057_600  # 2027-01-16T00:00:00Z
BEFORE_S = PERIOD_S - 7_200
OWNER = 9
STORAGE_STAGE = stage(
    StageKind.STORAGE, takes_orders=False, mechanism="shared_storage", gate_lead_s=900, horizon_slots=48
)
TRADED = INTRADAY.model_copy(update={"horizon_slots": 4})  # hourly slots, gate 300 s before


def storage(**keys: Any) -> StorageTerms:
    """10 kWh, 3 kW in, 2 kW out, nine tenths and eight tenths efficient, a day is a period."""
    given: dict[str, Any] = {
        "meter": f"home-{OWNER}",
        "capacity_wh": 10_000,
        "charge_w": 3_000,
        "discharge_w": 2_000,
        "charge_efficiency_ppm": 900_000,
        "discharge_efficiency_ppm": 800_000,
        "period_days": 1,
        "first_period_s": 0,
    }
    return StorageTerms(**{**given, **keys})


def terms(agreed: StorageTerms, **keys: Any) -> Terms:
    given: dict[str, Any] = {"slot_minutes": 60, "group_min": 2, "report_within_s": 600}
    return Terms(community=COMMUNITY, stages=(TRADED, STORAGE_STAGE), storage=agreed.text(), **{**given, **keys})


class Community:
    """Members that report and are settled slot by slot; what was sent is kept."""

    def __init__(
        self, agreed: StorageTerms, *, members: int = 3, recorder: Recorder | None = None, **keys: Any
    ) -> None:
        self.journal, self.prices = FakeJournal(), FakePrices(OutsidePrices(300_000, 100_000))
        self.terms = terms(agreed, **keys)
        self.service: MarketService = service(self.journal, terms=self.terms, prices=self.prices, recorder=recorder)
        self.numbers = [*range(1, members + 1), OWNER]
        self.service.agree([enrolled(n) for n in self.numbers], BEFORE_S)
        self.sent: list[Message] = []
        self._registers = dict.fromkeys(self.numbers, (0, 0))
        self.step(BEFORE_S)

    def step(self, now_s: int) -> list[Message]:
        """What time brings."""
        sent = [out.message for out in self.service.step(now_s)]
        self.sent += sent
        return sent

    def say(self, now_s: int, *messages: Message) -> list[Message]:
        """The answers to messages of members."""
        items = [inbound(int(getattr(m, "meter").removeprefix("home-")), m) for m in messages]  # noqa: B009
        return [out.message for out in self.service.handle(items, now_s)]

    def grants(self, slot: Slot) -> dict[str, StorageGrant]:
        """What the storage granted in a slot, by meter; the gate of the slot closes."""
        self.step(slot.start_s - 900)
        return {m.meter: m for m in self.sent if isinstance(m, StorageGrant) and m.slot == slot.label}

    def metered(self, slot: Slot, net_wh: dict[int, int]) -> dict[str, Settlement]:
        """Every member reports its net energy [Wh, + import]; the settlements of the slot."""
        self.step(slot.end_s)
        self.say(slot.end_s, *(self._report(n, slot, net_wh.get(n, 0)) for n in self.numbers))
        sent = self.step(slot.end_s)
        return {m.meter: m for m in sent if isinstance(m, Settlement) and m.slot == slot.label}

    def _report(self, number: int, slot: Slot, net_wh: int) -> MeterReport:
        imported, exported = self._registers[number]
        after = imported + max(net_wh, 0), exported + max(-net_wh, 0)
        self._registers[number] = after
        return MeterReport(
            community=COMMUNITY,
            meter=f"home-{number}",
            slot=slot.label,
            sequence=1,
            import_from_wh=imported,
            import_to_wh=after[0],
            export_from_wh=exported,
            export_to_wh=after[1],
            quality="measured",
            replaces=None,
        )


def hour(number: int) -> Slot:
    """An hour of the first period."""
    return Slot(PERIOD_S + 3_600 * number, 60)


def bid(
    number: int,
    *steps: tuple[int, int],
    request_wh: int | None = None,
    sequence: int = 1,
    period_s: int = PERIOD_S,
) -> StorageBid:
    return StorageBid(
        community=COMMUNITY,
        meter=f"home-{number}",
        period=format_utc(period_s),
        sequence=sequence,
        steps=tuple(CurveStep(price_micro_per_kwh=price, energy_wh=energy) for price, energy in steps),
        request_wh=request_wh,
        sent_at=format_utc(BEFORE_S),
    )


def request(number: int, slot: Slot, energy_wh: int, *, sequence: int = 1) -> StorageRequest:
    return StorageRequest(
        community=COMMUNITY,
        meter=f"home-{number}",
        slot=slot.label,
        sequence=sequence,
        energy_wh=energy_wh,
        sent_at=format_utc(BEFORE_S),
    )


def lines(settlement: Settlement) -> list[tuple[str, str | None, int, int]]:
    """(item, label, Wh, nano) of each line."""
    return [(x.item.value, x.label, x.energy_wh, x.amount_nano) for x in settlement.lines]


def kinds(messages: Sequence[Message]) -> list[str]:
    return [m.kind for m in messages]
