"""What a community has agreed on: members, stage, limits."""

from dataclasses import asdict, dataclass
from fractions import Fraction

from broker.mechanisms.catalogue import MECHANISMS
from wire.messages import Calendar, Stage
from wire.slots import Slot, slot_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An enrolled meter: its public key and the nameplate power of its connection [W]."""

    meter: str
    public_key: bytes
    nameplate_import_w: int
    nameplate_export_w: int
    suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The rules of a community; times in seconds, `k_permille` places the price in the clearing interval."""

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
    sealed: bool = False
    reveal_within_s: int = 20

    def as_record(self) -> dict[str, int | str]:
        """The terms as the journal keeps them."""
        return asdict(self)

    @property
    def k(self) -> Fraction:
        """The place of the price inside the market-clearing interval, 0..1."""
        return Fraction(self.k_permille, 1000)

    def gate_s(self, slot: Slot) -> int:
        """The moment from which orders for a slot are late [s since 1970]."""
        return slot.start_s - self.gate_lead_s

    def clearing_s(self, slot: Slot) -> int:
        """The moment at which a slot is cleared: at the gate, or once sealed orders had their time to be revealed."""
        return self.gate_s(slot) + (self.reveal_within_s if self.sealed else 0)

    def last_tradable(self, now_s: int) -> Slot:
        """The last slot of the trading horizon at a moment."""
        return slot_at(now_s, self.slot_minutes).shifted(self.horizon_slots)

    def calendar(self, broker_key: str, log_key: str) -> Calendar:
        """The terms as the members see them."""
        stage = Stage(
            stage=self.stage,
            mechanism=self.mechanism,
            takes_orders=MECHANISMS[self.mechanism].clear is not None,
            gate_lead_s=self.gate_lead_s,
            horizon_slots=self.horizon_slots,
            k_permille=self.k_permille,
            sealed=bool(self.sealed),  # the journal keeps 0 or 1
            reveal_within_s=self.reveal_within_s,
        )
        return Calendar(
            community=self.community,
            broker_key=broker_key,
            log_key=log_key,
            currency=self.currency,
            slot_minutes=self.slot_minutes,
            stages=(stage,),
            steps_max=self.steps_max,
            messages_per_slot_max=self.messages_per_slot_max,
            report_within_s=self.report_within_s,
            group_min=self.group_min,
        )


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
