"""The market is a fold: shuffled and repeated deliveries give the same clearing, awards and settlement."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.market.events import (
    DeliveryEnded,
    Enrolled,
    Event,
    GateClosed,
    Received,
    SettlementDue,
    SlotOpened,
    decode_event,
    encode_event,
)
from broker.market.market import Market
from broker.market.terms import Terms
from wire.codec import encode
from wire.messages import Award, Checkpoint, Clearing, MeterReport, Order, OrderStep, Rejection, Settlement, Side
from wire.signing import key_from_seed, seal
from wire.slots import Slot

COMMUNITY, START_S = "elm", 1_800_000_000
SLOT = Slot(START_S + 900, 15)
KEYS = {f"home-{n}": key_from_seed(bytes([n]) * 32) for n in range(1, 6)}
TERMS = Terms(community=COMMUNITY, messages_per_slot_max=1_000)
RESULTS = (Clearing, Award, Settlement, Checkpoint)

ORDERS = st.lists(
    st.tuples(
        st.sampled_from(sorted(KEYS)),
        st.sampled_from(list(Side)),
        st.integers(100_000, 300_000),
        st.integers(1, 2_000),
    ),
    max_size=14,
)


def received(meter: str, message: Order | MeterReport, at_s: int) -> Received:
    frame = seal(KEYS[meter], message.kind, COMMUNITY, encode(message))
    return Received(at_s=at_s, kind=message.kind, meter=meter, frame=frame.decode("latin-1"))


def order_events(drawn: list[tuple[str, Side, int, int]]) -> list[Received]:
    events, sequences = [], dict.fromkeys(KEYS, 0)
    for meter, side, price, energy_wh in drawn:
        sequences[meter] += 1
        message = Order(
            community=COMMUNITY,
            meter=meter,
            stage=TERMS.stage,
            slot=SLOT.label,
            sequence=sequences[meter],
            steps=(OrderStep(side=side, price_micro_per_kwh=price, energy_wh=energy_wh),),
            sent_at=SLOT.label,
        )
        events.append(received(meter, message, START_S))
    return events


def report_events(rng: random.Random) -> list[Received]:
    return [
        received(
            meter,
            MeterReport(
                community=COMMUNITY,
                meter=meter,
                slot=SLOT.label,
                sequence=1,
                import_from_wh=0,
                import_to_wh=rng.randint(0, 2_000),
                export_from_wh=0,
                export_to_wh=rng.randint(0, 2_000),
                quality="measured",
                replaces=None,
            ),
            SLOT.end_s,
        )
        for meter in sorted(KEYS)
    ]


def run(orders: list[Received], reports: list[Received]) -> tuple[list[bytes], Market]:
    market = Market(TERMS, bytes(32))
    members = [
        Enrolled(at_s=0, meter=meter, public_key=key.public_hex, nameplate_import_w=11_000, nameplate_export_w=11_000)
        for meter, key in KEYS.items()
    ]
    opened = SlotOpened(at_s=START_S, slot_s=SLOT.start_s, retail_micro=300_000, feed_in_micro=100_000)
    gate = GateClosed(at_s=SLOT.start_s - 60, slot_s=SLOT.start_s)
    ended = DeliveryEnded(at_s=SLOT.end_s, slot_s=SLOT.start_s)
    due = SettlementDue(at_s=SLOT.end_s, slot_s=SLOT.start_s)
    events: list[Event] = [*members, opened, *orders, gate, ended, *reports, due]
    results = []
    for event in events:
        for out in market.apply(decode_event(encode_event(event))):
            if isinstance(out.message, RESULTS):
                results.append(out.meter.encode() + encode(out.message))
            if isinstance(out.message, Rejection):
                assert out.message.code == "stale_sequence"
    return results, market


@settings(max_examples=60)
@given(ORDERS, st.randoms(use_true_random=False))
def test_shuffled_and_repeated_messages_give_the_same_results_bit_for_bit(
    drawn: list[tuple[str, Side, int, int]], rng: random.Random
) -> None:
    orders, reports = order_events(drawn), report_events(rng)
    expected, market = run(orders, reports)
    copies = [event for event in orders for _ in range(rng.randint(1, 3))]
    again = [event for event in reports for _ in range(rng.randint(1, 3))]
    rng.shuffle(copies)
    rng.shuffle(again)
    results, other = run(copies, again)
    assert results == expected
    assert other.log.head() == market.log.head()
    assert market.accounts.sum_nano() == 0
    assert market.totals.orders == other.totals.orders == len({meter for meter, *_ in drawn})
