"""The market session of one meter: what it signs, what it believes, what it sends again."""

import pytest
from market_rig import FakeJournal, FakePrices, FakeRecorder

from broker.control.service import Inbound, MarketService
from broker.market.events import Enrolled
from broker.market.market import Market
from broker.market.terms import Terms
from hems.bidding.steps import Step
from hems.bidding.strategy import Strategy
from hems.control.meter.order_steps import coarsened, within_conditions
from hems.control.transactive_meter import Frame, MemoryOutbox, Registers
from tests import fakes
from tests.fakes import (
    BROKER_KEY,
    COMMUNITY,
    METER,
    METER_KEY,
    START_S,
    broker_says,
    payload_digest,
    slot,
    transactive_meter,
)
from wire import messages as m
from wire.codec import decode, digest
from wire.reasons import Reason
from wire.signing import open_frame

BUY, SELL = Step("buy", 240_000, 500), Step("sell", 260_000, 300)
TERMS = Terms(community=COMMUNITY, horizon_slots=4, group_min=1)
STRATEGY = Strategy(slot=slot(2), steps=(BUY, SELL), net_wh=(500, -200, 100))


def opened(frame: Frame) -> m.Message:
    """The message of a frame that the meter's enrolled key has signed."""
    return decode(m.BY_KIND[frame.kind], open_frame(frame.data, METER_KEY.public, frame.kind, COMMUNITY))


def order_of(frame: Frame | None) -> m.Order:
    assert frame is not None
    order = opened(frame)
    assert isinstance(order, m.Order)
    return order


def receipt_of(frame: Frame) -> m.Receipt:
    return m.Receipt(
        community=COMMUNITY,
        meter=METER,
        of="report" if frame.kind == "report" else "order",
        slot=slot(2).label,
        sequence=1,
        digest=payload_digest(frame),
        received_at=slot().label,
        stage=None,
        round=None,
        pseudonym=None,
        salt=None,
    )


def rejection_of(frame: Frame, *, of: str = "order") -> m.Rejection:
    return m.Rejection(
        community=COMMUNITY,
        meter=METER,
        of=of,
        code=Reason.GATE_CLOSED,
        field="slot",
        detail="too late",
        hint="send earlier",
        digest=payload_digest(frame),
        slot=slot(2).label,
        sequence=1,
    )


def path(*net_wh: int, community: str = COMMUNITY) -> m.Path:
    return m.Path(
        community=community, round=1, first_slot=slot().label, members=3, net_wh=net_wh, price_micro_per_kwh=()
    )


def clearing() -> m.Clearing:
    return fakes.clearing(slot(2), orders=1)


def conditions(feed_in: int, retail: int) -> m.Conditions:
    return m.Conditions(
        community=COMMUNITY,
        slot=slot(2).label,
        retail_micro_per_kwh=retail,
        feed_in_micro_per_kwh=feed_in,
        network_state="normal",
        last_price_micro_per_kwh=None,
        last_demand_wh=0,
        last_generation_wh=0,
    )


def real_broker() -> MarketService:
    service = MarketService(
        Market(TERMS, bytes(32)), journal=FakeJournal(), prices=FakePrices(), recorder=FakeRecorder()
    )
    member = Enrolled(
        at_s=START_S,
        meter=METER,
        public_key=METER_KEY.public_hex,
        nameplate_import_w=17_000,
        nameplate_export_w=17_000,
        suspended=False,
    )
    service.agree([member], START_S)
    service.step(START_S)
    return service


def test_an_order_says_what_the_strategy_says_and_is_signed_with_the_enrolled_key() -> None:
    order = order_of(transactive_meter().order(STRATEGY, START_S))
    assert (order.meter, order.slot, order.sequence, order.stage) == (METER, slot(2).label, 1, "intraday")
    assert [(s.side, s.price_micro_per_kwh, s.energy_wh) for s in order.steps] == [
        (m.Side.BUY, 240_000, 500),
        (m.Side.SELL, 260_000, 300),
    ]


def test_after_the_last_gate_of_a_slot_no_order_is_sent_for_it() -> None:
    meter = transactive_meter()
    meter.receive("calendar", broker_says(TERMS.calendar(BROKER_KEY.public_hex, "0" * 64)))
    gate_s = TERMS.gate_s(slot(2))
    assert meter.order(STRATEGY, gate_s) is None
    assert meter.unanswered() == []
    assert order_of(meter.order(STRATEGY, gate_s - 1)).sequence == 1


def test_without_steps_there_is_no_order() -> None:
    meter = transactive_meter()
    assert meter.order(Strategy(slot=slot(2), steps=(), net_wh=(0,)), START_S) is None
    assert meter.orders_sent == 0 and meter.unanswered() == []


def test_the_sequence_rises_within_a_slot_and_begins_anew_in_the_next() -> None:
    meter = transactive_meter()
    later = Strategy(slot=slot(3), steps=(BUY,), net_wh=(0,))
    sent = [meter.order(STRATEGY, START_S), meter.order(STRATEGY, START_S + 1), meter.order(later, START_S + 2)]
    assert [order_of(frame).sequence for frame in sent] == [1, 2, 1]
    assert meter.orders_sent == 3


def test_the_sequence_goes_on_after_the_receipt_and_after_a_restart() -> None:
    outbox = MemoryOutbox()
    meter = transactive_meter(outbox)
    first = meter.order(STRATEGY, START_S)
    assert first is not None
    meter.receive("receipt", broker_says(receipt_of(first)))
    assert order_of(transactive_meter(outbox).order(STRATEGY, START_S + 9)).sequence == 2


def test_an_order_is_stored_before_it_is_handed_out_and_resent_byte_for_byte() -> None:
    outbox = MemoryOutbox()
    frame = transactive_meter(outbox).order(STRATEGY, START_S)
    assert transactive_meter(outbox).unanswered() == [frame]
    assert transactive_meter(outbox).unanswered() == [frame]


def test_of_two_orders_for_a_slot_only_the_newer_is_resent() -> None:
    meter = transactive_meter()
    meter.order(STRATEGY, START_S)
    newer = meter.order(STRATEGY, START_S + 1)
    assert meter.unanswered() == [newer]


def test_a_receipt_settles_only_what_it_names() -> None:
    meter = transactive_meter()
    order = meter.order(STRATEGY, START_S)
    registers = Registers(at_s=START_S, import_wh=10, export_wh=5)
    report = meter.report(slot(2), registers, registers)
    assert order is not None
    meter.receive("receipt", broker_says(receipt_of(report)))
    assert meter.unanswered() == [order]
    meter.receive("receipt", broker_says(receipt_of(order)))
    assert meter.unanswered() == []


def test_a_rejected_order_is_not_sent_again() -> None:
    meter = transactive_meter()
    order = meter.order(STRATEGY, START_S)
    assert order is not None
    meter.receive("rejection", broker_says(rejection_of(order, of="plan")))
    assert meter.unanswered() == [order]
    meter.receive("rejection", broker_says(rejection_of(order)))
    assert meter.unanswered() == []


def test_after_the_clearing_an_order_is_not_sent_again_but_the_report_is() -> None:
    meter = transactive_meter()
    meter.order(STRATEGY, START_S)
    registers = Registers(at_s=START_S, import_wh=10, export_wh=5)
    report = meter.report(slot(2), registers, registers)
    meter.receive("clearing", broker_says(clearing()))
    assert meter.unanswered() == [report]


def test_a_report_carries_the_registers_at_both_ends_of_the_slot() -> None:
    start = Registers(at_s=slot(2).start_s, import_wh=1000, export_wh=40)
    end = Registers(at_s=slot(2).end_s, import_wh=1250, export_wh=41)
    frame = transactive_meter().report(slot(2), start, end, measured=False)
    report = opened(frame)
    assert isinstance(report, m.MeterReport)
    assert (report.import_from_wh, report.import_to_wh) == (1000, 1250)
    assert (report.export_from_wh, report.export_to_wh) == (40, 41)
    assert report.quality == "estimated" and report.sequence == 1


def test_a_hello_names_meter_and_software() -> None:
    hello = opened(transactive_meter().hello(START_S))
    assert isinstance(hello, m.Hello)
    assert (hello.meter, hello.sent_at) == (METER, "2027-01-15T08:00:00Z")


def test_rounds_of_plan_notices_rise_and_the_newest_is_the_own_part_of_the_path() -> None:
    meter = transactive_meter()
    rounds = [opened(meter.plan_notice(STRATEGY, 1)) for _ in range(2)]
    assert [notice.round for notice in rounds if isinstance(notice, m.PlanNotice)] == [1, 2]
    meter.receive("path", broker_says(path(900, 900, 1500)))
    others = meter.view.others_kw(slot(2), 1)
    assert others is not None and others.tolist() == [4.0]


def test_verified_messages_are_learned_and_handed_on() -> None:
    heard: list[m.Message] = []
    meter = transactive_meter(on_message=heard.append)
    assert meter.receive("path", broker_says(path(1, 2))) == path(1, 2)
    assert meter.view.path == path(1, 2)
    assert heard == [path(1, 2)]


def spoilt(good: bytes) -> dict[str, bytes]:
    return {
        "another key": broker_says(path(7), key=METER_KEY),
        "another community": broker_says(path(7, community="oak"), community="oak"),
        "changed payload": good[:-2] + b"9}",
        "changed signature": good[:10] + (b"A" if good[10:11] != b"A" else b"B") + good[11:],
        "cut off": good[: len(good) // 2],
        "no frame": b"path",
        "empty": b"",
    }


@pytest.mark.parametrize("fault", sorted(spoilt(b"v1." + b"A" * 86 + b".{}")))
def test_what_the_broker_has_not_signed_so_is_ignored(fault: str) -> None:
    heard: list[m.Message] = []
    meter = transactive_meter(on_message=heard.append)
    meter.receive("path", broker_says(path(1)))
    assert meter.receive("path", spoilt(broker_says(path(7)))[fault]) is None
    assert meter.view.path == path(1)
    assert heard == [path(1)]


def test_a_frame_does_not_hold_as_another_kind() -> None:
    meter = transactive_meter()
    assert meter.receive("clearing", broker_says(path(1))) is None
    assert meter.receive("weather", broker_says(path(1))) is None
    assert meter.view.path is None and meter.view.clearings == {}


def test_a_signed_message_that_is_no_valid_message_is_ignored() -> None:
    meter = transactive_meter()
    frame = broker_says(path(1).model_copy(update={"members": -1}))
    assert meter.receive("path", frame) is None
    assert meter.view.path is None


def test_a_message_heard_twice_changes_nothing_the_second_time() -> None:
    meter = transactive_meter()
    order = meter.order(STRATEGY, START_S)
    assert order is not None
    frames = [
        ("path", broker_says(path(1))),
        ("clearing", broker_says(clearing())),
        ("receipt", broker_says(receipt_of(order))),
    ]
    for kind, frame in frames:
        meter.receive(kind, frame)
    before = (meter.view.path, dict(meter.view.clearings), meter.unanswered())
    for kind, frame in frames:
        meter.receive(kind, frame)
    assert (meter.view.path, dict(meter.view.clearings), meter.unanswered()) == before


def test_the_digest_of_a_frame_is_that_of_its_payload() -> None:
    frame = transactive_meter().order(STRATEGY, START_S)
    assert frame is not None
    payload = open_frame(frame.data, METER_KEY.public, frame.kind, COMMUNITY)
    assert payload_digest(frame) == digest(payload)


def test_a_real_broker_receipts_the_order_and_a_resent_one_alike() -> None:
    service, meter = real_broker(), transactive_meter()
    frame = meter.order(STRATEGY, START_S)
    assert frame is not None
    for _ in range(2):
        answers = service.handle([Inbound(frame.kind, METER, frame.data)], START_S + 1)
        receipts = [out.message for out in answers if isinstance(out.message, m.Receipt)]
        assert [receipt.digest for receipt in receipts] == [payload_digest(frame)]
    meter.receive("receipt", broker_says(receipts[0]))
    assert meter.unanswered() == []


def test_an_order_with_more_steps_than_the_calendar_allows_is_coarsened_before_it_is_signed() -> None:
    meter = transactive_meter()
    calendar = Terms(community=COMMUNITY, steps_max=3, stage="rolling").calendar(BROKER_KEY.public_hex, "0" * 64)
    meter.receive("calendar", broker_says(calendar))
    steps = (*(Step("buy", 290_000 - 1000 * i, 100 + i) for i in range(5)), SELL)
    order = order_of(meter.order(Strategy(slot=slot(2), steps=steps, net_wh=(0,)), START_S))
    assert order.stage == "rolling" and len(order.steps) == 3
    assert meter.view.orders[slot(2).label] == coarsened(steps, 3)


@pytest.mark.parametrize(
    ("steps_max", "coarse"),
    [
        (4, (Step("buy", 5, 10), Step("buy", 3, 7), Step("buy", 2, 9), Step("sell", 8, 4))),
        (3, (Step("buy", 5, 10), Step("buy", 2, 16), Step("sell", 8, 4))),
        (2, (Step("buy", 2, 26), Step("sell", 8, 4))),
        (1, (Step("buy", 2, 26),)),
    ],
)
def test_the_smallest_steps_merge_into_their_less_favourable_neighbour(
    steps_max: int, coarse: tuple[Step, ...]
) -> None:
    steps = (Step("buy", 5, 10), Step("buy", 3, 7), Step("buy", 2, 9), Step("sell", 8, 4))
    assert coarsened(steps, steps_max) == coarse


def test_merged_sells_take_the_higher_price() -> None:
    assert coarsened((Step("sell", 3, 5), Step("sell", 4, 6)), 1) == (Step("sell", 4, 11),)


def test_prices_are_moved_into_the_band_that_the_broker_published_for_the_slot() -> None:
    meter = transactive_meter()
    meter.receive("conditions", broker_says(conditions(100_000, 220_000)))
    order = order_of(meter.order(Strategy(slot=slot(2), steps=(BUY,), net_wh=(0,)), START_S))
    assert [step.price_micro_per_kwh for step in order.steps] == [220_000]
    assert meter.view.orders[slot(2).label] == (Step("buy", 220_000, 500),)


def test_where_the_band_pushes_both_sides_together_only_the_buys_stay() -> None:
    assert within_conditions((BUY, SELL), conditions(100_000, 220_000)) == (Step("buy", 220_000, 500),)
    assert within_conditions((SELL,), conditions(100_000, 220_000)) == (Step("sell", 220_000, 300),)


def test_a_slot_without_a_market_gets_no_order() -> None:
    meter = transactive_meter()
    meter.receive("conditions", broker_says(conditions(300_000, 100_000)))
    assert meter.order(STRATEGY, START_S) is None
    assert meter.unanswered() == []


def test_without_known_conditions_or_with_those_of_another_slot_the_steps_stay_as_they_are() -> None:
    meter = transactive_meter()
    meter.receive("conditions", broker_says(conditions(100_000, 110_000).model_copy(update={"slot": slot(3).label})))
    assert order_of(meter.order(STRATEGY, START_S)).steps[0].price_micro_per_kwh == 240_000
