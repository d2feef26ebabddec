"""A sealed market of bilateral trade: what the pure rounds give, and no answer that breaks balance or money."""

from bilateral_rig import asked_in_rounds
from hypothesis import given, settings
from hypothesis import strategies as st
from market_rig import SECRET, START_S, FakeJournal, inbound, opened, order, service
from rounds_rig import (
    AT,
    GATE_S,
    PAIRING,
    Asked,
    Said,
    Session,
    Steps,
    balanced,
    mistreating,
    pair_reply_to,
    said_to,
    sealed,
)
from test_market_rounds import BOTH, KINDS, ORDERS, checks_its_award, questions

from broker.control.service import MarketService
from broker.ledger.log import pseudonym
from wire.messages import (
    Award,
    Clearing,
    Convergence,
    PairQuestion,
    Quantities,
    Question,
    Receipt,
    Rejection,
    Reply,
    Side,
)
from wire.messages import Book as Page
from wire.slots import parse_utc


def steps_of(orders: dict[int, Steps]) -> dict[int, tuple]:
    return {number: order(number, AT, *steps).steps for number, steps in orders.items()}


def keeps_promises(session: Session) -> Clearing:
    """Balance, money, limits of every member, one clearing in time and the same again from the journal."""
    clearing, report, awards = balanced(session)
    is_at_target = (
        report.primal_wh <= report.primal_target_wh and report.dual_micro_per_kwh <= report.dual_target_micro_per_kwh
    )
    assert is_at_target or not report.converged
    for number, steps in session.orders.items():
        award = awards[f"home-{number}"]
        checks_its_award(award, clearing, steps)
        most = [limit for side, limit, _ in steps if side is Side.BUY]
        assert award.bought_wh <= sum(energy for side, _, energy in steps if side is Side.BUY)
        assert award.sold_wh <= sum(energy for side, _, energy in steps if side is Side.SELL)
        if award.bought_wh and not award.sold_wh:
            assert award.amount_nano <= award.bought_wh * max(most)
        assert award.amount_nano <= worth(steps, award.bought_wh, Side.BUY) - worth(steps, award.sold_wh, Side.SELL)
    return clearing


def worth(steps: Steps, energy_wh: int, side: Side) -> int:
    """What the best steps of a side are worth [nano]."""
    best = sorted((limit, energy) for own, limit, energy in steps if own is side)
    total = 0
    for limit, energy in best[::-1] if side is Side.BUY else best:
        part = min(energy, energy_wh)
        total, energy_wh = total + part * limit, energy_wh - part
    return total


@settings(max_examples=8)
@given(ORDERS)
def test_the_messages_give_what_the_pure_rounds_give_and_no_step_is_published(orders: dict[int, Steps]) -> None:
    session = Session(orders, terms=PAIRING).run()
    clearing = keeps_promises(session)
    names = {pseudonym(SECRET, f"home-{number}", AT.start_s): steps for number, steps in steps_of(orders).items()}
    (report,) = session.of(Convergence)
    pure = asked_in_rounds(names, (100_000, 300_000), report.questions_max)
    expected = pure.outcome()
    assert (clearing.volume_wh, clearing.note or "") == (expected.volume, expected.note)
    for award in session.of(Award):
        name = award.pseudonym
        assert (award.bought_wh, award.sold_wh) == (expected.bought.get(name, 0), expected.sold.get(name, 0))
        assert award.amount_nano == expected.payment_of(name) - expected.receipt_of(name)
    assert all(
        entry.salt is None and not entry.buy and not entry.sell for p in session.of(Page) for entry in p.entries
    )
    assert session.running.last_s == GATE_S  # when all answer, no time passes


def test_every_pair_question_goes_to_its_own_member_under_pseudonyms() -> None:
    session = Session(BOTH, terms=PAIRING).run()
    asked = [out for out in session.sent if isinstance(out.message, PairQuestion)]
    assert asked
    buyer, seller = (pseudonym(SECRET, f"home-{number}", AT.start_s) for number in (1, 2))
    for out in asked:
        assert out.meter == out.message.meter
        sells, buys = ([row.partner for row in rows] for rows in (out.message.sells, out.message.buys))
        assert (sells, buys) == (([], [seller]) if out.meter == "home-1" else ([buyer], []))
    (clearing,) = session.of(Clearing)
    assert clearing.volume_wh == 400


@settings(max_examples=15)
@given(ORDERS, st.lists(KINDS, min_size=12, max_size=12))
def test_no_mistreated_answer_breaks_balance_money_or_limits(orders: dict[int, Steps], kinds: list[str]) -> None:
    keeps_promises(Session(orders, mistreat=mistreating(kinds), terms=PAIRING).run())


@settings(max_examples=5)
@given(ORDERS, st.integers(0, 10**6))
def test_lies_about_pairs_within_the_told_energy_harm_no_limit(orders: dict[int, Steps], seed: int) -> None:
    def mistreat(number: int, question: Asked, said: Said) -> list[tuple[int, Said]]:
        if isinstance(said, Reply) or (seed + number + question.question) % 3:
            return [(number, said)]
        shifted = {
            key: tuple(value // (1 + (seed + i) % 4) for i, value in enumerate(getattr(said, key)[::-1]))
            for key in ("sells_milli_wh", "buys_milli_wh")
        }
        return [(number, said.model_copy(update=shifted))]

    keeps_promises(Session(orders, mistreat=mistreat, terms=PAIRING).run())


@settings(max_examples=5)
@given(ORDERS, st.integers(0, 30))
def test_a_broker_that_crashes_between_questions_goes_on_where_it_was(orders: dict[int, Steps], crash: int) -> None:
    left = [crash]

    def restart(running: MarketService) -> MarketService:
        left[0] -= 1
        return service(session.journal, terms=PAIRING, send_from=0) if left[0] == 0 else running

    session = Session(orders, terms=PAIRING, restart=restart)
    session.run()
    keeps_promises(session)
    plain = Session(orders, terms=PAIRING).run()
    assert session.of(Clearing) == plain.of(Clearing)
    assert session.of(Award) == plain.of(Award)


def pairing(journal: FakeJournal | None = None) -> tuple[MarketService, list[PairQuestion]]:
    """A market that waits for the answers about the first pairs."""
    market = opened(journal, terms=PAIRING)
    market.handle([inbound(n, sealed(order(n, AT, *steps))) for n, steps in BOTH.items()], START_S)
    (first,) = questions(market.step(GATE_S))
    market.handle([inbound(n, *said_to(first, n, steps)) for n, steps in steps_of(BOTH).items()], GATE_S)
    sent = market.step(GATE_S)
    return market, [out.message for out in sent if isinstance(out.message, PairQuestion)]


def test_every_wrong_answer_about_pairs_is_refused_with_its_reason_and_changes_nothing() -> None:
    market, (one, two) = pairing()
    good, other = (pair_reply_to(asked, steps_of(BOTH)[n]) for n, asked in ((1, one), (2, two)))
    (out,) = market.handle([inbound(1, good)], GATE_S)
    assert isinstance(out.message, Receipt)
    assert (out.message.of, out.message.sequence) == ("pair_reply", 2)
    pairs = market.market.books[AT.start_s].session.iteration.pairs
    before = [list(row) for row in (*pairs.offered, *pairs.asked)]
    wrong = (
        ("conflicting_sequence", good.model_copy(update={"buys_milli_wh": (1,)})),
        ("round_over", good.model_copy(update={"question": 3})),
        ("wrong_reply", other.model_copy(update={"sells_milli_wh": ()})),
        ("wrong_reply", other.model_copy(update={"sells_milli_wh": (400_001,)})),
    )
    for code, reply in wrong:
        (out,) = market.handle([inbound(int(reply.meter[-1]), reply)], GATE_S)
        assert isinstance(out.message, Rejection), code
        assert out.message.code == code
    at_prices = Reply(
        **{key: getattr(two, key) for key in ("community", "stage", "slot", "round", "question", "meter")},
        quantities=(Quantities(0, 0, 0, 0),),
    )
    (out,) = market.handle([inbound(2, at_prices)], GATE_S)
    assert out.message.code == "wrong_reply"
    (out,) = market.handle([inbound(2, other)], parse_utc(two.answer_by))
    assert out.message.code == "round_over"
    assert before == [list(row) for row in (*pairs.offered, *pairs.asked)]


def test_who_falls_silent_stands_by_its_last_answer_and_the_last_question_is_still_asked() -> None:
    def silent(number: int, question: Asked, said: Said) -> list[tuple[int, Said]]:
        return [] if number == 2 and question.question > 2 else [(number, said)]

    session = Session(BOTH, mistreat=silent, terms=PAIRING).run()
    clearing = keeps_promises(session)
    assert len(session.of(Question)) == 2
    assert len({q.question for q in session.of(PairQuestion)}) > 1
    assert clearing.volume_wh > 0


def test_after_a_crash_the_questions_that_were_open_are_sent_again() -> None:
    journal = FakeJournal()
    _, asked = pairing(journal)
    again = service(journal, terms=PAIRING, send_from=0).unsent
    assert [out.message for out in again if isinstance(out.message, PairQuestion)] == asked


def test_a_broker_that_comes_back_too_late_clears_with_what_it_knows_and_says_so() -> None:
    journal = FakeJournal()
    market, asked = pairing(journal)
    market.handle([inbound(n, pair_reply_to(q, steps_of(BOTH)[n])) for n, q in enumerate(asked, 1)], GATE_S)
    late = service(journal, terms=PAIRING).step(GATE_S + PAIRING.reveal_within_s)
    (clearing,) = [o.message for o in late if isinstance(o.message, Clearing) and o.message.slot == AT.label]
    assert clearing.note is not None
    assert clearing.note.startswith("not converged")
