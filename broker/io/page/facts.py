"""What the operator's page shows, as read from the records: plain facts without any markup."""

from dataclasses import dataclass

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
    """What a member got in a round [Wh], at its price [micro-currency/kWh] (None: nothing, or no whole price)."""

    meter: str
    bought_wh: int
    sold_wh: int
    price_micro: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFacts:
    """All of one round: `gate` is None where the records begin later, `book` where pages are missing."""

    clearing: Clearing
    gate: Gate | None
    book: tuple[BookEntry, ...] | None
    awards: tuple[AwardLine, ...]


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
class Market:
    """Everything that the page's first view and lists show. `since` is where the window begins (RFC 3339, UTC).

    `trading` is the operator's last pause or resumption, None before the first. `begins` says that
    earlier rounds are erased, None where none are.
    """

    calendar: Calendar
    since: str
    rounds: tuple[RoundLine, ...]
    members: tuple[MemberLine, ...]
    rejections: tuple[tuple[str, int], ...]
    log: LogLine | None
    trading: Trading | None
    begins: str | None = None
