"""What the operator's page shows, as read from the records: plain facts without any markup."""

from dataclasses import dataclass

from broker.network.grid import UNLIMITED, Envelope, Line
from wire.messages import BookEntry, Calendar, Clearing, Gate, Trading


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundLine:
    """A cleared session in the list: price in micro-currency per kWh (None: no price), volume in Wh."""

    slot: str
    stage: str
    round: int
    mechanism: str
    outcome: str
    price_micro: int | None
    volume_wh: int
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardLine:
    """What a member got in a round [Wh], at its price [micro-currency/kWh] (None: nothing, or no whole price).

    `limits` is what its connection lets through in the slot.
    """

    meter: str
    bought_wh: int
    sold_wh: int
    price_micro: int | None
    reason: str
    limits: Envelope = UNLIMITED


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFacts:
    """All of one round: `gate` is None where the records begin later, `book` where pages are missing.

    `lines` are those of the network in the slot, as the round was cleared by them.
    """

    clearing: Clearing
    gate: Gate | None
    book: tuple[BookEntry, ...] | None
    awards: tuple[AwardLine, ...]
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    """A member since the start of the window: its settlements [Wh, nano-currency], its last slot, its rejections."""

    meter: str
    last_slot: str | None
    estimated: int
    drawn_wh: int
    fed_in_wh: int
    traded_wh: int
    paid_nano: int
    rejected: int
    last_rejection: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """The head of the log as last published."""

    size: int
    root: str
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """A member's part of the shared storage [Wh]: its share, its account, and what was granted last (+ charge).

    `next_share_wh` is None while the next period is not shared, `granted_wh` where the last slot granted nothing.
    """

    meter: str
    share_wh: int
    level_wh: int
    next_share_wh: int | None
    granted_wh: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLine:
    """What the storage was told in a slot [Wh, + charge], its charge after it, who asked and who got less."""

    slot: str
    flow_wh: int
    charge_wh: int
    asked: int
    cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BidsLine:
    """The next period for which bids count, until when they do, and who has not bid."""

    period: str
    until: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFacts:
    """The shared storage. `period` is the present one, None before the first; `flow` is None before the first slot.

    `bids` is None where shares are agreed, and before the first gate, which tells the market's time.
    """

    meter: str
    capacity_wh: int
    allocation: str
    period: str | None
    flow: FlowLine | None
    accounts: tuple[AccountLine, ...]
    bids: BidsLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Everything that the page's first view and lists show. `since` is where the window begins (RFC 3339, UTC).

    `trading` is the operator's last pause or resumption, None before the first. `begins` says that
    earlier rounds are erased, None where none are. `storage` is None where the members share none.
    """

    calendar: Calendar
    since: str
    rounds: tuple[RoundLine, ...]
    members: tuple[MemberLine, ...]
    rejections: tuple[tuple[str, int], ...]
    log: LogLine | None
    trading: Trading | None
    begins: str | None = None
    storage: StorageFacts | None = None
