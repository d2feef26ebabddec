"""From a delivered slot to transfers, log leaves and the members' private settlements."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.ledger.log import Log, commitment, pseudonym, salt
from broker.ledger.transfer import Transfer, account, meter_of
from broker.market.auction import slot_rules
from broker.market.slot_book import Holding, SlotBook
from broker.market.terms import Terms
from broker.mechanisms.catalogue import MECHANISMS
from broker.settlement.slot import Position, SharingRule, Traded, settle
from broker.sharing import mid_market
from wire.codec import canonical, digest, encode
from wire.messages import Settlement, SettlementItem, SettlementLine


@dataclass(frozen=True, slots=True)
class SettledSlot:
    """Transfers of a slot with the settlement of every member, and the slot's metered totals [Wh]."""

    transfers: tuple[Transfer, ...]
    settlements: list[Settlement]
    demand_wh: int
    generation_wh: int


def settled_slot(
    book: SlotBook, terms: Terms, secret: bytes, log: Log, flexibility: Sequence[Transfer] = ()
) -> SettledSlot:
    """Settles a delivered slot and appends its leaves (clearings first, members by pseudonym) to the log.

    A meter that was awarded energy and did not report is settled as if it had delivered, and marked as estimated.
    `flexibility` are the transfers of calls, which stand beside those of the energy.
    """
    called = {meter_of(name) for t in flexibility for name in (t.payer, t.payee)} - {None}
    positions, qualities = _positions(book, {name for name in called if name is not None})
    settled = settle(positions, sharing_rule(terms), slot_rules(book.slot, terms)).transfers
    transfers = (*settled, *flexibility) if positions else ()
    for clearing in book.clearings:
        log.append({"clearing": digest(encode(clearing)), "slot": book.slot.label})
    settlements = [_settlement(p, qualities[p.meter], transfers, book, terms) for p in positions]
    return SettledSlot(
        transfers=transfers,
        settlements=_logged(settlements, book, secret, log),
        demand_wh=sum(max(p.metered_wh, 0) for p in positions),
        generation_wh=sum(max(-p.metered_wh, 0) for p in positions),
    )


def sharing_rule(terms: Terms) -> SharingRule:
    """The rule for what was metered beyond the positions: the balancing stage's, else the mid-market rate."""
    return MECHANISMS[terms.balancing].share or mid_market.share


def _positions(book: SlotBook, called: set[str]) -> tuple[list[Position], dict[str, str]]:
    positions, qualities = [], {}
    if book.prices is None:
        return [], {}
    for meter in sorted(book.reports.keys() | book.holdings.keys() | called):
        parts = book.holdings.get(meter, [])
        award_wh = sum(part.energy_wh for part in parts)
        held = book.reports.get(meter)
        metered_wh, qualities[meter] = award_wh, "estimated"
        if held is not None:
            metered_wh, qualities[meter] = held.net_wh, held.report.quality
        positions.append(
            Position(
                meter=meter,
                award_wh=award_wh,
                award_nano=sum(part.amount_nano for part in parts),
                award_price_micro=parts[0].price_micro if len(parts) == 1 else None,
                parts=tuple(_traded(part) for part in parts),
                metered_wh=metered_wh,
                retail_micro=book.prices.retail_micro,
                feed_in_micro=book.prices.feed_in_micro,
            )
        )
    return positions, qualities


def _traded(part: Holding) -> Traded:
    item = SettlementItem.AWARD if part.counterparty is None else SettlementItem.CONTRACT
    return Traded(part.energy_wh, part.amount_nano, part.price_micro, item)


def _settlement(
    p: Position, quality: str, transfers: tuple[Transfer, ...], book: SlotBook, terms: Terms
) -> Settlement:
    own = account(p.meter)
    lines = [
        SettlementLine(
            item=t.item,
            energy_wh=t.energy_wh if t.payer == own else -t.energy_wh,
            price_micro_per_kwh=t.price_micro,
            amount_nano=t.amount_nano if t.payer == own else -t.amount_nano,
        )
        for t in transfers
        if own in (t.payer, t.payee)
    ]
    return Settlement(
        community=terms.community,
        meter=p.meter,
        slot=book.slot.label,
        quality="measured" if quality == "measured" else "estimated",
        award_wh=p.award_wh,
        metered_wh=p.metered_wh,
        lines=tuple(lines),
        total_nano=sum(line.amount_nano for line in lines),
        log_index=0,
        salt="0" * 64,
    )


def committed_bytes(settlement: Settlement) -> bytes:
    """The bytes that the log commits to: the settlement without its own place in the log."""
    return canonical(settlement.model_dump(mode="json", exclude={"log_index", "salt"}))


def _logged(settlements: list[Settlement], book: SlotBook, secret: bytes, log: Log) -> list[Settlement]:
    named = sorted((pseudonym(secret, s.meter, book.slot.start_s), s) for s in settlements)
    placed = []
    for name, s in named:
        salt_bytes = salt(secret, "settlement", s.meter, s.slot)
        leaf = {"commitment": commitment(salt_bytes, committed_bytes(s)), "pseudonym": name, "slot": s.slot}
        placed.append(s.model_copy(update={"log_index": log.append(leaf), "salt": salt_bytes.hex()}))
    return sorted(placed, key=lambda s: s.meter)
