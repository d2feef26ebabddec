"""What has to hold after a proof day, judged from the journal alone and from what the meters hold in their hands."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from broker.ledger.transfer import MARKET, account
from broker.market.events import Received, decode_event
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from proofs.clock_checks import clock_violations
from proofs.community import ProofCommunity
from proofs.network_checks import network_violations
from proofs.storage_checks import storage_violations
from wire import messages as m
from wire.codec import digest
from wire.messages import SlotState
from wire.signing import split


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A day computed again from its journal: the market, what it said, and the frames that it had stored."""

    market: Market
    said: tuple[Outgoing, ...]
    stored: frozenset[str]

    def of(self, kind: type[m.Message]) -> list[Outgoing]:
        """Everything said of one kind, in order."""
        return [out for out in self.said if isinstance(out.message, kind)]


def replayed(community: ProofCommunity) -> Replayed:
    """The day of a community from its journal."""
    market = Market(community.day.terms, community.secret())
    said: list[Outgoing] = []
    stored: set[str] = set()
    for record in community.journal.records():
        event = decode_event(record)
        if isinstance(event, Received):
            stored.add(digest(split(event.frame.encode("latin-1"))[1]))
        said += market.apply(event)
    return Replayed(market=market, said=tuple(said), stored=frozenset(stored))


def violations(community: ProofCommunity) -> list[str]:
    """Every promise that the day broke, [] when none."""
    found = replayed(community)
    return [
        *_replay(community, found),
        *_receipts(community, found),
        *_rounds(community, found),
        *_energy(community, found),
        *_money(community, found),
        *clock_violations(community),
        *storage_violations(community, found.market, found.said),
        *network_violations(community.day, found.said),
    ]


def _replay(community: ProofCommunity, found: Replayed) -> Iterable[str]:
    """R6: the journal gives the state that the running broker has."""
    live = community.service.market
    if live.log.head() != found.market.log.head():
        yield "R6: the replayed log has another head"
    names = [MARKET, *map(account, community.day.meters)]
    if [live.accounts.balance(n) for n in names] != [found.market.accounts.balance(n) for n in names]:
        yield "R6: the replayed accounts differ"


def _receipts(community: ProofCommunity, found: Replayed) -> Iterable[str]:
    """R1, R2: what a meter holds a receipt for is stored, and counts once."""
    for receipt in community.receipts:
        if receipt.digest not in found.stored:
            yield f"R1: a receipted {receipt.of} of {receipt.meter} for {receipt.slot} is not in the journal"
    newest: dict[tuple[str, str], int] = defaultdict(int)
    for receipt in community.receipts:
        if receipt.of == "order":
            key = (receipt.meter, receipt.slot)
            newest[key] = max(newest[key], receipt.sequence)
    awards: dict[tuple[str, str], int] = {}
    for out in found.of(m.Award):
        award = out.message
        assert isinstance(award, m.Award)
        if (award.meter, award.slot) in awards:
            yield f"R2: {award.meter} was awarded twice for {award.slot}"
        awards[award.meter, award.slot] = award.sequence
    for (meter, slot), sequence in newest.items():
        if awards.get((meter, slot), 0) < sequence:
            yield f"R1: {meter} holds a receipt for order {sequence} of {slot}, which has no award"


def _rounds(community: ProofCommunity, found: Replayed) -> Iterable[str]:
    """R14: every slot of the day has a public result, and every one is settled in the end."""
    cleared = {out.message.slot for out in found.of(m.Clearing) if isinstance(out.message, m.Clearing)}
    for slot in community.day.slots:
        if slot.label not in cleared:
            yield f"R14: {slot.label} has no result"
        book = found.market.books.get(slot.start_s)
        if book is not None and book.state is not SlotState.SETTLED:
            yield f"R14: {slot.label} is {book.state}, not settled"


def _energy(community: ProofCommunity, found: Replayed) -> Iterable[str]:
    """R5: what is sold is bought, or lost on the way; lines sum to the last metered value, slots to the registers."""
    bought: dict[str, int] = defaultdict(int)
    for out in found.of(m.Award):
        assert isinstance(out.message, m.Award)
        bought[out.message.slot] += out.message.bought_wh - out.message.sold_wh
    for out in found.of(m.Clearing):
        assert isinstance(out.message, m.Clearing)
        bought[out.message.slot] += out.message.lost_wh or 0
    for slot, energy in bought.items():
        if energy:
            yield f"R5: {energy} Wh more bought or lost than sold in {slot}"
    lines: dict[tuple[str, str], int] = defaultdict(int)
    metered: dict[tuple[str, str], tuple[int, str]] = {}
    for out in found.of(m.Settlement):
        settled = out.message
        assert isinstance(settled, m.Settlement)
        key = (settled.meter, settled.slot)
        lines[key] += sum(line.energy_wh for line in settled.lines)
        metered[key] = (settled.metered_wh, settled.quality)
    for (meter, slot), (energy, _) in metered.items():
        if lines[meter, slot] != energy:
            yield f"R5: {meter} {slot}: lines of {lines[meter, slot]} Wh, metered {energy} Wh"
    yield from _registers(community, metered)


def _registers(community: ProofCommunity, metered: dict[tuple[str, str], tuple[int, str]]) -> Iterable[str]:
    """Where every slot of a member was settled as measured, the slots sum to the difference of its registers."""
    for meter, registers in community.registers.items():
        own = [value for (name, _), value in metered.items() if name == meter]
        is_whole = len(own) == len(community.day.slots) and all(quality == "measured" for _, quality in own)
        total = sum(energy for energy, _ in own)
        if is_whole and total != registers.import_wh - registers.export_wh:
            yield f"R5: {meter} was settled on {total} Wh, its registers say otherwise"


def _money(community: ProofCommunity, found: Replayed) -> Iterable[str]:
    """R4: the ledger sums to zero, the market keeps nothing, statements sum to the ledger."""
    accounts = found.market.accounts
    if accounts.sum_nano() or accounts.balance(MARKET):
        yield f"R4: the ledger sums to {accounts.sum_nano()}, the market keeps {accounts.balance(MARKET)} nano"
    billed: dict[str, int] = defaultdict(int)
    for out in found.of(m.Settlement):
        settled = out.message
        assert isinstance(settled, m.Settlement)
        billed[settled.meter] += settled.total_nano
        if settled.total_nano != sum(line.amount_nano for line in settled.lines):
            yield f"R4: {settled.meter} {settled.slot}: the lines do not sum to the total"
    for meter in community.day.meters:
        if billed[meter] != -accounts.balance(account(meter)):
            yield f"R4: {meter} was billed {billed[meter]} nano, the ledger says {-accounts.balance(account(meter))}"
