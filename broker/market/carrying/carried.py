"""A market's state as bytes, and the market again from them: what is carried forward when the past is not folded.

The market that goes on from a carried state behaves exactly as the one whose state it was: bit for bit the same
messages, leaves, checkpoints and money. Nothing of the secret is in it. The hashes of all leaves are, 32 bytes each,
so that proofs go on to hold.
"""

import hashlib
import json
import zlib
from dataclasses import dataclass, field
from functools import lru_cache

from broker.ledger.accounts import NotConserved
from broker.market.agreements.calls import Calls
from broker.market.agreements.contracts import HeldProposal
from broker.market.agreements.held_call import HeldCall
from broker.market.carrying.state_codec import Codec, UnknownState, codec_of
from broker.market.day_rules import Surroundings
from broker.market.delivery.meter_history import Row
from broker.market.market import Market
from broker.market.sessions.day_book import DayBook
from broker.market.sessions.slot_book import Holding, SlotBook
from broker.market.storage.state import StorageState
from broker.market.terms import Member, Terms, terms_from_record
from broker.market.totals import Totals
from broker.settlement.regulation import Regulation
from wire.messages import Checkpoint, Trading

FORMAT = 1
LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The state after `records` journal records, the newest of which is of the moment `last_s` [s since 1970].

    `acts` are the records that say what holds of members and terms, each with its place in the journal. Of the log
    it says what is `new` since the checkpoint and how much is `published`; `hashes` are its leaves.
    """

    format: int = FORMAT
    records: int
    last_s: int
    acts: list[tuple[int, str]]
    terms: dict[str, int | str]
    changeable: tuple[str, str, str]
    members: dict[str, Member]
    revoked_s: dict[str, int]
    books: dict[int, SlotBook]
    balances: dict[str, int]
    entries: int
    new: list[str]
    published: int
    totals: Totals
    changes: list[Trading]
    checkpoint: Checkpoint | None
    rosters: dict[int, tuple[int, dict[str, str]]]
    rules: dict[int, list[Surroundings]]
    rules_of: dict[int, tuple[str, str, tuple[str, ...]]]
    days: dict[tuple[str, int], DayBook]
    proposals: dict[tuple[str, str], HeldProposal]
    forward: dict[int, list[tuple[str, Holding]]]
    calls: dict[str, HeldCall]
    loads: dict[str, tuple[int, list[int]]]
    regulations: list[tuple[int, Regulation]]
    meters: dict[str, list[Row]]
    storage: StorageState = field(default_factory=StorageState)


@dataclass(frozen=True, slots=True)
class Body:
    """A carried state as text, with the leaves' hashes beside it."""

    text: bytes
    hashes: bytes

    @property
    def digest(self) -> bytes:
        """What names the state [32 bytes]; how the bytes are packed does not count."""
        return hashlib.sha256(len(self.text).to_bytes(LENGTH_BYTES, "big") + self.text + self.hashes).digest()

    def packed(self) -> bytes:
        """The bytes to keep."""
        text = zlib.compress(self.text, 6)
        return len(text).to_bytes(LENGTH_BYTES, "big") + text + self.hashes


def unpacked(packed: bytes) -> Body:
    """The body of kept bytes. Raises: UnknownState when they are damaged."""
    end = LENGTH_BYTES + int.from_bytes(packed[:LENGTH_BYTES], "big")
    try:
        return Body(zlib.decompress(packed[LENGTH_BYTES:end]), packed[end:])
    except zlib.error as error:
        raise UnknownState(f"the state cannot be unpacked: {error}") from None


@lru_cache(maxsize=1)
def _codec() -> Codec:
    return codec_of(Carried)


def body_of(market: Market, *, records: int, last_s: int, acts: list[tuple[int, str]]) -> Body:
    """The state of a market after so many records."""
    hashes, new, published = market.log.kept()
    terms = market.terms
    carried = Carried(
        records=records,
        last_s=last_s,
        acts=acts,
        terms={key: int(value) if isinstance(value, bool) else value for key, value in terms.as_record().items()},
        changeable=(terms.network, terms.preferences, terms.roles),
        members=market.members,
        revoked_s=market.membership.revoked_s,
        books=market.books,
        balances=market.accounts.balances(),
        entries=market.accounts.entries,
        new=new,
        published=published,
        totals=market.totals,
        changes=market.switch.changes,
        checkpoint=market.publisher.checkpoint,
        rosters=market.auctioneer.rosters.days,
        rules=market.auctioneer.rules.days,
        rules_of=market.auctioneer.rules.made_of,
        days=market.days,
        proposals=market.contracts.held,
        forward=market.contracts.forward,
        calls=market.calls.held,
        loads=_history(market.calls),
        regulations=market.settling.regulations,
        meters=market.inbox.meters.kept(),
        storage=market.storage.state,
    )
    text = json.dumps(_codec().plain(carried), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Body(text.encode(), hashes)


def _history(calls: Calls) -> dict[str, tuple[int, list[int]]]:
    return calls.baselines.history.kept()


def read_state(body: Body) -> Carried:
    """What a body says. Raises: UnknownState when this release cannot read it."""
    try:
        value = json.loads(body.text)
    except ValueError as error:
        raise UnknownState(f"the state is damaged: {error}") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise UnknownState(f"the state has format {str(value)[:20]}, this release knows {FORMAT}")
    if len(body.hashes) % 32:
        raise UnknownState("the leaves of the state are cut off")
    carried = _codec().read(value)
    assert isinstance(carried, Carried)
    return carried


def terms_of(carried: Carried) -> Terms:
    """The terms of the community. Raises: UnknownState for those of a newer release."""
    try:
        return terms_from_record(carried.terms)
    except ValueError as error:
        raise UnknownState(str(error)) from None


def continued(carried: Carried, hashes: bytes, market: Market) -> None:
    """Puts a fresh market of the same terms into the carried state.

    Raises: TermsChanged when its terms are others, UnknownState when the balances are none of a ledger.
    """
    market.check_terms(carried.terms)
    network, preferences, roles = carried.changeable
    market.agree(network=network, preferences=preferences, roles=roles)
    market.members.update(carried.members)
    market.membership.revoked_s.update(carried.revoked_s)
    market.books.update(carried.books)
    try:
        market.accounts.open_with(carried.balances, carried.entries)
    except NotConserved as error:
        raise UnknownState(str(error)) from None
    market.log.go_on_from(hashes, carried.new, carried.published)
    for name in Totals.__slots__:
        setattr(market.totals, name, getattr(carried.totals, name))
    market.switch.changes.extend(carried.changes)
    market.publisher.checkpoint = carried.checkpoint
    market.auctioneer.rosters.days.update(carried.rosters)
    market.auctioneer.rules.days.update(carried.rules)
    market.auctioneer.rules.made_of.update(carried.rules_of)
    market.days.update(carried.days)
    market.contracts.held.update(carried.proposals)
    market.contracts.forward.update(carried.forward)
    market.calls.held.update(carried.calls)
    market.calls.baselines.history.go_on_from(carried.loads)
    market.settling.regulations.extend(carried.regulations)
    market.inbox.meters.go_on_from(carried.meters)
    for name in StorageState.__slots__:
        setattr(market.storage.state, name, getattr(carried.storage, name))
