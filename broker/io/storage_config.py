"""The shared storage in the configuration, and what has to hold between it, the calendar and the members."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from broker.io.stage_config import LeadS
from broker.io.tariff import PRICE_MAX, micro
from broker.market.storage_terms import FIRST_MONDAY_S, PPM, StorageTerms
from broker.market.terms import Terms
from broker.settlement.as_delivered import AS_TRADED
from wire.fields import Id
from wire.messages import Stage, StageKind
from wire.quantities import WH_PER_KWH

LARGEST = 1_000_000  # kWh, kW
Amount = Annotated[Decimal, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
Share = Annotated[Decimal, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
Efficiency = Annotated[Decimal, Field(gt=0, le=1, allow_inf_nan=False)]
Part = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]
Price = Annotated[Decimal, Field(ge=0, le=PRICE_MAX, allow_inf_nan=False)]
FIRST_MONDAY = datetime.fromtimestamp(FIRST_MONDAY_S, UTC)


class StorageSettings(BaseModel):
    """A storage that the members share; `meter` is the member whose meter measures it and who owns it.

    Capacity is what the accounts may hold in all, powers are on the AC side. Periods of `period_days` are counted
    from `first_period`, and are shared out `allocation_lead_s` before each begins.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    meter: Id
    capacity_kwh: Amount
    charge_kw: Amount
    discharge_kw: Amount
    charge_efficiency: Efficiency = Decimal(1)
    discharge_efficiency: Efficiency = Decimal(1)
    standing_loss_per_day: Annotated[Decimal, Field(ge=0, lt=1, allow_inf_nan=False)] = Decimal(0)
    allocation: Literal["auction", "reputation", "shares"] = "auction"
    period_days: int = Field(default=7, ge=1, le=366)
    first_period: AwareDatetime = FIRST_MONDAY
    allocation_lead_s: LeadS = 3_600
    reserve_price_per_kwh: Price = Decimal(0)
    handover_price_per_kwh: Price = Decimal(0)
    decay: Part = Decimal("0.9")
    shares: Mapping[Id, Share] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_the_allocation(self) -> Self:
        if self.allocation == "shares" and not self.shares:
            raise ValueError('shares: are missing; give each member its kWh, or set allocation = "auction"')
        if self.allocation != "shares" and self.shares:
            raise ValueError(f'shares: say nothing with allocation = "{self.allocation}"; remove them')
        if self.allocation != "auction" and "reserve_price_per_kwh" in self.model_fields_set:
            raise ValueError(f'reserve_price_per_kwh: says nothing with allocation = "{self.allocation}"; remove it')
        if self.allocation != "reputation" and "decay" in self.model_fields_set:
            raise ValueError(f'decay: says nothing with allocation = "{self.allocation}"; remove it')
        if sum(self.shares.values()) > self.capacity_kwh:
            raise ValueError(f"shares: sum to more than capacity_kwh = {self.capacity_kwh}; share at most that")
        if self.meter in self.shares:
            raise ValueError(f"shares: {self.meter} is the storage itself; remove its share")
        return self

    def terms(self) -> StorageTerms:
        """The storage as the market agrees on it; energies and powers are rounded down to whole Wh and W."""
        return StorageTerms(
            meter=self.meter,
            capacity_wh=int(self.capacity_kwh * WH_PER_KWH),
            charge_w=int(self.charge_kw * 1_000),
            discharge_w=int(self.discharge_kw * 1_000),
            charge_efficiency_ppm=int(self.charge_efficiency * PPM),
            discharge_efficiency_ppm=int(self.discharge_efficiency * PPM),
            standing_loss_per_day_ppm=int(self.standing_loss_per_day * PPM),
            allocation=self.allocation,
            period_days=self.period_days,
            first_period_s=int(self.first_period.timestamp()),
            allocation_lead_s=self.allocation_lead_s,
            reserve_price_micro=micro(self.reserve_price_per_kwh),
            handover_price_micro=micro(self.handover_price_per_kwh),
            decay_ppm=int(self.decay * PPM),
            shares={meter: int(kwh * WH_PER_KWH) for meter, kwh in sorted(self.shares.items())},
        )


def storage_findings(
    settings: StorageSettings | None, terms: Terms, nameplates_w: Mapping[str, tuple[int, int]]
) -> Iterator[str]:
    """What does not hold between the storage, the calendar and the members, each with key, problem and remedy.

    `nameplates_w` are the members' connections [W], import and export.
    """
    stage = terms.stage_of_kind(StageKind.STORAGE)
    if settings is None:
        if stage is not None:
            yield "market.stages: a stage of kind storage stands there without [storage]; add it, or remove the stage"
        return
    if stage is None:
        yield 'storage: the calendar has no stage for it; add a [[market.stages]] of kind = "storage"'
    else:
        yield from _stage_findings(settings, stage, terms)
    yield from _member_findings(settings, nameplates_w)
    if terms.allocation != AS_TRADED:
        yield f'settlement.allocation: "{terms.allocation}" would cut what the storage took; set "{AS_TRADED}"'
    if settings.first_period.timestamp() % (60 * terms.slot_minutes):
        yield f"storage.first_period: begins no slot of {terms.slot_minutes} min; name the start of one"


def _stage_findings(settings: StorageSettings, stage: Stage, terms: Terms) -> Iterator[str]:
    """The storage's gate is before the last one of trading, and when the slot is open for it."""
    assert stage.gate_lead_s is not None, "checked when the stage was read"
    traded = [s for s in terms.trading if s.kind is StageKind.INTRADAY]
    if not traded:
        yield "storage: members trade the rest after its gate; add a stage of kind intraday"
        return
    last_s = min(s.gate_lead_s for s in traded if s.gate_lead_s is not None)
    if stage.gate_lead_s <= last_s:
        yield (
            f"market.stages: the storage is told {stage.gate_lead_s} s before a slot, trading ends {last_s} s before;"
            " set a larger gate_lead_s in the stage of kind storage"
        )
    ahead_s = max(s.horizon_slots for s in traded if s.horizon_slots is not None) * 60 * terms.slot_minutes
    if stage.gate_lead_s > ahead_s:
        yield (
            f"market.stages: the storage is told {stage.gate_lead_s} s before a slot, which opens {ahead_s} s before;"
            " set a smaller gate_lead_s in the stage of kind storage, or a larger horizon_slots"
        )
    if settings.allocation_lead_s < stage.gate_lead_s:
        yield (
            f"storage.allocation_lead_s: {settings.allocation_lead_s} is after the gate of the first slot;"
            f" use at least {stage.gate_lead_s}"
        )


def _member_findings(settings: StorageSettings, nameplates_w: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    for meter in sorted({settings.meter, *settings.shares} - nameplates_w.keys()):
        key = "meter" if meter == settings.meter else f"shares.{meter}"
        yield f"storage.{key}: {meter} is no member; add it to [[members]], or name another"
    powers = {"charge_kw": settings.charge_kw, "discharge_kw": settings.discharge_kw}
    for (key, kw), limit_w in zip(powers.items(), nameplates_w.get(settings.meter, ()), strict=False):
        if kw * 1_000 > limit_w:
            yield f"storage.{key}: {kw} is more than {settings.meter} is connected for; use {limit_w / 1000:g}"
