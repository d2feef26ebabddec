"""A small community that trades twice: by binary household records, and by single messages on the market."""

import base64
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from test_market_fold import COMMUNITY, KEYS, SLOT, START_S, received

from broker.bulk.members import Roll
from broker.bulk.slot import REGISTERS, BulkSlot
from broker.market.events import (
    BatchReceived,
    DeliveryEnded,
    Enrolled,
    Event,
    GateClosed,
    Received,
    SettlementDue,
    SlotOpened,
)
from broker.market.market import Market
from broker.market.terms import Member, OutsidePrices, Terms
from wire.batch import HOUSEHOLD, Batch, Records, encode_batch
from wire.household import signed
from wire.messages import Award, MeterReport, Order, OrderStep, Receipt, Rejection, Settlement, Side
from wire.reasons import Reason
from wire.slots import Slot

NAMEPLATE_W = 11_000
PRICES = OutsidePrices(retail_micro=300_000, feed_in_micro=100_000)
TERMS = Terms(community=COMMUNITY, messages_per_slot_max=3, steps_max=3)
LATER = SLOT.shifted(2)
METERS = sorted(KEYS)


class OrderHalf(NamedTuple):
    """An order of a record: its sequence and its steps (side, price, energy)."""

    sequence: int
    steps: tuple[tuple[Side, int, int], ...]


class ReportHalf(NamedTuple):
    """A report of a record: registers rise from 0 to these."""

    sequence: int
    import_to: int
    export_to: int
    estimated: bool


class Sent(NamedTuple):
    """What one household sends once; None for a half that is absent."""

    meter: str
    order: OrderHalf | None
    report: ReportHalf | None
    is_forged: bool = False


def roll() -> Roll:
    members = [
        Member(meter=meter, public_key=key.public, nameplate_import_w=NAMEPLATE_W, nameplate_export_w=NAMEPLATE_W)
        for meter, key in KEYS.items()
    ]
    return Roll(members, bytes(32), SLOT.start_s)


def bulk(slot: Slot = SLOT) -> BulkSlot:
    return BulkSlot(TERMS, roll(), slot, PRICES, np.zeros(len(KEYS), dtype=REGISTERS))


def batch_of(sent: list[Sent], slot: Slot, reported: Slot = SLOT) -> Batch:
    """The signed batch: orders are for `slot`, reports are of `reported`."""
    records = np.zeros(len(sent), dtype=HOUSEHOLD)
    for record, item in zip(records, sent, strict=True):
        record["meter"] = item.meter.encode()
        if item.order is not None:
            _fill_order(record["order"], item.order)
        if item.report is not None:
            record["report"] = (
                reported.start_s,
                item.report.sequence,
                0,
                item.report.import_to,
                0,
                item.report.export_to,
                item.report.estimated,
            )
    batch = Batch(kind="household", stage=TERMS.stage, slot_s=slot.start_s, records=records)
    made = signed(batch, COMMUNITY, [KEYS[item.meter] for item in sent])
    for i, item in enumerate(sent):
        if item.is_forged:
            made.records["signature"][i] = np.void(bytes(64))
    return made


def _fill_order(half: Records, order: OrderHalf) -> None:
    half["sequence"], half["steps"] = order.sequence, len(order.steps)
    for k, (side, price, energy) in enumerate(order.steps):
        half["side"][k], half["price"][k], half["energy"][k] = side is Side.SELL, price, energy


@dataclass
class Singles:
    """The market that gets every half as a message of its own, and what it awarded and settled."""

    gateway: str = ""

    def __post_init__(self) -> None:
        self.market = Market(TERMS, bytes(32))
        self.awards: dict[tuple[str, str], Award] = {}
        self.settled: dict[str, Settlement] = {}
        for meter, key in KEYS.items():
            self.apply(
                Enrolled(
                    at_s=0,
                    meter=meter,
                    public_key=key.public_hex,
                    nameplate_import_w=NAMEPLATE_W,
                    nameplate_export_w=NAMEPLATE_W,
                    gateway=self.gateway,
                )
            )
        for slot in (SLOT, LATER):
            self.apply(
                SlotOpened(
                    at_s=START_S,
                    slot_s=slot.start_s,
                    retail_micro=PRICES.retail_micro,
                    feed_in_micro=PRICES.feed_in_micro,
                )
            )

    def apply(self, event: Event) -> list[Reason | None]:
        """The reasons of the answers to one event."""
        reasons: list[Reason | None] = []
        for out in self.market.apply(event):
            match out.message:
                case Award():
                    self.awards[out.message.slot, out.message.meter] = out.message
                case Settlement():
                    self.settled[out.message.meter] = out.message
                case Receipt():
                    reasons.append(None)
                case Rejection():
                    reasons.append(out.message.code)
        return reasons

    def order(self, item: Sent, slot: Slot, at_s: int) -> Reason | None:
        """What becomes of the order half of a record; nobody can say which half a forged one lacks."""
        if item.order is None:
            return Reason.BAD_SIGNATURE if item.is_forged else None
        steps = tuple(OrderStep(side=s, price_micro_per_kwh=p, energy_wh=e) for s, p, e in item.order.steps)
        message = Order(
            community=COMMUNITY,
            meter=item.meter,
            stage=TERMS.stage,
            slot=slot.label,
            sequence=item.order.sequence,
            steps=steps,
            sent_at=slot.label,
        )
        return self._single(received(item.meter, message, at_s), item)

    def report(self, item: Sent, slot: Slot, at_s: int) -> Reason | None:
        """What becomes of the report half of a record; nobody can say which half a forged one lacks."""
        if item.report is None:
            return Reason.BAD_SIGNATURE if item.is_forged else None
        message = MeterReport(
            community=COMMUNITY,
            meter=item.meter,
            slot=slot.label,
            sequence=item.report.sequence,
            import_from_wh=0,
            import_to_wh=item.report.import_to,
            export_from_wh=0,
            export_to_wh=item.report.export_to,
            quality="estimated" if item.report.estimated else "measured",
            replaces=None,
        )
        return self._single(received(item.meter, message, at_s), item)

    def _single(self, event: Received, item: Sent) -> Reason | None:
        if item.is_forged:
            event = event.model_copy(update={"frame": "v1." + "A" * 86 + event.frame[89:]})
        (reason,) = self.apply(event)
        return reason

    def batch(self, batch: Batch, at_s: int) -> list[Reason | None]:
        """The reasons of the answers to a batch: per record for the report and then for the order it has."""
        frame = base64.b64encode(encode_batch(batch)).decode()
        return self.apply(BatchReceived(at_s=at_s, gateway=self.gateway, frame=frame))

    def clear(self, slot: Slot) -> None:
        """The gate of a slot closes."""
        self.apply(GateClosed(at_s=slot.start_s - 60, slot_s=slot.start_s))

    def deliver(self, slot: Slot) -> None:
        """A slot is over."""
        self.apply(DeliveryEnded(at_s=slot.end_s, slot_s=slot.start_s))

    def settle(self, slot: Slot) -> None:
        """A slot is settled."""
        self.apply(SettlementDue(at_s=slot.end_s, slot_s=slot.start_s))
