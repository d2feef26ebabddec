"""The `[market]` of the broker's configuration: the rules of the community."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from broker.io.config_table import Table
from broker.io.stage_config import StageSettings, calendar_findings, live_mechanism, sealed_problem
from wire.fields import Id
from wire.slots import ALLOWED_MINUTES

SHORT_FORM = ("stage", "mechanism", "gate_lead_s", "horizon_slots", "k_permille", "sealed", "reveal_within_s")


class MarketSettings(Table):
    """The rules of the community, as in `broker.market.terms.Terms`.

    `stage`, `mechanism`, `gate_lead_s`, `horizon_slots`, `k_permille`, `sealed` and `reveal_within_s` are the short
    form of a calendar with one intraday stage; `[[market.stages]]` lists a calendar of several.
    """

    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    slot_minutes: int = 15
    stage: Id = "intraday"
    mechanism: str = "uniform_price_k_double_auction"
    gate_lead_s: int = Field(default=60, ge=0, le=86_400)
    horizon_slots: int = Field(default=96, ge=1, le=1_000)
    k_permille: int = Field(default=500, ge=0, le=1_000)
    steps_max: int = Field(default=60, ge=1, le=200)
    messages_per_slot_max: int = Field(default=20, ge=1, le=10_000)
    report_within_s: int = Field(default=900, ge=0, le=7 * 86_400)
    group_min: int = Field(default=10, ge=1, le=1_000_000)
    path_rounds_max: int = Field(default=20, ge=1, le=10_000)
    blocks_max: int = Field(default=20, ge=0, le=1_000)
    sealed: bool = False
    reveal_within_s: int = Field(default=20, ge=1, le=3_600)
    stages: tuple[StageSettings, ...] = ()

    @field_validator("slot_minutes")
    @classmethod
    def _divides_an_hour(cls, value: int) -> int:
        if value not in ALLOWED_MINUTES:
            raise ValueError(f"a slot of {value} min does not divide an hour: use one of {ALLOWED_MINUTES}")
        return value

    @field_validator("mechanism")
    @classmethod
    def _exists(cls, value: str) -> str:
        return live_mechanism(value)

    @model_validator(mode="after")
    def _can_be_sealed(self) -> Self:
        problem = sealed_problem(
            self.mechanism, is_sealed=self.sealed, reveal_within_s=self.reveal_within_s, gate_lead_s=self.gate_lead_s
        )
        if problem is not None:
            raise ValueError(problem)
        return self

    def findings(self) -> list[str]:
        """What does not hold between the keys, each with key, problem and remedy."""
        stages = [settings.as_stage() for settings in self.stages]
        found = [
            f"market.stages{'' if place is None else f'[{place}]'}: {problem}"
            for place, problem in calendar_findings(stages)
        ]
        both = [key for key in SHORT_FORM if key in self.model_fields_set] if stages else []
        return found + [f"market.{key}: stands beside [[market.stages]]; say it in the stage itself" for key in both]
