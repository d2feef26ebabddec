"""Whatever bytes come in, the codec and the frame either give a message or say why not; nothing else escapes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from wire.codec import DecodeError, canonical, decode, encode, parse
from wire.messages import Order, PlanNotice
from wire.signing import FrameError, key_from_seed, open_frame, seal, split
from wire.topics import parse_topic

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
PAYLOADS = st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode())
KEY = key_from_seed(bytes(32))


@given(PAYLOADS)
def test_any_payload_is_a_message_or_a_reasoned_refusal(payload: bytes) -> None:
    for model in (Order, PlanNotice):
        try:
            message = decode(model, payload)
        except DecodeError as error:
            assert error.code
        else:
            assert decode(model, encode(message)) == message


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=6))
def test_canonical_bytes_are_one_for_every_order_of_keys(value: dict[str, object]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical(value) == canonical(backwards)
    assert parse(canonical(value)) == value


@given(st.binary(max_size=300))
def test_any_frame_splits_or_is_refused(frame: bytes) -> None:
    try:
        signature, payload = split(frame)
    except FrameError:
        return
    assert len(signature) == 64
    assert frame.endswith(payload)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_frame_with_one_changed_byte_never_opens(payload: bytes, data: st.DataObject) -> None:
    frame = bytearray(seal(KEY, "order", "elm", payload))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    try:
        open_frame(bytes(frame), KEY.public, "order", "elm")
    except FrameError:
        return
    raise AssertionError("a forged frame was opened")


@given(st.text(max_size=80))
def test_any_topic_is_an_address_or_none(text: str) -> None:
    address = parse_topic(text, "elm")
    assert address is None or text.startswith("hearthgrid/v1/elm/")
