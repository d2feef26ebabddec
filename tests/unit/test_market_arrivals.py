"""Price-time priority live: the order of acceptance decides; an order that only shrinks keeps its place."""

from typing import Any

import pytest

from broker.market.events import DeliveryEnded, Enrolled, Event, GateClosed, Received, SettlementDue, SlotOpened
from broker.market.market import Market
from broker.market.terms import Terms
from broker.mechanisms.catalogue import LIVE
from wire.codec import encode
from wire.messages import Award, Clearing, Order, OrderStep, Side, SlotState
from wire.signing import key_from_seed, seal
from wire.slots import Slot

COMMUNITY, START_S = "elm", 1_800_000_000
SLOT = Slot(START_S + 900, 15)
KEYS = {name: key_from_seed(bytes([n]) * 32) for n, name in enumerate(("ann", "bob", "cid", "dee"), start=1)}


def order(meter: str, sequence: int, *steps: tuple[Side, int, int]) -> Received:
    message = Order(
        community=COMMUNITY,
        meter=meter,
        stage="intraday",
        slot=SLOT.label,
        sequence=sequence,
        steps=tuple(
            OrderStep(side=side, price_micro_per_kwh=price, energy_wh=energy) for side, price, energy in steps
        ),
        sent_at=SLOT.label,
    )
    frame = seal(KEYS[meter], "order", COMMUNITY, encode(message))
    return Received(at_s=START_S, kind="order", meter=meter, frame=frame.decode("latin-1"))


def enrolled() -> list[Event]:
    return [
        Enrolled(at_s=0, meter=name, public_key=key.public_hex, nameplate_import_w=11_000, nameplate_export_w=11_000)
        for name, key in KEYS.items()
    ]


def opened() -> Event:
    return SlotOpened(at_s=START_S, slot_s=SLOT.start_s, retail_micro=300_000, feed_in_micro=100_000)


def cleared(mechanism: str, orders: list[Received]) -> tuple[Clearing, dict[str, Award]]:
    market = Market(Terms(community=COMMUNITY, mechanism=mechanism), bytes(32))
    events: list[Event] = [*enrolled(), opened(), *orders, GateClosed(at_s=SLOT.start_s - 60, slot_s=SLOT.start_s)]
    messages: list[Any] = [out.message for event in events for out in market.apply(event)]
    [clearing] = [message for message in messages if isinstance(message, Clearing)]
    return clearing, {message.meter: message for message in messages if isinstance(message, Award)}


def sold(orders: list[Received]) -> tuple[int, int]:
    """What cid and dee sell [Wh] when both offer 500 Wh at 150,000 and ann takes 500 Wh."""
    clearing, awards = cleared("continuous_double_auction", [*orders, order("ann", 1, (Side.BUY, 200_000, 500))])
    assert clearing.price_micro_per_kwh == 150_000
    assert clearing.note is None
    return awards["cid"].sold_wh, awards["dee"].sold_wh


def offer(meter: str, sequence: int, energy_wh: int = 500) -> Received:
    return order(meter, sequence, (Side.SELL, 150_000, energy_wh))


def test_who_was_accepted_first_sells_first() -> None:
    assert sold([offer("cid", 1), offer("dee", 1)]) == (500, 0)
    assert sold([offer("dee", 1), offer("cid", 1)]) == (0, 500)


def test_a_repeated_message_changes_nothing() -> None:
    assert sold([offer("cid", 1), offer("dee", 1), offer("cid", 1)]) == (500, 0)


def test_an_order_that_shrinks_keeps_its_place() -> None:
    assert sold([offer("cid", 1), offer("dee", 1), offer("cid", 2, 300)]) == (300, 200)


@pytest.mark.parametrize("steps", [[(Side.SELL, 150_000, 501)], [(Side.SELL, 150_000, 500), (Side.SELL, 160_000, 1)]])
def test_an_order_that_asks_for_more_goes_to_the_end(steps: list[tuple[Side, int, int]]) -> None:
    assert sold([offer("cid", 1), offer("dee", 1), order("cid", 2, *steps)]) == (0, 500)


def test_trade_is_at_the_price_that_was_there_first() -> None:
    bid, ask = order("ann", 1, (Side.BUY, 250_000, 400)), order("cid", 1, (Side.SELL, 120_000, 400))
    assert cleared("continuous_double_auction", [bid, ask])[0].price_micro_per_kwh == 250_000
    assert cleared("continuous_double_auction", [ask, bid])[0].price_micro_per_kwh == 120_000


@pytest.mark.parametrize(
    "name", [name for name, m in LIVE.items() if m.clear and name != "continuous_double_auction"]
)
def test_the_order_of_acceptance_matters_to_no_other_auction(name: str) -> None:
    orders = [offer("dee", 1), offer("cid", 1), order("ann", 1, (Side.BUY, 200_000, 500)), offer("bob", 1)]
    assert cleared(name, orders) == cleared(name, orders[::-1])


@pytest.mark.parametrize("name", [name for name, m in LIVE.items() if m.clear])
def test_a_slot_is_settled_to_the_last_nano_whatever_the_auction_leaves_or_asks_for(name: str) -> None:
    market = Market(Terms(community=COMMUNITY, mechanism=name), bytes(32))
    orders = [
        order("ann", 1, (Side.BUY, 250_000, 500), (Side.BUY, 170_000, 333)),
        order("bob", 1, (Side.BUY, 210_000, 700)),
        order("cid", 1, (Side.SELL, 120_000, 600), (Side.SELL, 180_000, 901)),
        order("dee", 1, (Side.SELL, 150_000, 450)),
    ]
    events: list[Event] = [*enrolled(), opened(), *orders, GateClosed(at_s=SLOT.start_s - 60, slot_s=SLOT.start_s)]
    after: list[Event] = [
        DeliveryEnded(at_s=SLOT.end_s, slot_s=SLOT.start_s),
        SettlementDue(at_s=SLOT.end_s + 900, slot_s=SLOT.start_s),
    ]
    for event in (*events, *after):
        market.apply(event)
    assert market.accounts.sum_nano() == 0
    assert market.books[SLOT.start_s].state is SlotState.SETTLED
