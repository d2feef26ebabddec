"""What a community has agreed on: members, stages, limits."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any, Literal

from broker.market.storage_terms import StorageTerms, storage_terms
from broker.mechanisms.catalogue import MECHANISMS
from broker.settlement.as_delivered import AS_TRADED
from wire.calendar import AUCTIONS, Gate, gates, last_open_s
from wire.codec import canonical
from wire.messages import Calendar, Stage, StageKind
from wire.slots import Slot

Record = dict[str, int | str]

KEEP_SETTLED_S = 2 * 86_400

CHANGEABLE = ("network", "preferences", "roles")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An enrolled meter: its public key, the nameplate power of its connection [W], and its gateway ("" for none).

    `suspended`: nothing of it counts; `revoked`: the operator said so, and enrolling it again does not change it.
    """

    meter: str
    public_key: bytes
    nameplate_import_w: int
    nameplate_export_w: int
    suspended: bool = False
    gateway: str = ""
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The rules of a community; times in seconds, `k_permille` places the price in the clearing interval.

    `stages` is the market calendar in the order of trading, `trading` the calendar that holds. Without
    `stages` it is one intraday stage, made of `stage`, `mechanism`, `gate_lead_s`, `horizon_slots`, `k_permille`,
    `sealed` and `reveal_within_s`; with them these seven say nothing.

    `storage` is the text of `broker.market.storage_terms`, "" without a shared storage.

    `network`, `preferences` and `roles` are texts (`broker.network.grid_text`, `broker.clearing.preferences`,
    `broker.sharing.roles`), "" without. They may change while the community lives: the journal has them in events of
    their own, not in the record of the terms.
    """

    community: str
    currency: str = "EUR"
    slot_minutes: int = 15
    stage: str = "intraday"
    mechanism: str = "uniform_price_k_double_auction"
    gate_lead_s: int = 60
    horizon_slots: int = 96
    k_permille: int = 500
    steps_max: int = 60
    messages_per_slot_max: int = 20
    report_within_s: int = 900
    group_min: int = 10
    imbalance: str = "mid_market_rate"
    allocation: Literal["as_traded", "first_in_first_out"] = AS_TRADED
    short_adder_micro_per_kwh: int = 0
    long_deduction_micro_per_kwh: int = 0
    penalty_micro_per_kwh: int = 0
    penalty_tolerance_wh: int = 0
    penalty_tolerance_permille: int = 0
    solidarity_micro_per_kwh: int = 0
    correct_within_s: int = 3 * 86_400
    path_rounds_max: int = 20
    blocks_max: int = 20
    network: str = ""
    preferences: str = ""
    roles: str = ""
    storage: str = ""
    stages: tuple[Stage, ...] = ()
    trading: tuple[Stage, ...] = field(init=False, repr=False, compare=False)
    sealed: bool = False
    reveal_within_s: int = 20

    def __post_init__(self) -> None:
        # the calendar as it holds, made once: intake asks for it with every order
        object.__setattr__(self, "trading", self.stages or (self._one_stage(),))

    def as_record(self) -> Record:
        """The terms as the journal keeps them; the calendar is JSON, and left out where the short form says it."""
        record: Record = {name: getattr(self, name) for name in _PLAIN}
        if self.storage:
            record["storage"] = self.storage
        if self.stages:
            record["stages"] = canonical([_stage_record(stage) for stage in self.stages]).decode()
        return record

    @property
    def k(self) -> Fraction:
        """The place of the price inside the market-clearing interval, 0..1."""
        return Fraction(self.k_permille, 1000)

    def _one_stage(self) -> Stage:
        return Stage(
            stage=self.stage,
            kind=StageKind.INTRADAY,
            mechanism=self.mechanism,
            takes_orders=MECHANISMS[self.mechanism].clear is not None,
            k_permille=self.k_permille,
            gate_lead_s=self.gate_lead_s,
            horizon_slots=self.horizon_slots,
            gate_at=None,
            time_zone=None,
            rounds=1,
            rounds_every_s=0,
            sealed=bool(self.sealed),  # the journal keeps 0 or 1
            reveal_within_s=self.reveal_within_s,
            in_rounds=bool(self.sealed) and MECHANISMS[self.mechanism].in_rounds,
        )

    def stage_named(self, name: str) -> Stage | None:
        """A stage of the calendar, None when it has no such stage."""
        return next((stage for stage in self.trading if stage.stage == name), None)

    def stage_of_kind(self, kind: StageKind) -> Stage | None:
        """The calendar's stage of a kind, None when there is none."""
        return next((stage for stage in self.trading if stage.kind is kind), None)

    @property
    def shared_storage(self) -> StorageTerms | None:
        """The storage that the members share, None when there is none."""
        return storage_terms(self.storage)

    @property
    def balancing(self) -> str:
        """The rule for what is metered beyond the positions: the balancing stage's, else `imbalance`."""
        stage = self.stage_of_kind(StageKind.BALANCING)
        if stage is not None:
            return stage.mechanism
        sessions = [stage.mechanism for stage in self.trading if stage.kind in AUCTIONS]
        shared = [name for name in sessions if MECHANISMS[name].share is not None]
        return shared[-1] if shared else self.imbalance

    def gates(self, slot: Slot) -> tuple[Gate, ...]:
        """The gates of a slot in the order in which they close."""
        return gates(self.trading, slot)

    def gate_s(self, slot: Slot) -> int:
        """The moment from which all orders for a slot are late [s since 1970]."""
        return self.gates(slot)[-1].gate_s

    def can_correct(self, slot: Slot, at_s: int) -> bool:
        """Whether a settled slot still takes other meter values."""
        return at_s <= slot.end_s + self.correct_within_s

    @property
    def keep_settled_s(self) -> int:
        """How long [s] the book of a settled slot is kept: for questions, and for corrections."""
        return max(KEEP_SETTLED_S, 60 * self.slot_minutes + self.correct_within_s + self.report_within_s)

    @property
    def least_kept_days(self) -> int:
        """The fewest days that records are kept: as long as the settlement of a slot may still be corrected."""
        return -(-self.keep_settled_s // 86_400)

    def clearing_s(self, gate: Gate) -> int:
        """When a session is cleared [s since 1970]: at its gate, a sealed one after the time to reveal."""
        stage = self.stage_named(gate.stage)
        return gate.gate_s + (stage.reveal_within_s if stage is not None and stage.sealed else 0)

    def last_tradable(self, now_s: int) -> Slot:
        """The last slot of the trading horizon at a moment."""
        return Slot(last_open_s(self.trading, now_s, 60 * self.slot_minutes), self.slot_minutes)

    def calendar(self, broker_key: str, log_key: str) -> Calendar:
        """The terms as the members see them."""
        return Calendar(
            community=self.community,
            broker_key=broker_key,
            log_key=log_key,
            currency=self.currency,
            slot_minutes=self.slot_minutes,
            stages=self.trading,
            steps_max=self.steps_max,
            messages_per_slot_max=self.messages_per_slot_max,
            report_within_s=self.report_within_s,
            group_min=self.group_min,
            path_rounds_max=self.path_rounds_max,
            blocks_max=self.blocks_max,
            balancing=self.balancing,
            allocation=self.allocation,
        )


def _stage_record(stage: Stage) -> dict[str, Any]:
    """A stage as the journal keeps it: what belongs to sealed orders only where it takes them."""
    return stage.model_dump(
        mode="json", exclude=set() if stage.sealed else {"sealed", "reveal_within_s", "in_rounds"}
    )


_PLAIN = tuple(f.name for f in fields(Terms) if f.name not in ("stages", "storage", "trading", *CHANGEABLE))


def terms_from_record(record: Mapping[str, int | str]) -> Terms:
    """The terms that a journal states.

    Raises: ValueError naming what this release does not know.
    """
    unknown = sorted(record.keys() - {*_PLAIN, "stages", "storage"})
    if unknown:
        raise ValueError(f"unknown terms: {', '.join(unknown)}")
    stages = json.loads(str(record["stages"])) if "stages" in record else []
    plain = {key: value for key, value in record.items() if key != "stages"}
    storage_terms(str(plain.get("storage", "")))
    return Terms(**plain, stages=tuple(Stage.model_validate(stage) for stage in stages))  # type: ignore[arg-type]


class TermsChanged(Exception):
    """The journal was written under other terms: revert the configuration, or start a new state directory."""


@dataclass(frozen=True, slots=True)
class OutsidePrices:
    """What the grid pays and takes in a slot [micro-currency/kWh]."""

    retail_micro: int
    feed_in_micro: int

    @property
    def has_market(self) -> bool:
        """False where feed-in exceeds retail: trading inside could only lose."""
        return self.feed_in_micro <= self.retail_micro
