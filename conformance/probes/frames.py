"""Frames that do not hold, and payloads that are no message of their kind."""

import base64
import json
from typing import Any

from nacl.bindings import crypto_sign

from conformance.probes.desk import FIRST, SECOND, STRANGER, SUSPENDED, Ground, Probe, buy
from wire.codec import encode
from wire.signing import MAX_FRAME_BYTES, SIGNATURE_CHARS, SigningKey, seal, signing_input

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_HEADER_BYTES = 3 + SIGNATURE_CHARS + 1


def bad_frames(ground: Ground) -> list[Probe]:
    """An order in frames with exactly one thing wrong each."""
    first, second, community = ground.first.key, ground.second.key, ground.community
    payload = encode(ground.order(FIRST, 1, buy(ground.high, 100)))
    good = seal(first, "order", community, payload)
    last = 3 + SIGNATURE_CHARS - 1
    padding = _ALPHABET[_ALPHABET.index(good[last]) + 1]
    frames = {
        "frame.junk": b"junk",
        "frame.version": b"v2" + good[2:],
        "frame.dot": good[: last + 1] + b":" + good[last + 2 :],
        "frame.noncanonical": good[:last] + bytes([padding]) + good[last + 1 :],
        "frame.other_key": seal(second, "order", community, payload),
        "frame.other_kind": seal(first, "report", community, payload),
        "frame.other_community": seal(first, "order", f"{community[:60]}-x", payload),
        "frame.changed": good.replace(b'"energy_wh":100', b'"energy_wh":101'),
        "frame.tag": _of_next_version(first, community, payload),
        "frame.unparsed": seal(second, "order", community, b"{not json"),
    }
    large = seal(first, "order", community, _padded(payload, MAX_FRAME_BYTES + 1))
    probes = [ground.raw(label, FIRST, "order", frame) for label, frame in frames.items()]
    return [*probes, ground.raw("frame.oversized", FIRST, "order", large, whole=True)]


def _of_next_version(key: SigningKey, community: str, payload: bytes) -> bytes:
    """A frame whose signature covers the domain tag of another major version."""
    covered = signing_input("order", community, payload).replace(b"/v1\0", b"/v2\0", 1)
    signature = crypto_sign(covered, key.secret)[:64]
    return b"v1." + base64.urlsafe_b64encode(signature).rstrip(b"=") + b"." + payload


def _padded(payload: bytes, frame_bytes: int) -> bytes:
    """A payload with white space, so long that its frame has so many bytes."""
    return payload + b" " * (frame_bytes - _HEADER_BYTES - len(payload))


def good_frames(ground: Ground) -> list[Probe]:
    """Orders that look unusual and hold: the longest frame, and white space with the keys the other way round."""
    full = _padded(encode(ground.order(FIRST, 1, buy(ground.high, 100))), MAX_FRAME_BYTES)
    spaced = ground.order(FIRST, 2, buy(ground.high, 100)).model_dump(mode="json")
    turned = json.dumps(dict(reversed(spaced.items())), indent=2).encode()
    return [
        ground.payload("frame.full", FIRST, "order", full),
        ground.payload("frame.spaced", FIRST, "order", turned),
    ]


def bad_payloads(ground: Ground) -> list[Probe]:
    """Well signed payloads with exactly one thing wrong each."""
    order = ground.order(FIRST, 1, buy(ground.high, 100))
    text = encode(order)
    sequence = b'"sequence":%d' % order.sequence
    step = {"side": "buy", "price_micro_per_kwh": ground.high}
    payloads = {
        "payload.not_json": b"{no json",
        "payload.array": b"[" + text + b"]",
        "payload.doubled": text.replace(sequence, sequence + b"," + sequence),
        "payload.nan": text.replace(sequence, b'"sequence":NaN'),
        "payload.fraction": text.replace(b'"energy_wh":100', b'"energy_wh":100.5'),
    }
    changes: dict[str, dict[str, Any]] = {
        "payload.missing": {"sequence": ...},
        "payload.version": {"v": 2},
        "payload.unknown_field": {"tck": 1},
        "payload.range": {"sequence": 0},
        "payload.zero": {"steps": [step | {"energy_wh": 0}]},
        "payload.negative": {"steps": [step | {"energy_wh": -100}]},
        "payload.text": {"sequence": "1"},
        "payload.truth": {"sequence": True},
        "payload.offset": {"sent_at": ground.now.replace("Z", "+00:00")},
        "payload.fraction_s": {"sent_at": ground.now.replace("Z", ".5Z")},
        "payload.community": {"community": f"{ground.community[:60]}-x"},
        "payload.meter": {"meter": ground.second.meter},
    }
    return [
        *(ground.payload(label, FIRST, "order", payload) for label, payload in payloads.items()),
        *(ground.changed(label, FIRST, order, **fields) for label, fields in changes.items()),
    ]


def outsiders(ground: Ground) -> list[Probe]:
    """Well signed orders of who is not enrolled, or is suspended; as far as the kit speaks for such."""
    found = []
    for client in (STRANGER, SUSPENDED):
        if client in ground.members:
            order = ground.signed("", client, ground.order(client, 1, buy(ground.high, 100)))
            found.append(ground.raw(f"{client}.order", client, "order", order.frame, whole=True))
    return found


def unknown_kind(ground: Ground) -> Probe:
    """A message of a kind that no release has."""
    return ground.payload("kind.unknown", SECOND, "tck-kind", encode(ground.order(SECOND, 1, buy(ground.high, 77))))
