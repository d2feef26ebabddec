"""Every reason for which a message is refused: the sender is told, the event is journaled, the book is unchanged."""

import copy
import json
from collections.abc import Callable

import pytest
from market_rig import (
    COMMUNITY,
    START_S,
    FakeJournal,
    FakePrices,
    enrolled,
    frame,
    inbound,
    meter_key,
    opened,
    order,
    plan,
    report,
    slot,
)

from broker.control.service import Inbound, MarketService
from broker.market.events import Received, Refused, SlotOpened, decode_event
from broker.market.terms import OutsidePrices
from wire.codec import canonical, encode
from wire.messages import Message, Receipt, Rejection, Reveal, SealedOrder, Side
from wire.reasons import HINTS, Reason
from wire.signing import MAX_FRAME_BYTES, seal
from wire.slots import Slot, format_utc

BUY = (Side.BUY, 200_000, 500)
GOOD = order(1, slot(2), BUY)
SEALED = SealedOrder(
    community=COMMUNITY,
    meter="home-1",
    stage="intraday",
    slot=slot(2).label,
    round=0,
    sequence=1,
    commitment="0" * 64,
    sent_at=slot(0).label,
)
REVEAL = Reveal(
    community=COMMUNITY,
    meter="home-1",
    stage="intraday",
    slot=slot(2).label,
    round=0,
    sequence=1,
    salt="0" * 64,
    steps=GOOD.steps,
)
RESERVED = {Reason.REGISTER_MISMATCH}
ELSEWHERE = {
    Reason.SEALED_MARKET,  # tests/unit/test_market_sealed.py
    # test_market_blocks, test_market_contracts, test_market_flexibility
    Reason.BAD_LINK,
    Reason.UNKNOWN_CONTRACT,
    Reason.UNKNOWN_CALL,
    Reason.STORAGE_RULES,  # test_market_storage
    Reason.WRONG_GATEWAY,  # test_gateway_batches
    Reason.ROUND_OVER,  # test_market_rounds
    Reason.WRONG_REPLY,
}

Setting = Callable[[MarketService], tuple[Inbound, int]]


def bytes_of(payload: bytes, kind: str = "order", number: int = 1) -> Inbound:
    return Inbound(kind, f"home-{number}", seal(meter_key(number), kind, COMMUNITY, payload))


def edited(message: Message, **values: object) -> Inbound:
    return bytes_of(canonical({**json.loads(encode(message)), **values}), message.kind)


def at_start(item: Inbound) -> Setting:
    return lambda _: (item, START_S)


def suspended(market: MarketService) -> tuple[Inbound, int]:
    market.enact([enrolled(1, suspended=True)])
    return inbound(1, GOOD), START_S


def beyond_horizon(market: MarketService) -> tuple[Inbound, int]:
    market.enact([SlotOpened(at_s=START_S, slot_s=slot(9).start_s, retail_micro=300_000, feed_in_micro=100_000)])
    return inbound(1, order(1, slot(9), BUY)), START_S


def after_another(sequence: int, then: int) -> Setting:
    def setting(market: MarketService) -> tuple[Inbound, int]:
        market.handle([inbound(1, order(1, slot(2), BUY, sequence=sequence))], START_S)
        return inbound(1, order(1, slot(2), (Side.BUY, 210_000, 500), sequence=then)), START_S

    return setting


def after_many(market: MarketService) -> tuple[Inbound, int]:
    market.handle([inbound(1, order(1, slot(2), BUY, sequence=n)) for n in range(1, 6)], START_S)
    return inbound(1, order(1, slot(2), BUY, sequence=9)), START_S


def without_prices(market: MarketService) -> tuple[Inbound, int]:
    market.enact([SlotOpened(at_s=START_S, slot_s=slot(9).start_s, retail_micro=None, feed_in_micro=None)])
    return inbound(1, order(1, slot(9), BUY)), slot(6).start_s


def reported(imported: tuple[int, int], exported: tuple[int, int] = (0, 0)) -> Setting:
    def setting(market: MarketService) -> tuple[Inbound, int]:
        market.step(slot(1).end_s)
        market.handle([inbound(1, report(1, slot(1), (100, 200), (50, 50)))], slot(1).end_s)
        end_s = slot(2).end_s
        market.step(end_s)
        return inbound(1, report(1, slot(2), imported, exported)), end_s

    return setting


def reported_twice(market: MarketService) -> tuple[Inbound, int]:
    market.step(slot(1).end_s)
    market.handle([inbound(1, report(1, slot(1), (100, 200), (50, 50)))], slot(1).end_s)
    return inbound(1, report(1, slot(1), (100, 201), (50, 50))), slot(1).end_s


def settled(market: MarketService) -> tuple[Inbound, int]:
    late_s = slot(1).end_s + 900
    market.step(late_s)
    long_after_s = slot(1).end_s + 3 * 86_400 + 1
    return inbound(1, report(1, slot(1), (100, 200), (50, 50))), long_after_s


def settled_on_an_estimate(market: MarketService) -> tuple[Inbound, int]:
    late_s = slot(1).end_s + 900
    market.step(late_s)
    late = report(1, slot(1), (100, 200), (50, 50)).model_copy(update={"quality": "estimated"})
    return inbound(1, late), late_s


def replaced(**update: object) -> Setting:
    """A second report with a higher sequence, after one that was measured."""

    def setting(market: MarketService) -> tuple[Inbound, int]:
        reported_twice(market)
        other = report(1, slot(1), (100, 210), (50, 50)).model_copy(update={"sequence": 2, **update})
        return inbound(1, other), slot(1).end_s

    return setting


def beyond_the_next_report(market: MarketService) -> tuple[Inbound, int]:
    late_s = slot(2).end_s
    market.step(late_s)
    market.handle([inbound(1, report(1, slot(2), (200, 300), (50, 50)))], late_s)
    return inbound(1, report(1, slot(1), (100, 201), (50, 50))), late_s


CASES: list[tuple[Reason, Setting]] = [
    (Reason.NOT_SEALED, at_start(inbound(1, SEALED))),
    (Reason.WRONG_REVEAL, at_start(inbound(1, REVEAL))),
    (Reason.OVERSIZED, at_start(Inbound("order", "home-1", b"x" * (MAX_FRAME_BYTES + 1)))),
    (Reason.BAD_FRAME, at_start(Inbound("order", "home-1", b"v1.junk"))),
    (Reason.BAD_FRAME, at_start(Inbound("order", "home-1", b""))),
    (Reason.UNKNOWN_METER, at_start(inbound(9, order(9, slot(2), BUY)))),
    (Reason.SUSPENDED, suspended),
    (Reason.BAD_SIGNATURE, at_start(Inbound("order", "home-1", frame(2, GOOD)))),
    (Reason.BAD_SIGNATURE, at_start(Inbound("report", "home-1", frame(1, GOOD)))),
    (Reason.MALFORMED, at_start(bytes_of(b"{"))),
    (Reason.MALFORMED, at_start(edited(GOOD, sequence="1"))),
    (Reason.UNKNOWN_VERSION, at_start(edited(GOOD, v=2))),
    (Reason.UNKNOWN_VERSION, at_start(bytes_of(b'{"v":"\\ud800"}'))),
    (Reason.MALFORMED, at_start(bytes_of(b'{"v":1,"\\ud800":1}'))),
    (Reason.UNKNOWN_FIELD, at_start(edited(GOOD, surplus=1))),
    (Reason.OUT_OF_RANGE, at_start(edited(GOOD, sequence=0))),
    (Reason.WRONG_COMMUNITY, at_start(edited(GOOD, community="oak"))),
    (Reason.WRONG_METER, at_start(edited(GOOD, meter="home-2"))),
    (Reason.WRONG_STAGE, at_start(edited(GOOD, stage="day-ahead"))),
    (Reason.FOREIGN_SLOT, at_start(edited(GOOD, slot="2027-01-15T08:07:00Z"))),
    (Reason.FOREIGN_SLOT, at_start(inbound(1, order(1, slot(99), BUY)))),
    (Reason.GATE_CLOSED, lambda _: (inbound(1, GOOD), slot(2).start_s - 60)),
    (Reason.TOO_EARLY, beyond_horizon),
    (Reason.STALE_SEQUENCE, after_another(3, 2)),
    (Reason.CONFLICTING_SEQUENCE, after_another(3, 3)),
    (Reason.CONFLICTING_SEQUENCE, reported_twice),
    (Reason.TOO_MANY_STEPS, at_start(inbound(1, order(1, slot(2), *[BUY] * 4)))),
    (Reason.PRICE_OUT_OF_BAND, at_start(inbound(1, order(1, slot(2), (Side.BUY, 300_001, 1))))),
    (Reason.PRICE_OUT_OF_BAND, at_start(inbound(1, order(1, slot(2), (Side.SELL, 99_999, 1))))),
    (Reason.NO_MARKET, without_prices),
    (Reason.OVER_NAMEPLATE, at_start(inbound(1, order(1, slot(2), (Side.BUY, 200_000, 2_751))))),
    (Reason.OVER_NAMEPLATE, reported((200, 4_000))),
    (
        Reason.SELF_CROSSING,
        at_start(inbound(1, order(1, slot(2), (Side.BUY, 200_000, 5), (Side.SELL, 200_000, 5)))),
    ),
    (
        Reason.NOT_MONOTONE,
        at_start(inbound(1, order(1, slot(2), (Side.BUY, 150_000, 5), (Side.BUY, 200_000, 5)))),
    ),
    (Reason.QUOTA_EXCEEDED, after_many),
    (Reason.SLOT_NOT_OVER, at_start(inbound(1, report(1, slot(1), (0, 1), (0, 0))))),
    (Reason.ALREADY_SETTLED, settled),
    (Reason.NOT_MEASURED, settled_on_an_estimate),
    (Reason.NOT_MEASURED, replaced(quality="estimated")),
    (Reason.NO_REASON, replaced()),
    (Reason.OVER_NAMEPLATE, replaced(replaces="meter replaced", import_to_wh=4_000)),
    (Reason.REGISTER_WENT_BACK, beyond_the_next_report),
    (Reason.REGISTER_WENT_BACK, reported((199, 300))),
    (Reason.REGISTER_WENT_BACK, reported((300, 299))),
    (Reason.REGISTER_WENT_BACK, reported((200, 300), (49, 60))),
]
PLANS: list[tuple[Reason, Inbound]] = [
    (Reason.OVERSIZED, Inbound("plan", "home-1", b"x" * (MAX_FRAME_BYTES + 1))),
    (Reason.BAD_FRAME, Inbound("plan", "home-1", b"x")),
    (Reason.UNKNOWN_METER, inbound(9, plan(9, slot(0), 1))),
    (Reason.BAD_SIGNATURE, Inbound("plan", "home-1", frame(2, plan(1, slot(0), 1)))),
    (Reason.MALFORMED, bytes_of(b"{", "plan")),
    (Reason.WRONG_COMMUNITY, edited(plan(1, slot(0), 1), community="oak")),
    (Reason.WRONG_METER, edited(plan(1, slot(0), 1), meter="home-2")),
    (Reason.FOREIGN_SLOT, edited(plan(1, slot(0), 1), first_slot="2027-01-15T08:07:00Z")),
    (Reason.WRONG_HORIZON, inbound(1, plan(1, slot(-2), 1, 1))),
    (Reason.WRONG_HORIZON, inbound(1, plan(1, slot(500), 1))),
    (Reason.OVER_NAMEPLATE, inbound(1, plan(1, slot(0), 1, 10**9))),
]


def test_every_reason_has_a_hint_and_a_case() -> None:
    assert set(HINTS) == set(Reason)
    assert {reason for reason, _ in CASES} | {reason for reason, _ in PLANS} == set(Reason) - RESERVED - ELSEWHERE


@pytest.mark.parametrize(("reason", "setting"), CASES, ids=[f"{n}-{r}" for n, (r, _) in enumerate(CASES)])
def test_a_refused_message_is_answered_and_journaled_and_changes_no_book(reason: Reason, setting: Setting) -> None:
    journal = FakeJournal()
    market = opened(journal)
    item, now_s = setting(market)
    records, books = len(journal.kept), {s: copy.deepcopy(b.orders) for s, b in market.market.books.items()}
    reports = {s: dict(b.reports) for s, b in market.market.books.items()}
    (out,) = market.handle([item], now_s)
    assert isinstance(out.message, Rejection)
    assert (out.message.code, out.meter, out.message.of) == (reason, item.meter, item.kind)
    assert out.message.hint == HINTS[reason]
    assert {s: b.orders for s, b in market.market.books.items()} == books
    assert {s: b.reports for s, b in market.market.books.items()} == reports
    assert len(journal.kept) == records + 1
    assert isinstance(decode_event(journal.kept[-1]), Received | Refused)
    again = opened(FakeJournal(journal.kept))
    assert again.market.books == market.market.books


@pytest.mark.parametrize(("reason", "item"), PLANS, ids=[f"{n}-{r}" for n, (r, _) in enumerate(PLANS)])
def test_a_refused_plan_is_answered_and_never_reaches_the_path(reason: Reason, item: Inbound) -> None:
    market = opened()
    (out,) = market.handle([item], START_S)
    assert isinstance(out.message, Rejection)
    assert (out.message.code, out.message.of) == (reason, "plan")
    market.handle([inbound(2, plan(2, slot(0), 7))], START_S)
    assert market.step(START_S) == []


def test_a_slot_whose_feed_in_is_above_retail_has_no_market() -> None:
    market = opened(prices=FakePrices(OutsidePrices(100_000, 120_000)))
    (out,) = market.handle([inbound(1, order(1, slot(2), (Side.BUY, 110_000, 5)))], START_S)
    assert isinstance(out.message, Rejection)
    assert out.message.code is Reason.NO_MARKET


@pytest.mark.parametrize("meter", ["", "NOT AN ID", "a" * 65, "home/1", "h\u00f6me", "home-1\n"])
def test_a_meter_that_no_id_can_name_is_dropped_without_a_trace(meter: str) -> None:
    journal = FakeJournal()
    market = opened(journal)
    records = len(journal.kept)
    assert market.handle([Inbound("order", meter, b"junk"), Inbound("plan", meter, b"junk")], START_S) == []
    assert len(journal.kept) == records


@pytest.mark.parametrize(
    ("at", "off_s", "words"),
    [
        (slot(99), 3600, "its sent_at is 60 min ahead of the market's clock: set the meter's clock"),
        (slot(-4), -3600, "its sent_at is 60 min behind the market's clock: set the meter's clock"),
        (slot(-4), -60, None),
        (slot(2), 3600, None),
    ],
)
def test_an_order_for_a_wrong_time_is_refused_with_the_clock_that_is_wrong(
    at: Slot, off_s: int, words: str | None
) -> None:
    market = opened()
    asked = order(1, at, BUY).model_copy(update={"sent_at": format_utc(START_S + off_s)})
    (out,) = market.handle([inbound(1, asked)], START_S)
    if at == slot(2):
        assert isinstance(out.message, Receipt)
        return
    assert isinstance(out.message, Rejection) and out.message.code is Reason.FOREIGN_SLOT
    assert out.message.detail.startswith(f"{at.label} is not in the market calendar now")
    assert ("sent_at" in out.message.detail) == (words is not None)
    assert words is None or words in out.message.detail


def test_an_order_that_comes_after_its_gate_names_the_clock_and_one_with_a_wrong_price_does_not() -> None:
    market, late_s = opened(), slot(2).start_s - 60
    (out,) = market.handle([inbound(1, GOOD)], late_s)
    assert isinstance(out.message, Rejection) and out.message.code is Reason.GATE_CLOSED
    assert f"its sent_at is {(late_s - START_S) // 60} min behind" in out.message.detail
    asked = order(1, slot(3), (Side.BUY, 300_001, 1))
    (out,) = market.handle([inbound(1, asked)], late_s)
    assert isinstance(out.message, Rejection) and "clock" not in out.message.detail
