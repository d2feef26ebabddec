"""The codec lets in only what the schema allows, and says why it does not."""

import json
from typing import Any

import pytest
from golden_messages import GOLDEN

from wire.codec import DecodeError, decode, encode
from wire.messages import Message, MeterReport, Order, Settlement
from wire.reasons import Reason

ORDER = next(m for m in GOLDEN if isinstance(m, Order))
SETTLEMENT = next(m for m in GOLDEN if isinstance(m, Settlement))


def changed(message: Message, **values: Any) -> bytes:
    return json.dumps({**json.loads(encode(message)), **values}).encode()


def refused(payload: bytes, model: type[Message] = Order) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode(model, payload)
    return caught.value


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", Reason.MALFORMED),
        (b"\xff\xfe", Reason.MALFORMED),
        (b"[]", Reason.MALFORMED),
        (b'"text"', Reason.MALFORMED),
        (b"[" * 100_000, Reason.MALFORMED),
        (b'{"v":1,"v":1}', Reason.MALFORMED),
        (b'{"v":1.0}', Reason.MALFORMED),
        (b'{"v":1,"x":NaN}', Reason.MALFORMED),
        (b'{"v":1,"x":1e3}', Reason.MALFORMED),
        (b'{"v":1,"x":' + b"9" * 5_000 + b"}", Reason.MALFORMED),
        (b"{}", Reason.UNKNOWN_VERSION),
        (b'{"v":2}', Reason.UNKNOWN_VERSION),
        (b'{"v":true}', Reason.UNKNOWN_VERSION),
        (b'{"v":"1"}', Reason.UNKNOWN_VERSION),
        (b'{"v":1}', Reason.MALFORMED),
    ],
)
def test_payloads_that_are_no_message_are_refused(payload: bytes, code: Reason) -> None:
    assert refused(payload).code is code


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"surplus": 1}, Reason.UNKNOWN_FIELD, "surplus"),
        ({"sequence": "3"}, Reason.MALFORMED, "sequence"),
        ({"sequence": True}, Reason.MALFORMED, "sequence"),
        ({"sequence": 0}, Reason.OUT_OF_RANGE, "sequence"),
        ({"sequence": 2**31}, Reason.OUT_OF_RANGE, "sequence"),
        ({"slot": "2027-01-15T08:15:00+01:00"}, Reason.MALFORMED, "slot"),
        ({"slot": "2027-02-30T08:15:00Z"}, Reason.MALFORMED, "slot"),
        ({"slot": "2027-01-15 08:15:00Z"}, Reason.MALFORMED, "slot"),
        ({"slot": 1_800_000_000}, Reason.MALFORMED, "slot"),
        ({"meter": "Home 1"}, Reason.MALFORMED, "meter"),
        ({"meter": "home-1\n"}, Reason.MALFORMED, "meter"),
        ({"steps": [{"side": "hold", "price_micro_per_kwh": 1, "energy_wh": 1}]}, Reason.MALFORMED, "steps.0.side"),
        (
            {"steps": [{"side": "buy", "price_micro_per_kwh": 1, "energy_wh": 0}]},
            Reason.OUT_OF_RANGE,
            "steps.0.energy_wh",
        ),
        (
            {"steps": [{"side": "buy", "price_micro_per_kwh": 10**9 + 1, "energy_wh": 1}]},
            Reason.OUT_OF_RANGE,
            "steps.0.price_micro_per_kwh",
        ),
    ],
)
def test_a_field_that_does_not_hold_is_named_with_its_code(values: dict[str, Any], code: Reason, field: str) -> None:
    error = refused(changed(ORDER, **values))
    assert (error.code, error.field) == (code, field)


@pytest.mark.parametrize("text", ["1.0", "+1", "01", "-0", "", "1e3", " 1", "1" * 31, "\u0661"])
def test_money_is_a_plain_whole_number_in_text(text: str) -> None:
    assert refused(changed(SETTLEMENT, total_nano=text), Settlement).field == "total_nano"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"sequence":3', b'"sequence":3,"sequence":3', "same key twice"),
        (b'"side":"sell"', b'"side":"sell","side":"sell"', "same key twice"),
        (b'"sequence":3', b'"sequence":3.0', "no whole number"),
        (b'"sequence":3', b'"sequence":3e0', "no whole number"),
        (b'"sequence":3', b'"sequence":NaN', "no whole number"),
        (b'"sequence":3', b'"sequence":Infinity', "no whole number"),
    ],
)
def test_a_good_order_with_one_flaw_is_refused_for_that_flaw(old: bytes, new: bytes, words: str) -> None:
    good = encode(ORDER)
    assert decode(Order, good) == ORDER
    assert good.count(old) == 1
    error = refused(good.replace(old, new))
    assert (error.code, words in error.detail) == (Reason.MALFORMED, True)


def test_registers_end_where_other_languages_lose_whole_numbers() -> None:
    report = next(m for m in GOLDEN if isinstance(m, MeterReport))
    assert refused(changed(report, import_to_wh=2**53 + 1), MeterReport).code is Reason.OUT_OF_RANGE
