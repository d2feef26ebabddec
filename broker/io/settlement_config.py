"""How a slot is settled, in the configuration."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from broker.io.tariff import PRICE_MAX
from broker.settlement.as_delivered import AS_TRADED
from broker.settlement.imbalance import TWO_PRICE, imbalance_names
from wire.quantities import MICRO_PER_UNIT


class SettlementSettings(BaseModel):
    """How what was metered beyond the awards is settled, what a deviation costs, how long values may be corrected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    imbalance: str = "mid_market_rate"
    allocation: Literal["as_traded", "first_in_first_out"] = AS_TRADED
    short_adder_micro_per_kwh: int = Field(default=0, ge=0, le=PRICE_MAX * MICRO_PER_UNIT)
    long_deduction_micro_per_kwh: int = Field(default=0, ge=0, le=PRICE_MAX * MICRO_PER_UNIT)
    penalty_micro_per_kwh: int = Field(default=0, ge=0, le=PRICE_MAX * MICRO_PER_UNIT)
    penalty_tolerance_wh: int = Field(default=0, ge=0, le=1_000_000)
    penalty_tolerance_permille: int = Field(default=0, ge=0, le=1_000)
    solidarity_micro_per_kwh: int = Field(default=0, ge=0, le=PRICE_MAX * MICRO_PER_UNIT)
    correct_within_s: int = Field(default=3 * 86_400, ge=0, le=60 * 86_400)

    @field_validator("imbalance")
    @classmethod
    def _exists(cls, value: str) -> str:
        if value not in imbalance_names():
            raise ValueError(f"there is no imbalance rule {value!r}: use one of {', '.join(imbalance_names())}")
        return value

    @model_validator(mode="after")
    def _is_used(self) -> Self:
        if self.imbalance != TWO_PRICE and (self.short_adder_micro_per_kwh or self.long_deduction_micro_per_kwh):
            raise ValueError(
                f'short_adder_micro_per_kwh and long_deduction_micro_per_kwh belong to imbalance = "{TWO_PRICE}":'
                " set that rule or remove them"
            )
        return self
