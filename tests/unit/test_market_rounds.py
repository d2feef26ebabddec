"""A sealed market that asks: the result of the auction, and no reply that breaks balance, money or time."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from market_rig import COMMUNITY, SECRET, START_S, FakeJournal, inbound, opened, order, service, slot
from rounds_rig import ASKING, AT, GATE_S, OF, Session, Steps, balanced, mistreating, reply_to, sealed

from broker.clearing import uniform
from broker.clearing.book import Book, Step, book_side
from broker.clearing.outcome import Outcome, Rules
from broker.control.service import MarketService
from broker.io.stage_config import IntradaySettings
from broker.ledger.log import pseudonym
from broker.market.events import SlotCancelled
from broker.market.terms import Terms, terms_from_record
from hems.control.equilibrium import own_award
from wire.commitments import shown_order
from wire.messages import (
    Award,
    BookEntry,
    Clearing,
    Gate,
    Quantities,
    Question,
    Receipt,
    Rejection,
    Side,
)
from wire.messages import Book as Page
from wire.slots import parse_utc

PRICES = st.integers(100_000, 300_000) | st.sampled_from([100_000, 200_000, 299_999, 300_000])
KINDS = st.sampled_from(["lost", "late", "doubled", "contradicting", "foreign", "short", "faithful", "faithful"])
BOTH: dict[int, Steps] = {1: ((Side.BUY, 240_000, 500),), 2: ((Side.SELL, 160_000, 400),)}


@st.composite
def order_steps(draw: st.DrawFn) -> Steps:
    prices = sorted(draw(st.sets(PRICES, min_size=1, max_size=3)))
    buys = draw(st.integers(0, len(prices)))
    sides = [(Side.BUY, price) for price in prices[:buys][::-1]] + [(Side.SELL, price) for price in prices[buys:]]
    return tuple((side, price, draw(st.integers(1, 800))) for side, price in sides)


ORDERS = st.dictionaries(st.integers(1, 5), order_steps(), max_size=5)


def auctioned(orders: dict[int, Steps]) -> Outcome:
    sides = [
        book_side(
            Step(pseudonym(SECRET, f"home-{number}", AT.start_s), price, energy)
            for number, steps in orders.items()
            for side, price, energy in steps
            if side is wanted
        )
        for wanted in (Side.BUY, Side.SELL)
    ]
    return uniform.clear(Book(*sides), Rules(k=Fraction(1, 2)))


def checks_its_award(award: Award, clearing: Clearing, steps: Steps) -> None:
    """The meter finds nothing wrong with its award, however little it has replied, and does when it costs more."""
    own = shown_order(order(1, AT, *steps).steps, pseudonym=award.pseudonym, sequence=1, salt="5a" * 32, of=OF)
    if clearing.outcome == "cleared":
        assert own_award(award, own, clearing, is_exact=False, premium_micro=0) == []
        dear = award.model_copy(update={"amount_nano": award.amount_nano + 10**12})
        assert own_award(dear, own, clearing, is_exact=False, premium_micro=0)


def keeps_promises(session: Session) -> Clearing:
    """Balance, money, limits and one clearing in time, whatever was sent."""
    clearing, report, awards = balanced(session)
    assert report.questions == len(session.of(Question))
    for number, steps in session.orders.items():
        checks_its_award(awards[f"home-{number}"], clearing, steps)
        award, price = awards[f"home-{number}"], clearing.price_micro_per_kwh
        if price is not None:
            assert award.bought_wh <= sum(e for s, limit, e in steps if s is Side.BUY and limit >= price)
            assert award.sold_wh <= sum(e for s, limit, e in steps if s is Side.SELL and limit <= price)
            assert award.amount_nano == (award.bought_wh - award.sold_wh) * price
    return clearing


@settings(max_examples=25)
@given(ORDERS)
def test_questions_give_what_the_auction_gives_and_no_step_is_published(orders: dict[int, Steps]) -> None:
    session, expected = Session(orders).run(), auctioned(orders)
    clearing = keeps_promises(session)
    assert (clearing.volume_wh, clearing.note, clearing.unrevealed) == (expected.volume, None, 0)
    assert (clearing.price_low_micro_per_kwh, clearing.price_high_micro_per_kwh) == (expected.low, expected.high)
    for award in session.of(Award):
        assert award.bought_wh == expected.bought.get(award.pseudonym, 0)
        assert award.sold_wh == expected.sold.get(award.pseudonym, 0)
    entries: list[BookEntry] = [entry for page in session.of(Page) for entry in page.entries]
    assert all(entry.salt is None and not entry.buy and not entry.sell for entry in entries)
    (gate,) = session.of(Gate)
    assert (gate.orders, gate.root) == (len(orders), clearing.orders_root)
    assert session.running.last_s == GATE_S  # when all answer, no time passes


@settings(max_examples=40)
@given(ORDERS, st.lists(KINDS, min_size=12, max_size=12))
def test_no_mistreated_reply_breaks_balance_money_or_time(orders: dict[int, Steps], kinds: list[str]) -> None:
    keeps_promises(Session(orders, mistreat=mistreating(kinds)).run())


@settings(max_examples=15)
@given(ORDERS, st.integers(0, 12))
def test_a_broker_that_crashes_between_questions_goes_on_where_it_was(orders: dict[int, Steps], crash: int) -> None:
    left = [crash]

    def restart(running: MarketService) -> MarketService:
        left[0] -= 1
        return service(session.journal, terms=ASKING, send_from=0) if left[0] == 0 else running

    session = Session(orders, restart=restart)
    session.run()
    keeps_promises(session)
    plain = Session(orders).run()
    assert session.of(Clearing) == plain.of(Clearing)
    assert session.of(Award) == plain.of(Award)


def test_after_a_crash_the_question_that_was_open_is_sent_again() -> None:
    journal = FakeJournal()
    (question,) = questions(asking(journal).step(GATE_S))
    again = service(journal, terms=ASKING, send_from=0)
    assert questions(again.unsent) == [question]


def test_a_broker_that_comes_back_too_late_clears_with_what_it_knows() -> None:
    journal = FakeJournal()
    market = asking(journal)
    (question,) = questions(market.step(GATE_S))
    market.handle([inbound(n, reply_to(question, n, order(n, AT, *BOTH[n]).steps)) for n in (1, 2)], GATE_S)
    soon = service(journal, terms=ASKING).step(GATE_S + ASKING.reveal_within_s)
    (clearing,) = [out.message for out in soon if isinstance(out.message, Clearing) and out.message.slot == AT.label]
    assert clearing.volume_wh == 400
    assert clearing.note is not None
    assert clearing.note.startswith("not converged")


def test_a_slot_that_the_operator_voids_between_questions_takes_no_reply_and_clears_never() -> None:
    journal = FakeJournal()
    market = asking(journal)
    (question,) = questions(market.step(GATE_S))
    market.enact([SlotCancelled(at_s=GATE_S, slot_s=AT.start_s)])
    (out,) = market.handle([inbound(1, reply_to(question, 1, order(1, AT, *BOTH[1]).steps))], GATE_S)
    assert out.message.code == "round_over"
    for running in (market, service(journal, terms=ASKING)):
        later = running.step(GATE_S + ASKING.reveal_within_s)
        assert not [o for o in later if isinstance(o.message, Clearing) and o.message.slot == AT.label]
        assert running.market.books[AT.start_s].state == "void"


def test_after_the_slot_is_over_there_is_no_market() -> None:
    market = asking()
    (question,) = questions(market.step(GATE_S))
    market.handle([inbound(1, reply_to(question, 1, order(1, AT, *BOTH[1]).steps))], GATE_S)
    late = market.step(AT.end_s)
    (clearing,) = [out.message for out in late if isinstance(out.message, Clearing) and out.message.slot == AT.label]
    assert (clearing.outcome, clearing.volume_wh) == ("no_market", 0)


def asking(journal: FakeJournal | None = None) -> MarketService:
    market = opened(journal, terms=ASKING)
    market.handle([inbound(n, sealed(order(n, AT, *steps))) for n, steps in BOTH.items()], START_S)
    return market


def questions(sent: list) -> list[Question]:
    return [out.message for out in sent if isinstance(out.message, Question)]


def test_every_wrong_reply_is_refused_with_its_reason_and_changes_nothing() -> None:
    market = asking()
    (question,) = questions(market.step(GATE_S))
    steps = order(1, AT, *BOTH[1]).steps
    good = reply_to(question, 1, steps)
    rows = len(good.quantities)
    sent = market.handle([inbound(1, good)], GATE_S)
    assert [(o.message.of, o.message.sequence, o.message.stage) for o in sent] == [("reply", 1, "intraday")]
    before = market.market.books[AT.start_s].session.iteration.rounds.heard.copy()
    two = good.model_copy(update={"meter": "home-2"})
    wrong = {
        "conflicting_sequence": good.model_copy(update={"quantities": (Quantities(1, 1, 0, 0),) * rows}),
        "round_over": good.model_copy(update={"question": 2}),
        "wrong_reply": two.model_copy(update={"quantities": two.quantities[1:]}),
        "over_nameplate": two.model_copy(update={"quantities": (Quantities(0, 0, 9_999, 9_999),) * rows}),
        "foreign_slot": good.model_copy(update={"slot": slot(90).label}),
    }
    for code, reply in wrong.items():
        number = int(reply.meter[-1])
        (out,) = market.handle([inbound(number, reply)], GATE_S)
        assert isinstance(out.message, Rejection), code
        assert out.message.code == code
    crossing = two.model_copy(update={"quantities": (Quantities(1, 1, 1, 1),) * rows})
    (out,) = market.handle([inbound(2, crossing)], GATE_S)
    assert out.message.code == "wrong_reply"
    (out,) = market.handle([inbound(2, two)], parse_utc(question.answer_by))
    assert out.message.code == "round_over"
    assert market.market.books[AT.start_s].session.iteration.rounds.heard == before
    assert isinstance(market.handle([inbound(1, good)], GATE_S)[0].message, Receipt)


def test_a_sealed_stage_of_an_iterated_price_asks_and_the_journal_keeps_that() -> None:
    asking_stage = IntradaySettings(kind="intraday", mechanism="iterated_price", sealed=True).as_stage()
    auction = IntradaySettings(kind="intraday", sealed=True).as_stage()
    plain = IntradaySettings(kind="intraday", mechanism="iterated_price").as_stage()
    assert [stage.in_rounds for stage in (asking_stage, auction, plain)] == [True, False, False]
    terms = Terms(community=COMMUNITY, stages=(asking_stage,))
    assert terms_from_record(terms.as_record()) == terms
    assert ASKING.trading[0].in_rounds
