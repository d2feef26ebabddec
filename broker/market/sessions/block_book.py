"""The block orders of a day-ahead auction under pseudonyms: published after it, and what it is cleared from.

A local day can be part of two UTC days, in which a member has two pseudonyms. Blocks that reach over midnight UTC,
hang on each other or exclude each other are of one member: `participants` joins the names that they show.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from broker.clearing import block_orders as clearing
from broker.ledger.log import pseudonym, salt
from broker.market.pages import in_pages
from broker.market.sessions.day_book import DayBook, HeldBlock
from wire.calendar import Gate
from wire.codec import canonical
from wire.commitments import block_leaf, shown_block
from wire.merkle import Tree, leaf_hash
from wire.messages import BlockBook, BlockEntry, Side
from wire.slots import format_utc, parse_utc

DAY_S = 86_400


class Shown(NamedTuple):
    """A block order as it is published, and what was held."""

    meter: str
    held: HeldBlock
    entry: BlockEntry


def block_salt(secret: bytes, meter: str, gate: Gate) -> str:
    """The salt of a member's names for its blocks in an auction, which their receipts tell to nobody else."""
    return salt(secret, f"blocks/{gate.stage}", meter, format_utc(gate.gate_s)).hex()


def shown_blocks(day: DayBook, gate: Gate, secret: bytes) -> list[Shown]:
    """The blocks that take part, by ascending public name; a withdrawn one is not shown."""
    found = [
        Shown(meter, held, _entry(meter, held, day.width_s, gate, secret))
        for (meter, _), held in day.blocks.items()
        if any(held.order.energy_wh)
    ]
    return sorted(found, key=lambda shown: shown.entry.block)


def _entry(meter: str, held: HeldBlock, width_s: int, gate: Gate, secret: bytes) -> BlockEntry:
    order, opens = held.order, block_salt(secret, meter, gate)
    used = [parse_utc(order.first_slot) + i * width_s for i, energy_wh in enumerate(order.energy_wh) if energy_wh]
    first_s = parse_utc(order.first_slot)
    reaches_on = any(at_s // DAY_S > first_s // DAY_S for at_s in used)
    return shown_block(
        order,
        salt=opens,
        pseudonym=pseudonym(secret, meter, first_s),
        next_pseudonym=pseudonym(secret, meter, first_s + DAY_S) if reaches_on else None,
    )


def blocks_root(entries: Iterable[BlockEntry]) -> str:
    """The root of the block orders in their order."""
    return Tree(leaf_hash(block_leaf(entry)) for entry in entries).root().hex()


def block_pages(entries: Sequence[BlockEntry], gate: Gate, slots: int, community: str) -> list[BlockBook]:
    """The block orders of an auction in pages that fit a frame."""
    pages = list(in_pages(entries, lambda entry: len(canonical(entry.model_dump(mode="json"))) + 1))
    return [
        BlockBook(
            community=community,
            stage=gate.stage,
            gate=format_utc(gate.gate_s),
            slots=slots,
            page=i,
            pages=len(pages),
            entries=tuple(page),
        )
        for i, page in enumerate(pages)
    ]


def participants(entries: Iterable[BlockEntry]) -> dict[str, str]:
    """One name for all pseudonyms of a member that its blocks show, by pseudonym; the least of them."""
    joined: dict[str, str] = {}

    def name(of: str) -> str:
        while joined.get(of, of) != of:
            of = joined[of]
        return of

    for entry in entries:
        ties = [f"~block/{tied}" for tied in (entry.block, entry.parent) if tied is not None]
        ties += [f"~group/{entry.group}"] if entry.group is not None else []
        ties += [entry.next_pseudonym] if entry.next_pseudonym is not None else []
        for tie in ties:
            # "~" comes after every hexadecimal digit: the least name is a pseudonym
            least, other = sorted((name(entry.pseudonym), name(tie)))
            joined[other] = least
    seen = {of for entry in entries for of in (entry.pseudonym, entry.next_pseudonym) if of is not None}
    return {of: name(of) for of in seen}


def in_clearing(
    entries: Sequence[BlockEntry], starts_s: Sequence[int], width_s: int, names: Mapping[str, str]
) -> list[clearing.BlockOrder]:
    """The blocks as the day's clearing takes them, for slots that start at these moments."""
    return [
        clearing.BlockOrder(
            id=entry.block,
            key=names[entry.pseudonym],
            is_buy=entry.side is Side.BUY,
            price=entry.price_micro_per_kwh,
            profile=tuple(
                (index, energy)
                for index, start_s in enumerate(starts_s)
                if (energy := _energy_wh(entry, start_s, width_s))
            ),
            accepted_min=entry.accepted_min_permille,
            parent=entry.parent,
            group=entry.group,
        )
        for entry in entries
    ]


def _energy_wh(entry: BlockEntry, slot_s: int, width_s: int) -> int:
    place = (slot_s - parse_utc(entry.first_slot)) // width_s
    return entry.energy_wh[place] if 0 <= place < len(entry.energy_wh) else 0
