"""Frozen messages and signatures: a change here breaks meters that are in the field."""

import json
from pathlib import Path

import jsonschema
import pytest
from golden_messages import COMMUNITY, GOLDEN

from wire.codec import decode, encode
from wire.messages import BY_KIND, Message
from wire.schemas import schema_of
from wire.signing import key_from_seed, open_frame, seal, signing_input

FROZEN = Path(__file__).parents[1] / "snapshots" / "messages"
VECTORS = json.loads((FROZEN / "signatures.vectors").read_text())


def test_there_is_one_golden_message_of_every_kind() -> None:
    assert sorted(m.kind for m in GOLDEN) == sorted(BY_KIND)
    assert sorted(path.stem for path in FROZEN.glob("*.json")) == sorted(BY_KIND)


@pytest.mark.parametrize("message", GOLDEN, ids=lambda m: m.kind)
def test_encoding_gives_the_frozen_bytes_and_decoding_gives_the_message(message: Message) -> None:
    frozen = (FROZEN / f"{message.kind}.json").read_bytes().removesuffix(b"\n")
    assert encode(message) == frozen
    assert decode(type(message), frozen) == message


@pytest.mark.parametrize("message", GOLDEN, ids=lambda m: m.kind)
def test_golden_messages_validate_against_their_schema(message: Message) -> None:
    jsonschema.validate(
        json.loads(encode(message)),
        schema_of(type(message)),
        cls=jsonschema.Draft202012Validator,
    )


@pytest.mark.parametrize("message", GOLDEN, ids=lambda m: m.kind)
def test_schemas_refuse_what_the_codec_refuses(message: Message) -> None:
    value = json.loads(encode(message))
    validator = jsonschema.Draft202012Validator(schema_of(type(message)))
    assert not validator.is_valid({**value, "surplus": 1})
    for key in value:
        assert not validator.is_valid({k: v for k, v in value.items() if k != key}), key


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["kind"])
def test_signing_gives_the_frozen_frame_and_only_its_key_opens_it(vector: dict[str, str]) -> None:
    key = key_from_seed(bytes.fromhex(vector["seed"]))
    assert key.public_hex == vector["public_key"]
    frame = vector["frame"].encode()
    payload = open_frame(frame, key.public, vector["kind"], vector["community"])
    assert seal(key, vector["kind"], vector["community"], payload) == frame


def test_the_signed_bytes_are_domain_kind_version_community_and_payload() -> None:
    assert signing_input("order", COMMUNITY, b"{}") == b"hearthgrid/order/v1\x00elm-street\x00{}"
