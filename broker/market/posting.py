"""From a delivered slot to transfers, log leaves and the members' private settlements."""

from dataclasses import dataclass

from broker.ledger.log import Log, pseudonym, salt
from broker.ledger.transfer import Transfer, account
from broker.market.auction import slot_rules
from broker.market.slot_book import SlotBook
from broker.market.terms import Terms
from broker.mechanisms.catalogue import MECHANISMS
from broker.settlement.slot import Position, SharingRule, settle
from broker.sharing import mid_market
from wire.commitments import settlement_leaf
from wire.messages import Settlement, SettlementLine


@dataclass(frozen=True, slots=True)
class SettledSlot:
    """Transfers of a slot with the settlement of every member, and the slot's metered totals [Wh]."""

    transfers: tuple[Transfer, ...]
    settlements: list[Settlement]
    demand_wh: int
    generation_wh: int


def settled_slot(book: SlotBook, terms: Terms, secret: bytes, log: Log) -> SettledSlot:
    """Settles a delivered slot and appends its leaves (members by pseudonym) to the log.

    A meter that was awarded energy and did not report is settled as if it had delivered, and marked as estimated.
    """
    positions, qualities = _positions(book)
    transfers = settle(positions, sharing_rule(terms), slot_rules(book.slot, terms)).transfers
    settlements = [_settlement(p, qualities[p.meter], transfers, book, terms) for p in positions]
    return SettledSlot(
        transfers=transfers,
        settlements=_logged(settlements, book, secret, log),
        demand_wh=sum(max(p.metered_wh, 0) for p in positions),
        generation_wh=sum(max(-p.metered_wh, 0) for p in positions),
    )


def sharing_rule(terms: Terms) -> SharingRule:
    """The rule for what was metered beyond the awards: the community's own, else the mid-market rate."""
    return MECHANISMS[terms.mechanism].share or mid_market.share


def _positions(book: SlotBook) -> tuple[list[Position], dict[str, str]]:
    positions, qualities = [], {}
    if book.prices is None:
        return [], {}
    awarded = {meter for meter, award in book.awards.items() if award.bought_wh != award.sold_wh}
    for meter in sorted(set(book.reports) | awarded):
        award = book.awards.get(meter)
        award_wh = award.bought_wh - award.sold_wh if award else 0
        held = book.reports.get(meter)
        metered_wh, qualities[meter] = award_wh, "estimated"
        if held is not None:
            r = held.report
            metered_wh = (r.import_to_wh - r.import_from_wh) - (r.export_to_wh - r.export_from_wh)
            qualities[meter] = r.quality
        positions.append(
            Position(
                meter=meter,
                award_wh=award_wh,
                award_nano=award.amount_nano if award else 0,
                award_price_micro=award.price_micro_per_kwh if award else None,
                metered_wh=metered_wh,
                retail_micro=book.prices.retail_micro,
                feed_in_micro=book.prices.feed_in_micro,
            )
        )
    return positions, qualities


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


def _logged(settlements: list[Settlement], book: SlotBook, secret: bytes, log: Log) -> list[Settlement]:
    named = sorted((pseudonym(secret, s.meter, book.slot.start_s), s) for s in settlements)
    placed = []
    for name, s in named:
        salted = s.model_copy(update={"salt": salt(secret, "settlement", s.meter, s.slot).hex()})
        placed.append(salted.model_copy(update={"log_index": log.append(settlement_leaf(salted, name))}))
    return sorted(placed, key=lambda s: s.meter)
