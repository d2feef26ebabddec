"""What is hashed where: commitments to orders and settlements, and the leaves of a round's trees and of the log.

A commitment is SHA-256(salt || canonical JSON). What an order's commitment holds names no meter, so its salt can be
published without telling whose order it was. Orders and awards are written as text here: ids, times and whole numbers
need no escaping, and a round has many of them; a test compares the text with the canonical JSON.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from wire.codec import canonical, digest, encode
from wire.messages import Award, BlockEntry, BlockOrder, BookEntry, Level, Message, OrderStep, Settlement, Side


def levels(steps: Sequence[OrderStep], side: Side) -> tuple[Level, ...]:
    """(price, energy) of the steps of one side, as a book shows them."""
    return tuple((step.price_micro_per_kwh, step.energy_wh) for step in steps if step.side is side)


class RoundName(NamedTuple):
    """Which auction a message is about: round `round` of a stage for a slot."""

    community: str
    stage: str
    slot: str
    round: int


class OfRound(Protocol):
    """A message about one auction."""

    @property
    def community(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def slot(self) -> str: ...
    @property
    def round(self) -> int: ...


def round_of(message: OfRound) -> RoundName:
    """The auction that a message is about."""
    return RoundName(message.community, message.stage, message.slot, message.round)


def order_commitment(
    salt: str, *, buy: tuple[Level, ...], sell: tuple[Level, ...], sequence: int, of: RoundName
) -> str:
    """The commitment to an order as the book shows it; `salt` is 64 hexadecimal digits."""
    text = (
        f'{{"buy":{_pairs(buy)},"community":"{of.community}","round":{of.round},"sell":{_pairs(sell)},'
        f'"sequence":{sequence},"slot":"{of.slot}","stage":"{of.stage}"}}'
    )
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


def _pairs(side: tuple[Level, ...]) -> str:
    return "[" + ",".join(f"[{price},{energy}]" for price, energy in side) + "]"


def shown_order(
    steps: Sequence[OrderStep], *, pseudonym: str, sequence: int, salt: str, of: RoundName, arrival: int = 0
) -> BookEntry:
    """An order as the book shows it, with its commitment; the steps have been validated as those of an order."""
    buy, sell = levels(steps, Side.BUY), levels(steps, Side.SELL)
    return BookEntry.model_construct(
        pseudonym=pseudonym,
        arrival=arrival,
        commitment=order_commitment(salt, buy=buy, sell=sell, sequence=sequence, of=of),
        sequence=sequence,
        salt=salt,
        buy=buy,
        sell=sell,
    )


def order_leaf(entry: BookEntry) -> bytes:
    """The leaf of an order in the tree of the gate, which stands in ascending order of pseudonyms."""
    return (
        f'{{"arrival":{entry.arrival},"commitment":"{entry.commitment}","pseudonym":"{entry.pseudonym}"}}'
    ).encode()


def award_leaf(pseudonym: str, of: RoundName, *, bought_wh: int, sold_wh: int, amount_nano: int) -> bytes:
    """The leaf of an award in the tree of the round; its place is that of the order in the tree of the gate."""
    return (
        f'{{"amount_nano":"{amount_nano}","bought_wh":{bought_wh},"pseudonym":"{pseudonym}","round":{of.round},'
        f'"slot":"{of.slot}","sold_wh":{sold_wh},"stage":"{of.stage}"}}'
    ).encode()


def leaf_of_award(award: Award) -> bytes:
    """The leaf that an award claims to be."""
    return award_leaf(
        award.pseudonym,
        round_of(award),
        bought_wh=award.bought_wh,
        sold_wh=award.sold_wh,
        amount_nano=award.amount_nano,
    )


def block_token(salt: str, name: str) -> str:
    """The public name of what a member calls one of its blocks, 16 hexadecimal digits; `salt` is in its receipt."""
    return hashlib.sha256(bytes.fromhex(salt) + name.encode()).hexdigest()[:16]


def shown_block(order: BlockOrder, *, salt: str, pseudonym: str, next_pseudonym: str | None) -> BlockEntry:
    """A block order as it is published."""
    return BlockEntry(
        block=block_token(salt, order.block),
        pseudonym=pseudonym,
        next_pseudonym=next_pseudonym,
        sequence=order.sequence,
        side=order.side,
        price_micro_per_kwh=order.price_micro_per_kwh,
        first_slot=order.first_slot,
        energy_wh=order.energy_wh,
        accepted_min_permille=order.accepted_min_permille,
        parent=None if order.parent is None else block_token(salt, order.parent),
        group=None if order.group is None else block_token(salt, f"group/{order.group}"),
    )


def block_leaf(entry: BlockEntry) -> bytes:
    """The leaf of a block order in the tree that the gates of its day name."""
    return canonical(entry.model_dump(mode="json"))


def message_leaf(message: Message) -> dict[str, str | int]:
    """The leaf of the log that fixes a public message: its kind, what it is about, and the digest of its payload."""
    about = {key: getattr(message, key) for key in ("slot", "stage", "round", "day") if hasattr(message, key)}
    return {"digest": digest(encode(message)), "kind": message.kind, **about}


def settlement_bytes(settlement: Settlement) -> bytes:
    """The bytes that the log commits to: the settlement without its own place in the log."""
    return canonical(settlement.model_dump(mode="json", exclude={"log_index", "salt"}))


def settlement_leaf(settlement: Settlement, pseudonym: str) -> dict[str, str]:
    """The leaf of the log that commits to a settlement."""
    salted = bytes.fromhex(settlement.salt) + settlement_bytes(settlement)
    return {"commitment": hashlib.sha256(salted).hexdigest(), "pseudonym": pseudonym, "slot": settlement.slot}
