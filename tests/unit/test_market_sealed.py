"""A sealed market: commitments before the gate, reveals after it, and what is not revealed is void."""

from dataclasses import replace

from market_rig import COMMUNITY, START_S, TERMS, FakeJournal, inbound, opened, order, service, slot

from broker.control.service import MarketService
from broker.market.outgoing import Outgoing
from broker.market.terms import Terms
from wire.commitments import RoundName, shown_order
from wire.messages import Award, Book, Clearing, Gate, Order, Receipt, Rejection, Reveal, SealedOrder, Side

SEALED_TERMS = replace(TERMS, sealed=True, reveal_within_s=20)
BUY, SELL = (Side.BUY, 240_000, 500), (Side.SELL, 160_000, 500)
GATE_S = slot(1).start_s - 60
SALTS = {number: f"{number:064x}" for number in (1, 2)}


def market() -> MarketService:
    return opened(terms=SEALED_TERMS)


def sealed(number: int, hidden: Order) -> SealedOrder:
    shown = shown_order(
        hidden.steps,
        pseudonym="0" * 16,
        sequence=hidden.sequence,
        salt=SALTS[number],
        of=RoundName(COMMUNITY, hidden.stage, hidden.slot, 0),
    )
    return SealedOrder(
        community=COMMUNITY,
        meter=hidden.meter,
        stage=hidden.stage,
        slot=hidden.slot,
        round=0,
        sequence=hidden.sequence,
        commitment=shown.commitment,
        sent_at=hidden.sent_at,
    )


def reveal(number: int, hidden: Order, **changes: object) -> Reveal:
    opened_order = Reveal(
        community=COMMUNITY,
        meter=hidden.meter,
        stage=hidden.stage,
        slot=hidden.slot,
        round=0,
        sequence=hidden.sequence,
        salt=SALTS[number],
        steps=hidden.steps,
    )
    return opened_order.model_copy(update=changes)


def of(kind: type, sent: list[Outgoing]) -> list:
    return [out.message for out in sent if isinstance(out.message, kind) and out.message.slot == slot(1).label]


def both_sealed() -> tuple[MarketService, Order, Order]:
    service_, buy, sell = market(), order(1, slot(1), BUY), order(2, slot(1), SELL)
    sent = service_.handle([inbound(1, sealed(1, buy)), inbound(2, sealed(2, sell))], START_S)
    assert [(type(o.message), o.message.of, o.message.salt) for o in sent] == [(Receipt, "sealed", None)] * 2
    return service_, buy, sell


def test_revealed_orders_are_cleared_under_the_root_that_was_published_before() -> None:
    service_, buy, sell = both_sealed()
    (gate,) = of(Gate, service_.step(GATE_S))
    sent = service_.handle([inbound(1, reveal(1, buy)), inbound(2, reveal(2, sell))], GATE_S + 5)
    assert all(isinstance(o.message, Receipt) for o in sent)
    assert not of(Clearing, service_.step(GATE_S + 19))
    out = service_.step(GATE_S + 20)
    (clearing,) = of(Clearing, out)
    assert (clearing.volume_wh, clearing.unrevealed, clearing.orders) == (500, 0, 2)
    assert clearing.orders_root == gate.root
    assert {entry.salt for page in of(Book, out) for entry in page.entries} == set(SALTS.values())


def test_an_order_that_is_not_revealed_is_void_and_counted() -> None:
    service_, buy, _ = both_sealed()
    service_.step(GATE_S)
    service_.handle([inbound(1, reveal(1, buy))], GATE_S + 5)
    out = service_.step(GATE_S + 20)
    (clearing,) = of(Clearing, out)
    assert (clearing.outcome, clearing.unrevealed, clearing.orders) == ("no_trade", 1, 2)
    assert {award.meter: award.reason for award in of(Award, out)} == {
        "home-1": "no_counterpart",
        "home-2": "unrevealed",
    }


def test_a_reveal_before_the_gate_too_late_or_of_something_else_is_refused_and_the_book_unchanged() -> None:
    service_, buy, _ = both_sealed()
    book = service_.market.books[slot(1).start_s]
    other = reveal(1, order(1, slot(1), (Side.BUY, 250_000, 500)))
    for message, at_s in (
        (reveal(1, buy), START_S),
        (other, GATE_S + 1),
        (reveal(1, buy, salt="f" * 64), GATE_S + 1),
    ):
        service_.step(at_s)
        (out,) = service_.handle([inbound(1, message)], at_s)
        assert isinstance(out.message, Rejection)
        assert out.message.code == "wrong_reveal"
    assert book.orders == {}
    service_.step(GATE_S + 20)
    (out,) = service_.handle([inbound(1, reveal(1, buy))], GATE_S + 20)
    assert isinstance(out.message, Rejection)


def test_an_open_order_is_refused_in_a_sealed_market() -> None:
    (out,) = market().handle([inbound(1, order(1, slot(1), BUY))], START_S)
    assert isinstance(out.message, Rejection)
    assert out.message.code == "sealed_market"


def test_an_order_that_may_not_enter_is_refused_when_it_is_revealed() -> None:
    service_, hidden = market(), order(1, slot(1), (Side.BUY, 900_000, 500))
    service_.handle([inbound(1, sealed(1, hidden))], START_S)
    service_.step(GATE_S)
    (out,) = service_.handle([inbound(1, reveal(1, hidden))], GATE_S + 1)
    assert isinstance(out.message, Rejection)
    assert out.message.code == "price_out_of_band"


def test_the_journal_of_a_sealed_market_gives_the_same_log_again() -> None:
    journal = FakeJournal()
    live = opened(journal, terms=SEALED_TERMS)
    buy = order(1, slot(1), BUY)
    live.handle([inbound(1, sealed(1, buy))], START_S)
    live.step(GATE_S)
    live.handle([inbound(1, reveal(1, buy))], GATE_S + 5)
    live.step(slot(1).end_s)
    again = service(FakeJournal(journal.kept), terms=SEALED_TERMS)
    assert again.market.publisher.checkpoint == live.market.publisher.checkpoint
    assert again.market.publisher.checkpoint is not None


def test_every_round_of_a_sealed_stage_has_its_own_commitments() -> None:
    rounds = (
        Terms(community=COMMUNITY, sealed=True)
        .trading[0]
        .model_copy(update={"rounds": 2, "rounds_every_s": 300, "horizon_slots": 4})
    )
    service_ = opened(terms=Terms(community=COMMUNITY, group_min=2, stages=(rounds,)))
    first_s, buy, sell = GATE_S - 300, order(1, slot(1), BUY), order(2, slot(1), SELL)
    late = sealed(1, buy).model_copy(update={"round": 1})
    (out,) = service_.handle([inbound(1, late)], START_S)
    assert isinstance(out.message, Rejection)
    assert out.message.code == "too_early"
    service_.handle([inbound(1, sealed(1, buy)), inbound(2, sealed(2, sell))], START_S)
    (gate,) = of(Gate, service_.step(first_s))
    service_.handle([inbound(1, reveal(1, buy)), inbound(2, reveal(2, sell))], first_s + 5)
    (clearing,) = of(Clearing, service_.step(first_s + 20))
    assert (gate.round, clearing.round, clearing.volume_wh) == (0, 0, 500)
    again = order(1, slot(1), BUY, sequence=2)
    (out,) = service_.handle([inbound(1, sealed(1, again))], first_s + 30)
    assert isinstance(out.message, Rejection)
    assert out.message.code == "gate_closed"
    (out,) = service_.handle([inbound(1, in_round(1, again))], first_s + 30)
    assert isinstance(out.message, Receipt)
    (gate,) = of(Gate, service_.step(GATE_S))
    assert (gate.round, gate.orders) == (1, 1)
    (clearing,) = of(Clearing, service_.step(GATE_S + 20))
    assert (clearing.round, clearing.unrevealed, clearing.outcome) == (1, 1, "no_trade")


def in_round(number: int, hidden: Order) -> SealedOrder:
    of_round = RoundName(COMMUNITY, hidden.stage, hidden.slot, 1)
    shown = shown_order(hidden.steps, pseudonym="0" * 16, sequence=hidden.sequence, salt=SALTS[number], of=of_round)
    return sealed(number, hidden).model_copy(update={"round": 1, "commitment": shown.commitment})
