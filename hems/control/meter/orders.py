"""Simple orders of one meter: signed, numbered, and kept until the broker has them."""

from dataclasses import dataclass, field

from hems.bidding.sessions import open_gate
from hems.bidding.steps import Step
from hems.bidding.strategy import SlotOrder, Strategy
from hems.control.market_auditor import MarketAuditor
from hems.control.market_view import MarketView
from hems.control.meter.frames import Frame, Signer
from hems.control.meter.order_steps import coarsened, within_conditions
from hems.control.meter.outbox import Outbox
from hems.control.meter.sealed_orders import SealedOrders, round_at
from wire import messages as m
from wire.calendar import gates
from wire.codec import encode
from wire.commitments import RoundName
from wire.slots import format_utc

ORDER_KINDS = (m.Order.kind, m.SealedOrder.kind)


@dataclass(slots=True)
class Orders:
    """The orders of one meter; `sent` counts them."""

    signer: Signer
    outbox: Outbox
    view: MarketView
    sealed: SealedOrders
    auditor: MarketAuditor | None
    sent: int = 0
    _ordered_in: dict[str, str] = field(default_factory=dict)

    def order(self, strategy: Strategy, now_s: int) -> Frame | None:
        """The signed order of a strategy; None when there is nothing to trade or the slot has no market.

        Where an earlier order of the slot is out, an order without steps withdraws it.
        """
        calendar = self.view.calendar
        stage = "intraday"
        if calendar is not None:
            gate = open_gate(calendar.stages, strategy.slot, now_s)
            following = gates(calendar.stages, strategy.slot)
            if gate is None and not any(stage.kind is m.StageKind.INTRADAY for stage in calendar.stages):
                return None
            stage = gate.stage if gate is not None else following[-1].stage if following else stage
        return self.slot_order(SlotOrder(stage=stage, slot=strategy.slot, steps=strategy.steps), now_s)

    def slot_order(self, wanted: SlotOrder, now_s: int) -> Frame | None:
        """The signed order for one slot in one stage; None where there is nothing to say.

        While the operator has paused the market an order that is out is withdrawn, and no other is sent.
        """
        slot, calendar = wanted.slot.label, self.view.calendar
        stage = None if calendar is None else next((s for s in calendar.stages if s.stage == wanted.stage), None)
        if calendar is not None and (stage is None or not stage.takes_orders):
            return None
        steps = () if self.view.is_paused else within_conditions(wanted.steps, self.view.conditions.get(slot))
        if calendar is not None:
            steps = coarsened(steps, calendar.steps_max)
        is_sealed = stage is not None and stage.sealed
        last = self.outbox.last_sequence(m.SealedOrder.kind if is_sealed else m.Order.kind, slot)
        # an order of an earlier session cannot be withdrawn any more: without steps there is nothing to say then
        if not steps and (last == 0 or (slot in self.view.awards and slot not in self.view.orders)):
            return None
        order = self._numbered(wanted, steps, last + 1, now_s)
        salt = None
        message: m.Order | m.SealedOrder = order
        if calendar is not None and is_sealed:
            of = RoundName(self.signer.community, order.stage, slot, round_at(calendar.stages, wanted, now_s))
            salt = self.sealed.salt(of, order.sequence)
            message = self.sealed.committed(order, of, salt)
        return self._sent(wanted, order, message, steps, salt)

    def _numbered(self, wanted: SlotOrder, steps: tuple[Step, ...], sequence: int, now_s: int) -> m.Order:
        return m.Order(
            community=self.signer.community,
            meter=self.signer.meter,
            stage=wanted.stage,
            slot=wanted.slot.label,
            sequence=sequence,
            steps=tuple(
                m.OrderStep(side=m.Side(s.side), price_micro_per_kwh=s.price_micro, energy_wh=s.energy_wh)
                for s in steps
            ),
            sent_at=format_utc(now_s),
        )

    def _sent(
        self,
        wanted: SlotOrder,
        order: m.Order,
        message: m.Order | m.SealedOrder,
        steps: tuple[Step, ...],
        salt: str | None,
    ) -> Frame:
        """Remembers an order before it goes out."""
        payload = encode(message)
        self.outbox.put(message.kind, order.slot, order.sequence, payload)
        self._ordered_in[order.slot] = wanted.stage
        self.view.ordered(wanted.slot, steps)
        self.sent += 1
        if self.auditor is not None:
            self.auditor.sent(order, salt)
        return self.signer.frame(message.kind, payload)

    def rejected(self, kind: str, slot: str) -> None:
        """The broker did not take the newest order: there is nothing to open, and none is out."""
        if kind in ORDER_KINDS:
            self.outbox.settle(m.Reveal.kind, slot)
            self.view.orders.pop(slot, None)

    def cleared(self, clearing: m.Clearing) -> None:
        """The session of an order is over: whatever was not answered is not sent again."""
        if self._ordered_in.get(clearing.slot, clearing.stage) != clearing.stage:
            return
        self._ordered_in.pop(clearing.slot, None)
        for kind in (*ORDER_KINDS, m.Reveal.kind):
            self.outbox.settle(kind, clearing.slot)
