"""What the partners of a sandbox send holds at a market, and its keys are those of the members."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from broker.io.config_file import load
from twin.sandbox.files import BUYER, COMMUNITY, FEED_IN, GUESTS, RETAIL, SELLER, key_of, write_broker, write_keys
from twin.sandbox.partners import frames_at
from wire.codec import decode
from wire.messages import BY_KIND, MeterReport, Order
from wire.quantities import micro_per_kwh
from wire.signing import key_from_seed, open_frame
from wire.slots import Slot
from wire.topics import parse_topic


@given(st.integers(1_000_000, 7_000_000))
def test_partners_trade_with_each_other_in_every_slot_and_their_registers_go_on(number: int) -> None:
    slot = Slot(300 * number, 5)
    sent = {}
    for where, frame in (*frames_at(slot), *frames_at(slot.shifted(1))):
        address = parse_topic(where, COMMUNITY)
        assert address is not None
        payload = open_frame(frame, key_of(address.meter).public, address.kind, COMMUNITY)
        message = decode(BY_KIND[address.kind], payload)
        sent.setdefault((address.meter, address.kind), []).append(message)
    bid, ask = (sent[meter, "order"][0] for meter in (BUYER, SELLER))
    assert isinstance(bid, Order) and isinstance(ask, Order)
    prices = ask.steps[0].price_micro_per_kwh, bid.steps[0].price_micro_per_kwh
    assert micro_per_kwh(FEED_IN) <= prices[0] < prices[1] <= micro_per_kwh(RETAIL)
    for meter in (BUYER, SELLER):
        first, second = sent[meter, "report"]
        assert isinstance(first, MeterReport) and isinstance(second, MeterReport)
        assert (first.import_to_wh, first.export_to_wh) == (second.import_from_wh, second.export_from_wh)


def test_the_files_enrol_partners_and_guests_with_their_keys(tmp_path: Path) -> None:
    config = load(write_broker(tmp_path, 1883, slot_minutes=5))
    assert {m.meter: m.public_key for m in config.members} == {
        meter: key_of(meter).public_hex for meter in (BUYER, SELLER, *GUESTS)
    }
    keys = json.loads(write_keys(tmp_path).read_text())
    assert [key_from_seed(bytes.fromhex(row["seed"])) for row in keys["members"]] == [key_of(m) for m in GUESTS]
