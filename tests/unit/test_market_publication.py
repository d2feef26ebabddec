"""What a round publishes fits the frame at any size, and comes in an order that commits before it tells."""

from market_rig import COMMUNITY, SECRET, START_S, enrolled, inbound, opened, order, slot

from broker.ledger.log import pseudonym
from broker.market.outgoing import Outgoing
from broker.market.sessions.publication import ROSTER_PAGE, _shown_bytes, book_pages, roster_pages
from wire.audit import complete_book
from wire.codec import canonical, encode
from wire.commitments import RoundName, message_leaf
from wire.messages import (
    Award,
    AwardReason,
    Book,
    BookEntry,
    Checkpoint,
    Clearing,
    Gate,
    Leaves,
    Receipt,
    Roster,
    Side,
)
from wire.signing import MAX_FRAME_BYTES, key_from_seed, seal

BUY, SELL = (Side.BUY, 240_000, 500), (Side.SELL, 160_000, 500)
KEY = key_from_seed(bytes(32))
SLOT = slot(1).label


def fits(message: object) -> bool:
    return len(seal(KEY, message.kind, COMMUNITY, encode(message))) <= MAX_FRAME_BYTES  # type: ignore[attr-defined]


def entry(number: int, steps: int) -> BookEntry:
    level = (-(10**9), 10**9)
    return BookEntry(
        pseudonym=f"{number:016x}",
        arrival=10**9,
        commitment="f" * 64,
        sequence=2**31 - 1,
        salt="f" * 64,
        buy=(level,) * steps,
        sell=(),
    )


def test_pages_of_the_longest_orders_fit_a_frame_and_give_the_book_again() -> None:
    entries = tuple(entry(number, 200) for number in range(20)) + tuple(entry(n, 1) for n in range(20, 300))
    pages = book_pages(entries, RoundName("c" * 64, "s" * 64, SLOT, 1000))
    assert len(pages) > 5
    assert all(map(fits, pages))
    assert all(len(canonical(e.model_dump(mode="json"))) < _shown_bytes(e) for e in entries)
    assert complete_book(reversed(pages)) == entries
    assert complete_book(pages[1:]) is None


def test_an_empty_round_has_one_empty_page() -> None:
    (page,) = book_pages([], RoundName(COMMUNITY, "intraday", SLOT, 0))
    assert complete_book([page]) == ()


def test_a_roster_of_many_and_an_award_among_a_million_fit_a_frame() -> None:
    names = [f"{n:016x}" for n in range(2 * ROSTER_PAGE + 1)]
    pages = roster_pages(names, 10**9, START_S, 1, "c" * 64)
    assert [len(page.pseudonyms) for page in pages] == [ROSTER_PAGE, ROSTER_PAGE, 1]
    assert all(map(fits, pages))
    award = Award(
        community="c" * 64,
        meter="m" * 64,
        stage="s" * 64,
        slot=SLOT,
        round=1000,
        position_wh=10**9,
        sequence=2**31 - 1,
        bought_wh=10**9,
        sold_wh=10**9,
        price_micro_per_kwh=-(10**9),
        amount_nano=-(10**29),
        reason=AwardReason.NOT_COMPETITIVE,
        pseudonym="f" * 16,
        index=10**6,
        order_proof=("f" * 64,) * 20,
        award_proof=("f" * 64,) * 20,
    )
    assert fits(award)


def round_of_two() -> list[Outgoing]:
    market = opened()
    market.handle([inbound(1, order(1, slot(1), BUY)), inbound(2, order(2, slot(1), SELL))], START_S)
    return market.step(slot(1).start_s - 60)


def test_the_root_goes_out_before_the_clearing_and_the_orders_after_it() -> None:
    kinds = [type(out.message) for out in round_of_two()]
    wanted = [Gate, Clearing, Award, Award, Book, Leaves, Checkpoint]
    assert [kind for kind in kinds if kind in wanted] == wanted


def test_gate_and_clearing_are_leaves_of_the_log_in_this_order() -> None:
    out = [o.message for o in round_of_two()]
    (page,) = (m for m in out if isinstance(m, Leaves))
    fixed = [encode_leaf(m) for m in out if isinstance(m, Gate | Clearing)]
    assert list(page.leaves[-2:]) == fixed


def encode_leaf(message: Gate | Clearing) -> str:
    return canonical(message_leaf(message)).decode()


def test_nothing_public_names_a_meter() -> None:
    public = b"".join(encode(out.message) for out in round_of_two() if not out.meter)
    assert b"home-" not in public


def test_a_receipt_tells_the_pseudonym_and_the_salt_that_the_book_will_show() -> None:
    market = opened()
    (out,) = market.handle([inbound(1, order(1, slot(1), BUY))], START_S)
    receipt = out.message
    assert isinstance(receipt, Receipt)
    assert receipt.pseudonym == pseudonym(SECRET, "home-1", slot(1).start_s)
    pages = [o.message for o in market.step(slot(1).start_s - 60) if isinstance(o.message, Book)]
    (shown,) = complete_book([page for page in pages if page.slot == SLOT]) or ()
    assert (shown.pseudonym, shown.salt, shown.buy) == (receipt.pseudonym, receipt.salt, ((240_000, 500),))


def test_a_roster_grows_with_a_new_member_and_is_told_once() -> None:
    market = opened()
    before = [o.message for o in market.step(slot(1).start_s - 60) if isinstance(o.message, Roster)]
    assert before == []
    market.agree([enrolled(1), enrolled(2), enrolled(3)], slot(1).start_s)
    (page,) = (o.message for o in market.step(slot(2).start_s - 60) if isinstance(o.message, Roster))
    assert (page.revision, page.members, len(page.pseudonyms)) == (2, 3, 3)
