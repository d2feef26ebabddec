"""Writes `docs/protocol/vectors.json`: keys, signed bytes, commitments, proofs to check another implementation with.

Everything follows from the seeds and texts in here; a test compares the file with what this gives.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
FILE = ROOT / "docs" / "protocol" / "vectors.json"

from wire.batch import HOUSEHOLD, Batch, encode_batch  # noqa: E402
from wire.checkpoint import TreeHead, signed_note, verifier_key  # noqa: E402
from wire.codec import canonical, digest, encode  # noqa: E402
from wire.commitments import (  # noqa: E402
    RoundName,
    award_leaf,
    block_token,
    levels,
    order_commitment,
    order_leaf,
    shown_order,
)
from wire.household import half_digests, signed  # noqa: E402
from wire.merkle import Tree, leaf_hash  # noqa: E402
from wire.messages import (  # noqa: E402
    Message,
    MeterReport,
    Order,
    OrderStep,
    Receipt,
    SealedOrder,
    Side,
    StatusQuery,
)
from wire.signing import SigningKey, key_from_seed, seal, signature_of, signing_input  # noqa: E402

Value = dict[str, Any]
COMMUNITY, METER, SLOT, SENT = "elm-street", "home-1", "2027-01-15T08:15:00Z", "2027-01-15T08:00:00Z"
SLOT_S = 1_800_000_900
METER_KEY = key_from_seed(bytes(range(32)))
BROKER_KEY = key_from_seed(bytes(range(32, 64)))
LOG_KEY = key_from_seed(bytes(range(64, 96)))
SALT, PSEUDONYM = "5a" * 32, "00112233445566aa"
STEPS = (
    OrderStep(side=Side.BUY, price_micro_per_kwh=250_000, energy_wh=500),
    OrderStep(side=Side.BUY, price_micro_per_kwh=180_000, energy_wh=250),
    OrderStep(side=Side.SELL, price_micro_per_kwh=310_000, energy_wh=1_200),
)
# RFC 8032, section 7.1: (seed, public key, message, signature) of tests 1 to 3
RFC_8032 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)
# The leaves whose tree heads the certificate transparency log publishes as its own test vectors
CT_LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)


def frames() -> list[Value]:
    """Signed messages of a meter and of the broker."""
    order = Order(
        community=COMMUNITY, meter=METER, stage="intraday", slot=SLOT, sequence=1, steps=STEPS, sent_at=SENT
    )
    receipt = Receipt(
        community=COMMUNITY,
        meter=METER,
        of="order",
        slot=SLOT,
        sequence=1,
        digest=digest(encode(order)),
        received_at="2027-01-15T08:00:01Z",
        stage="intraday",
        round=0,
        pseudonym=PSEUDONYM,
        salt=SALT,
    )
    report = MeterReport(
        community=COMMUNITY,
        meter=METER,
        slot=SLOT,
        sequence=1,
        import_from_wh=9_007_199_254_740_000,
        import_to_wh=9_007_199_254_740_512,
        export_from_wh=1_000,
        export_to_wh=1_000,
        quality="measured",
        replaces=None,
    )
    sealed = SealedOrder(
        community=COMMUNITY,
        meter=METER,
        stage="sealed",
        slot=SLOT,
        round=0,
        sequence=1,
        commitment=_commitment("sealed"),
        sent_at=SENT,
    )
    query = StatusQuery(community=COMMUNITY, meter=METER, slot=SLOT)
    return [_frame(m, METER_KEY) for m in (order, report, sealed, query)] + [_frame(receipt, BROKER_KEY)]


def _frame(message: Message, key: SigningKey) -> Value:
    payload = encode(message)
    return {
        "kind": message.kind,
        "community": COMMUNITY,
        "public_key": key.public_hex,
        "payload": payload.decode(),
        "signed_bytes_hex": signing_input(message.kind, COMMUNITY, payload).hex(),
        "signature_hex": signature_of(key, message.kind, COMMUNITY, payload).hex(),
        "digest": digest(payload),
        "frame": seal(key, message.kind, COMMUNITY, payload).decode(),
    }


def _commitment(stage: str) -> str:
    of = RoundName(COMMUNITY, stage, SLOT, 0)
    buy, sell = levels(STEPS, Side.BUY), levels(STEPS, Side.SELL)
    return order_commitment(SALT, buy=buy, sell=sell, sequence=1, of=of)


def commitments() -> list[Value]:
    """An order's commitment, and the public name of a block."""
    text = canonical(
        {
            "buy": levels(STEPS, Side.BUY),
            "community": COMMUNITY,
            "round": 0,
            "sell": levels(STEPS, Side.SELL),
            "sequence": 1,
            "slot": SLOT,
            "stage": "intraday",
        }
    )
    made = hashlib.sha256(bytes.fromhex(SALT) + text).hexdigest()
    assert made == _commitment("intraday"), "the text of a commitment is its canonical JSON"
    return [
        {"of": "order", "salt": SALT, "text": text.decode(), "commitment": made},
        {"of": "block name", "salt": SALT, "text": "evening", "commitment": block_token(SALT, "evening")},
    ]


def published_tree() -> Value:
    """Heads and proofs over the leaves that certificate transparency publishes."""
    leaves = [bytes.fromhex(leaf) for leaf in CT_LEAVES]
    tree = Tree(map(leaf_hash, leaves))
    count = len(leaves)
    return {
        "leaves_hex": list(CT_LEAVES),
        "roots": [tree.root(size).hex() for size in range(1, count + 1)],
        "inclusion": [_inclusion(tree, i, leaves[i]) for i in range(count)],
        "consistency": [
            {
                "old_size": old,
                "old_root": tree.root(old).hex(),
                "size": count,
                "root": tree.root().hex(),
                "proof": [node.hex() for node in tree.consistency_proof(old)],
            }
            for old in (1, 3, 4, 6, 7)
        ],
    }


def _inclusion(tree: Tree, index: int, leaf: bytes) -> Value:
    return {
        "index": index,
        "size": tree.size,
        "leaf_hex": leaf.hex(),
        "leaf_hash": leaf_hash(leaf).hex(),
        "proof": [node.hex() for node in tree.inclusion_proof(index)],
        "root": tree.root().hex(),
    }


def round_proofs() -> Value:
    """Three orders of a round in the tree of its gate, and their awards in the tree of its clearing."""
    of = RoundName(COMMUNITY, "intraday", SLOT, 0)
    names = ("0000000000000001", PSEUDONYM, "ffffffffffffffff")
    entries = [
        shown_order(STEPS[:n], pseudonym=name, sequence=n, salt=SALT, of=of) for n, name in enumerate(names, 1)
    ]
    orders = [order_leaf(entry) for entry in entries]
    awards = [
        award_leaf(name, of, bought_wh=wh, sold_wh=0, amount_nano=wh * 200_000) for wh, name in enumerate(names, 500)
    ]
    found: Value = {}
    for title, leaves in (("orders", orders), ("awards", awards)):
        tree = Tree(map(leaf_hash, leaves))
        found[title] = {
            "leaves": [leaf.decode() for leaf in leaves],
            "inclusion": [_inclusion(tree, i, leaf) for i, leaf in enumerate(leaves)],
        }
    return found


def checkpoint() -> Value:
    """A checkpoint of the log as a signed note."""
    head = TreeHead(COMMUNITY, len(CT_LEAVES), Tree(leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES).root())
    return {
        "origin": COMMUNITY,
        "size": head.size,
        "root": head.root.hex(),
        "log_key": LOG_KEY.public_hex,
        "verifier_key": verifier_key(COMMUNITY, LOG_KEY.public),
        "note": signed_note(head.text(), COMMUNITY, LOG_KEY),
    }


def household() -> Value:
    """A batch with one household record, as a gateway sends it."""
    records = np.zeros(1, dtype=HOUSEHOLD)
    record = records[0]
    record["meter"] = METER.encode()
    report, order = record["report"], record["order"]
    report["slot"], report["sequence"] = SLOT_S - 900, 1
    report["import_from"], report["import_to"] = 10_000, 10_512
    report["export_from"], report["export_to"] = 1_000, 1_000
    order["sequence"], order["steps"] = 1, 2
    order["side"][:2], order["price"][:2], order["energy"][:2] = (0, 1), (250_000, 310_000), (500, 1_200)
    batch = signed(Batch(kind="household", stage="intraday", slot_s=SLOT_S, records=records), COMMUNITY, [METER_KEY])
    digests = half_digests(batch)
    body = batch.records.tobytes()
    return {
        "community": COMMUNITY,
        "stage": "intraday",
        "slot_s": SLOT_S,
        "public_key": METER_KEY.public_hex,
        "record_hex": body.hex(),
        "signed_bytes_hex": signing_input("household", COMMUNITY, batch.context + body[:-64]).hex(),
        "order_digest": digests.orders[0],
        "report_digest": digests.reports[0],
        "batch_hex": encode_batch(batch).hex(),
    }


def vectors() -> Value:
    """The whole document."""
    keys = {"meter": METER_KEY, "broker": BROKER_KEY, "log": LOG_KEY}
    return {
        "about": "Vectors of the market protocol, version 1: see specification.md. Hexadecimal is lower case.",
        "domain": "hearthgrid/<kind>/v1, zero byte, community, zero byte, payload",
        "keys": {name: {"seed": key.secret[:32].hex(), "public_key": key.public_hex} for name, key in keys.items()},
        "rfc8032": [
            {"seed": seed, "public_key": public, "message_hex": message, "signature_hex": signature}
            for seed, public, message, signature in RFC_8032
        ],
        "frames": frames(),
        "commitments": commitments(),
        "rfc6962": published_tree(),
        "round": round_proofs(),
        "checkpoint": checkpoint(),
        "household": household(),
    }


def main() -> None:
    """Writes the file."""
    FILE.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
