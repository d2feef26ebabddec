"""The stages of the market calendar in the configuration: one table per kind, with the keys that the kind has."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from broker.io.config_table import Table
from broker.mechanisms.catalogue import LIVE, MECHANISMS
from wire.fields import Id
from wire.messages import Stage, StageKind

AUCTION = "uniform_price_k_double_auction"


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"there is no time zone {value!r}: use a name like Europe/Berlin") from None
    return value


def live_mechanism(value: str) -> str:
    """The name of a mechanism that a community can run with.

    Raises: ValueError when it is none.
    """
    if value not in LIVE:
        raise ValueError(f"there is no mechanism {value!r}: use one of {', '.join(LIVE)}")
    return value


def _auction(value: str) -> str:
    names = [name for name, m in LIVE.items() if m.clear is not None]
    if value not in names:
        raise ValueError(f"there is no auction {value!r}: use one of {', '.join(names)}")
    return value


def _sharing_rule(value: str) -> str:
    names = [name for name, m in LIVE.items() if m.share is not None]
    if value not in names:
        raise ValueError(f"there is no sharing rule {value!r}: use one of {', '.join(names)}")
    return value


LocalTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
TimeZone = Annotated[str, AfterValidator(_known_zone)]
Auction = Annotated[str, AfterValidator(_auction)]
SharingRule = Annotated[str, AfterValidator(_sharing_rule)]
Permille = Annotated[int, Field(ge=0, le=1_000)]
LeadS = Annotated[int, Field(ge=0, le=7 * 86_400)]
Horizon = Annotated[int, Field(ge=1, le=4_032)]


def sealed_problem(mechanism: str, *, is_sealed: bool, reveal_within_s: int, gate_lead_s: int) -> str | None:
    """What keeps an intraday stage from taking sealed orders, with the remedy; None when nothing does."""
    if not is_sealed:
        return None
    if mechanism in MECHANISMS and MECHANISMS[mechanism].clear is None:
        return f"{mechanism} takes no orders that could be sealed: remove sealed, or choose an auction"
    if reveal_within_s >= gate_lead_s:
        return "a sealed market clears before its slot: set reveal_within_s below gate_lead_s"
    return None


class DayAheadSettings(Table):
    """All slots of a local day at once: orders from midnight until `gate_at` of the day before."""

    kind: Literal["day_ahead"]
    stage: Id = "day_ahead"
    mechanism: Auction = AUCTION
    gate_at: LocalTime = "12:00"
    time_zone: TimeZone = "UTC"
    k_permille: Permille = 500

    def as_stage(self) -> Stage:
        """The stage of the calendar."""
        return _stage(self, takes_orders=True, gate_at=self.gate_at, time_zone=self.time_zone)


class IntradaySettings(Table):
    """One auction per slot at its gate, or several before it."""

    kind: Literal["intraday"]
    stage: Id = "intraday"
    mechanism: Annotated[str, AfterValidator(live_mechanism)] = AUCTION
    gate_lead_s: int = Field(default=60, ge=0, le=86_400)
    horizon_slots: int = Field(default=96, ge=1, le=1_000)
    rounds: int = Field(default=1, ge=1, le=100)
    rounds_every_s: int = Field(default=900, ge=1, le=86_400)
    k_permille: Permille = 500
    sealed: bool = False
    reveal_within_s: int = Field(default=20, ge=1, le=3_600)

    @model_validator(mode="after")
    def _can_be_sealed(self) -> Self:
        problem = sealed_problem(
            self.mechanism, is_sealed=self.sealed, reveal_within_s=self.reveal_within_s, gate_lead_s=self.gate_lead_s
        )
        if problem is None and self.sealed and self.rounds > 1 and self.reveal_within_s >= self.rounds_every_s:
            problem = "a sealed round is cleared before the next one: set reveal_within_s below rounds_every_s"
        if problem is not None:
            raise ValueError(problem)
        return self

    def as_stage(self) -> Stage:
        """The stage of the calendar."""
        return _stage(
            self,
            takes_orders=MECHANISMS[self.mechanism].clear is not None,
            gate_lead_s=self.gate_lead_s,
            horizon_slots=self.horizon_slots,
            rounds=self.rounds,
            rounds_every_s=self.rounds_every_s if self.rounds > 1 else 0,
            sealed=self.sealed,
            reveal_within_s=self.reveal_within_s,
        )


class BalancingSettings(Table):
    """What is metered beyond the positions: divided inside the community before outside prices apply."""

    kind: Literal["balancing"]
    stage: Id = "balancing"
    mechanism: SharingRule = "mid_market_rate"

    def as_stage(self) -> Stage:
        """The stage of the calendar."""
        return _stage(self, takes_orders=False)


class BilateralSettings(Table):
    """Forward contracts between two members, until `gate_lead_s` before each slot."""

    kind: Literal["bilateral"]
    stage: Id = "bilateral"
    gate_lead_s: LeadS = 900
    horizon_slots: Horizon = 672

    def as_stage(self) -> Stage:
        """The stage of the calendar."""
        return _stage(self, takes_orders=False, gate_lead_s=self.gate_lead_s, horizon_slots=self.horizon_slots)


class _CallSettings(Table):
    """Calls of the operator, answered until `gate_lead_s` before the first slot of a call."""

    kind: Literal["flexibility", "ancillary"]
    stage: Id
    gate_lead_s: LeadS = 3_600
    horizon_slots: Horizon = 192

    def as_stage(self) -> Stage:
        """The stage of the calendar."""
        return _stage(self, takes_orders=False, gate_lead_s=self.gate_lead_s, horizon_slots=self.horizon_slots)


class FlexibilitySettings(_CallSettings):
    """Calls for less or more use."""

    kind: Literal["flexibility"]
    stage: Id = "flexibility"


class AncillarySettings(_CallSettings):
    """Calls to stand by for less or more use."""

    kind: Literal["ancillary"]
    stage: Id = "ancillary"


class StorageStageSettings(Table):
    """What members charge into their shares of the storage and discharge, until `gate_lead_s` before each slot.

    `k_permille` places the price of the auction of shares. What the storage is stands in `[storage]`.
    """

    kind: Literal["storage"]
    stage: Id = "storage"
    gate_lead_s: LeadS = 300
    horizon_slots: Horizon = 96
    k_permille: Permille = 500

    def as_stage(self) -> Stage:
        """The stage of the calendar."""
        return _stage(self, takes_orders=False, gate_lead_s=self.gate_lead_s, horizon_slots=self.horizon_slots)


AnyStage = (
    DayAheadSettings
    | IntradaySettings
    | BalancingSettings
    | BilateralSettings
    | FlexibilitySettings
    | AncillarySettings
    | StorageStageSettings
)
StageSettings = Annotated[AnyStage, Field(discriminator="kind")]
KINDS = ("day_ahead", "intraday", "balancing", "bilateral", "flexibility", "ancillary", "storage")
# stages without a mechanism of their own choice
MECHANISM_OF = {
    "bilateral": "forward_contract",
    "flexibility": "flexibility_auction",
    "ancillary": "ancillary_call",
    "storage": "shared_storage",
}


def _stage(
    settings: AnyStage | _CallSettings,
    *,
    takes_orders: bool,
    gate_lead_s: int | None = None,
    horizon_slots: int | None = None,
    gate_at: str | None = None,
    time_zone: str | None = None,
    rounds: int = 1,
    rounds_every_s: int = 0,
    sealed: bool = False,
    reveal_within_s: int = 20,
) -> Stage:
    return Stage(
        stage=settings.stage,
        kind=StageKind(settings.kind),
        mechanism=getattr(settings, "mechanism", MECHANISM_OF.get(settings.kind, "")),
        takes_orders=takes_orders,
        k_permille=getattr(settings, "k_permille", 0),
        gate_lead_s=gate_lead_s,
        horizon_slots=horizon_slots,
        gate_at=gate_at,
        time_zone=time_zone,
        rounds=rounds,
        rounds_every_s=rounds_every_s,
        sealed=sealed,
        reveal_within_s=reveal_within_s,
        in_rounds=sealed and MECHANISMS[getattr(settings, "mechanism", "")].in_rounds,
    )


def calendar_findings(stages: Sequence[Stage]) -> Iterator[tuple[int | None, str]]:
    """What does not hold between the stages of a calendar: (place in the list or None, problem and remedy)."""
    if not stages:
        return
    names = Counter(stage.stage for stage in stages)
    kinds = Counter(stage.kind for stage in stages)
    auctions = [stage.kind for stage in stages if stage.kind in (StageKind.DAY_AHEAD, StageKind.INTRADAY)]
    if not auctions:
        yield None, 'no stage takes orders; add one of kind "day_ahead" or "intraday"'
    for place, stage in enumerate(stages):
        if names[stage.stage] > 1:
            yield place, f"stage {stage.stage!r} stands more than once; give each its own name"
        if stage.kind is not StageKind.INTRADAY and kinds[stage.kind] > 1:
            yield place, f"there is more than one stage of kind {stage.kind.value!r}; keep one"
        if stage.kind is StageKind.DAY_AHEAD and StageKind.INTRADAY in [s.kind for s in stages[:place]]:
            yield place, "a day-ahead stage stands after an intraday stage; list stages in the order of trading"
