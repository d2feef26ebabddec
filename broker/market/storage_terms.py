"""What a community has agreed on about a storage that its members share: a text in the terms, and its periods."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal

from broker.contracts.storage_account import Storage
from wire.codec import canonical
from wire.messages import StorageRules
from wire.slots import format_utc

DAY_S = 86_400
PPM = 1_000_000
FIRST_MONDAY_S = 4 * DAY_S  # 1970-01-05T00:00:00Z

Allocation = Literal["auction", "reputation", "shares"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageTerms:
    """A shared storage: powers [W] on its AC side, efficiencies and losses in parts per million, prices in micro.

    Periods of `period_days` are counted from `first_period_s` [s since 1970]; each is allocated `allocation_lead_s`
    before it begins. `decay_ppm` is what stays of a reputation from period to period, `shares` [Wh] are those that
    are agreed where nothing is bid for.
    """

    meter: str
    capacity_wh: int
    charge_w: int
    discharge_w: int
    charge_efficiency_ppm: int = PPM
    discharge_efficiency_ppm: int = PPM
    standing_loss_per_day_ppm: int = 0
    allocation: Allocation = "auction"
    period_days: int = 7
    first_period_s: int = FIRST_MONDAY_S
    allocation_lead_s: int = 3_600
    reserve_price_micro: int = 0
    handover_price_micro: int = 0
    decay_ppm: int = 900_000
    shares: Mapping[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """The terms as the record of the journal keeps them."""
        return canonical(asdict(self)).decode()

    def unit(self, slot_s: int) -> Storage:
        """The storage in slots of `slot_s` seconds; energies are whole Wh, rounded down."""
        return Storage(
            charge_max=self.charge_w * slot_s // 3_600,
            discharge_max=self.discharge_w * slot_s // 3_600,
            charge_efficiency=Fraction(self.charge_efficiency_ppm, PPM),
            discharge_efficiency=Fraction(self.discharge_efficiency_ppm, PPM),
            standing_loss=Fraction(self.standing_loss_per_day_ppm * slot_s, PPM * DAY_S),
        )

    @property
    def decay(self) -> Fraction:
        """What stays of a reputation, 0..1."""
        return Fraction(self.decay_ppm, PPM)

    @property
    def period_s(self) -> int:
        """The length of a period [s]."""
        return self.period_days * DAY_S

    def is_period(self, start_s: int) -> bool:
        """Whether a period begins at a moment."""
        return (start_s - self.first_period_s) % self.period_s == 0

    def period_at_s(self, at_s: int) -> int:
        """The start [s since 1970] of the period in which a moment lies."""
        return at_s - (at_s - self.first_period_s) % self.period_s

    def first_open_period_s(self, at_s: int) -> int:
        """The start [s since 1970] of the first period whose bids can still come at a moment."""
        behind_s = at_s + self.allocation_lead_s - self.first_period_s
        return self.first_period_s + (behind_s // self.period_s + 1) * self.period_s

    def rules(self, community: str, stage: str) -> StorageRules:
        """The terms as the members see them."""
        return StorageRules(
            community=community,
            stage=stage,
            storage_meter=self.meter,
            capacity_wh=self.capacity_wh,
            charge_w=self.charge_w,
            discharge_w=self.discharge_w,
            charge_efficiency_ppm=self.charge_efficiency_ppm,
            discharge_efficiency_ppm=self.discharge_efficiency_ppm,
            standing_loss_per_day_ppm=self.standing_loss_per_day_ppm,
            allocation=self.allocation,
            period_days=self.period_days,
            first_period=format_utc(self.first_period_s),
            allocation_lead_s=self.allocation_lead_s,
            reserve_price_micro_per_kwh=self.reserve_price_micro,
            handover_price_micro_per_kwh=self.handover_price_micro,
        )


@lru_cache(maxsize=16)
def storage_terms(text: str) -> StorageTerms | None:
    """The terms of a text, None of "".

    Raises: ValueError naming what this release does not know.
    """
    if not text:
        return None
    said: dict[str, Any] = json.loads(text)
    unknown = sorted(said.keys() - {f.name for f in fields(StorageTerms)})
    if unknown:
        raise ValueError(f"unknown terms of the storage: {', '.join(unknown)}")
    return StorageTerms(**said)
