"""A member's own block orders, where the archive holds them: published as receipted, each block as its last order."""

from collections.abc import Mapping, Sequence

from broker.audit.archive import Archive
from broker.audit.day_replay import Auction
from wire import audit
from wire.audit import Check, Violation
from wire.codec import digest, encode
from wire.commitments import block_token, shown_block
from wire.messages import BlockEntry, BlockOrder, Calendar, Receipt
from wire.slots import format_utc


def own_blocks(
    archive: Archive, calendar: Calendar, blocks: Mapping[Auction, Sequence[BlockEntry]]
) -> list[Violation]:
    """What is wrong with the receipted block orders of the archive in the auctions whose blocks were published."""
    orders = {digest(encode(order)): order for order in archive.of(BlockOrder)}
    newest: dict[tuple[str, Auction, str], tuple[BlockOrder, Receipt]] = {}
    for receipt in archive.of(Receipt):
        is_told = receipt.of == BlockOrder.kind and receipt.salt is not None and receipt.pseudonym is not None
        order = orders.get(receipt.digest) if is_told else None
        auction = None if order is None else _auction(receipt, calendar)
        if order is None or auction is None:
            continue
        key = receipt.meter, auction, order.block
        if key not in newest or newest[key][0].sequence < order.sequence:
            newest[key] = order, receipt
    return [
        violation
        for (_, auction, _), (order, receipt) in sorted(newest.items(), key=lambda item: item[0])
        if auction in blocks
        for violation in _published(order, receipt, blocks[auction])
    ]


def _auction(receipt: Receipt, calendar: Calendar) -> Auction | None:
    slot = audit.slot_named(receipt.slot, calendar.slot_minutes)
    if slot is None or receipt.stage is None or receipt.round is None:
        return None
    gate_s = audit.gate_of(calendar.stages, slot, receipt.stage, receipt.round)
    return None if gate_s is None else (receipt.stage, format_utc(gate_s))


def _published(order: BlockOrder, receipt: Receipt, entries: Sequence[BlockEntry]) -> list[Violation]:
    assert receipt.salt is not None and receipt.pseudonym is not None, "others were left out"
    token = block_token(receipt.salt, order.block)
    found = [entry for entry in entries if entry.block == token]
    if any(entry.sequence > order.sequence for entry in found):
        return []  # a newer order of the block, which the archive does not hold
    if not any(order.energy_wh):
        wrong = "was withdrawn and is published" if found else ""
    elif not found:
        wrong = "was receipted and is not published"
    else:
        expected = shown_block(
            order, salt=receipt.salt, pseudonym=receipt.pseudonym, next_pseudonym=found[0].next_pseudonym
        )
        wrong = "" if found == [expected] else "is published as another one"
    return [Violation(Check.OWN_ORDER, receipt.slot, f"block {order.block} {wrong}")] if wrong else []
