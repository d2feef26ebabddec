"""Block orders: what is published of them, and whether every gate of their day names it."""

from conformance.assertion import BROKER
from conformance.evidence import Evidence
from conformance.verdict import Broken, NotJudged, Verdict, all_hold
from wire.codec import decode
from wire.commitments import block_leaf, block_token
from wire.merkle import leaf_hash, root
from wire.messages import BlockBook, BlockEntry, BlockOrder, Gate
from wire.signing import split

BLOCKS = ("block.first", "block.second")
NO_AUCTION = "no day-ahead auction with block orders closes within the run"


@BROKER.asserts(239)
def _published(run: Evidence) -> Verdict:
    sent = [label for label in BLOCKS if label in run.sent]
    if not sent:
        return NotJudged(NO_AUCTION)
    orders = {label: decode(BlockOrder, split(run.sent[label][1].frame)[1]) for label in sent}
    order = orders[sent[0]]
    gates = [gate for gate in run.of(Gate, stage=order.stage) if gate.blocks]
    if not gates:
        return Broken("no gate of the auction names block orders")
    entries = _entries(run, order.stage, gates[0].closed_at)
    published = len(entries), root([leaf_hash(block_leaf(entry)) for entry in entries]).hex()
    wrong = [
        f"the gate of {gate.slot} names {gate.blocks} blocks under another root than {published[0]} published ones"
        for gate in gates
        if (gate.blocks, gate.blocks_root) != published
    ]
    wrong += [text for label in sent if (text := _named(run, label, orders[label], entries)) is not None]
    return all_hold(wrong, len(gates) + len(sent), missing=NO_AUCTION)


def _entries(run: Evidence, stage: str, closed_at: str) -> list[BlockEntry]:
    pages = {page.page: page for page in run.of(BlockBook, stage=stage, gate=closed_at)}
    return [entry for number in sorted(pages) for entry in pages[number].entries]


def _named(run: Evidence, label: str, order: BlockOrder, entries: list[BlockEntry]) -> str | None:
    """What is wrong with a published block: missing, or under a name that is not the salted one."""
    receipt = run.receipt(label)
    if receipt is None or receipt.salt is None:
        return f"{label} was not receipted with a salt"
    token = block_token(receipt.salt, order.block)
    found = [entry for entry in entries if entry.block == token and entry.pseudonym == receipt.pseudonym]
    return None if found else f"{label} was receipted and is not published under its salted name"
