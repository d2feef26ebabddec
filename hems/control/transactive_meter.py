"""The market session of one meter: signs orders and reports, checks answers, resends the unanswered.

It holds the meter's key and knows nothing of devices. An award proves itself under the signed clearing, every other
message of the broker is signed. An order counts when its receipt is here; until then its
outcome is unknown and it is sent again, which is always safe: a sequence counts once.
"""

from collections.abc import Callable

from hems.bidding.offers import Offers
from hems.bidding.strategy import Strategy
from hems.control.market_auditor import MarketAuditor
from hems.control.market_clock import MarketClock
from hems.control.market_view import MarketView
from hems.control.meter.frames import Frame, Signer
from hems.control.meter.offering import Offering
from hems.control.meter.orders import Orders
from hems.control.meter.outbox import MemoryOutbox, Outbox, is_newest
from hems.control.meter.proofs import Proofs
from hems.control.meter.reports import Registers, Reports
from hems.control.meter.sealed_orders import SealedOrders
from hems.control.meter.witnesses import Witnesses
from wire import messages as m
from wire.codec import DecodeError, decode
from wire.commitments import round_of
from wire.signing import MAX_FRAME_BYTES, FrameError, SigningKey, open_frame
from wire.slots import Slot, format_utc

__all__ = ["Frame", "MemoryOutbox", "Outbox", "Registers", "TransactiveMeter"]

PLAN_SLOTS_MAX = 288
SOFTWARE = "hearthgrid 0.1"


class TransactiveMeter:
    """One meter's side of the market protocol, without any transport."""

    def __init__(
        self,
        *,
        meter: str,
        community: str,
        key: SigningKey,
        broker_key: bytes,
        outbox: Outbox,
        on_message: Callable[[m.Message], None] | None = None,
        auditor: MarketAuditor | None = None,
        clock: MarketClock | None = None,
    ) -> None:
        self.meter = meter
        self.clock = clock
        self.auditor = auditor
        self.view = MarketView()
        self._community = community
        self._broker_key = broker_key
        self._outbox = outbox
        self._on_message = on_message
        self._signer = Signer(meter, community, key)
        self._sealed = SealedOrders(self._signer, outbox, auditor)
        self._orders = Orders(self._signer, outbox, self.view, self._sealed, auditor)
        self._offering = Offering(self._signer, self.view, auditor)
        self._reports = Reports(self._signer, outbox, auditor)
        self._proofs = Proofs()
        self._witnesses = Witnesses(self._signer, auditor)
        self._round = 0
        self._to_send: list[Frame] = []

    @property
    def orders_sent(self) -> int:
        """How many simple orders this session has signed."""
        return self._orders.sent

    def hello(self, now_s: int) -> Frame:
        """The question whether this meter is a member."""
        return self._signer.sealed(
            m.Hello(community=self._community, meter=self.meter, software=SOFTWARE, sent_at=format_utc(now_s))
        )

    def asked(self, slot: Slot) -> Frame:
        """The question what the broker holds of this meter for a slot, and how far trading of the slot is."""
        return self._signer.sealed(m.StatusQuery(community=self._community, meter=self.meter, slot=slot.label))

    def plan_notice(self, strategy: Strategy, now_s: int) -> Frame:
        """The non-binding plan for the community's path; its round follows the time, also over restarts."""
        self._round = max(self._round + 1, now_s)
        notice = m.PlanNotice(
            community=self._community,
            meter=self.meter,
            round=self._round,
            first_slot=strategy.slot.label,
            net_wh=strategy.market_wh[:PLAN_SLOTS_MAX],
        )
        self.view.own_plan = notice.model_copy(update={"net_wh": strategy.net_wh[:PLAN_SLOTS_MAX]})
        return self._signer.sealed(notice)

    def order(self, strategy: Strategy, now_s: int) -> Frame | None:
        """The signed order of a strategy; None when there is nothing to trade or the slot has no market.

        Where an earlier order of the slot is out, an order without steps withdraws it.
        """
        return self._orders.order(strategy, now_s)

    def later_orders(self, strategy: Strategy, now_s: int) -> list[Frame]:
        """The signed orders of a strategy for the slots after its own."""
        frames = [self._orders.slot_order(order, now_s) for order in strategy.later]
        return [frame for frame in frames if frame is not None]

    def offers(self, offers: Offers, now_s: int) -> list[Frame]:
        """The signed offers of a home in the stages beside the auctions of simple orders."""
        return self._offering.frames(offers, now_s)

    def block_order(self, block: m.BlockOrder) -> Frame:
        """The signed block order of a day-ahead stage; its sender keeps the sequence."""
        return self._own(block)

    def proposal(self, proposal: m.Proposal) -> Frame:
        """The signed offer of a forward contract to another member."""
        return self._own(proposal)

    def answer(self, contract: m.Contract, now_s: int, *, accepts: bool) -> Frame:
        """The signed answer to a contract that another member has proposed."""
        return self._signer.sealed(self._offering.answer(contract, now_s, accepts=accepts))

    def flex_offer(self, offer: m.FlexOffer) -> Frame:
        """The signed offer to a call for flexibility."""
        return self._own(offer)

    def _own(self, message: m.BlockOrder | m.Proposal | m.FlexOffer) -> Frame:
        """Raises: ValueError when the message is not this meter's: nothing is signed for another."""
        if (message.community, message.meter) != (self._community, self.meter):
            raise ValueError(f"a {message.kind} of {message.meter}: this meter is {self.meter}")
        return self._signer.sealed(message)

    def report(self, slot: Slot, start: Registers, end: Registers, *, measured: bool = True) -> Frame:
        """The signed metered energy of a slot, as register values at its two ends."""
        return self._reports.report(slot, start, end, measured=measured)

    def unanswered(self) -> list[Frame]:
        """Everything the broker has not receipted yet, to be sent again; no reveal before its gate was published."""
        waiting = self._outbox.unanswered()
        return [
            self._signer.frame(k, payload) for k, _, _, payload in waiting if self._sealed.may_be_sent(k, payload)
        ]

    def to_send(self) -> list[Frame]:
        """What received messages ask for: reveals after a gate, the newest checkpoint for the other members."""
        frames, self._to_send = self._to_send, []
        return frames

    def receive(
        self, kind: str, data: bytes, now_s: int | None = None, steady_s: float | None = None
    ) -> m.Message | None:
        """The verified message of the broker, or None when it does not hold (it is then ignored).

        `now_s` is the own clock, None while it was never set; before a gate has proven that it agrees with the
        market's, nothing is judged by it. `steady_s` is a clock that nobody can set, None without one. An award that
        comes before its clearing waits for it.
        """
        if kind == m.Witness.kind:
            self._witnesses.compare(data)
            return None
        message = self._opened(kind, data)
        if message is None or getattr(message, "meter", self.meter) != self.meter:
            return None
        is_bare = isinstance(message, m.Award) and not data.startswith(b"v1.")
        if isinstance(message, m.Award) and is_bare and not self._proofs.holds(message):
            return None
        self._take(message, now_s, steady_s)
        if isinstance(message, m.Clearing) and (waiting := self._proofs.proven_by(message)) is not None:
            self._take(waiting, now_s, steady_s)
        return message

    def _opened(self, kind: str, data: bytes) -> m.Message | None:
        model = m.BY_KIND.get(kind)
        if model is None:
            return None
        try:
            if kind == m.Award.kind and not data.startswith(b"v1."):
                return decode(model, data) if len(data) <= MAX_FRAME_BYTES else None
            return decode(model, open_frame(data, self._broker_key, kind, self._community))
        except (FrameError, DecodeError):
            return None

    def know(self, clearing: m.Clearing) -> None:
        """Remembers a clearing of an earlier run: its award may still be on the way."""
        self._proofs.keep(clearing)
        self.view.learn(clearing)

    def _take(self, message: m.Message, now_s: int | None, steady_s: float | None) -> None:
        self.view.learn(message)
        self._digest(message)
        if self.clock is not None and now_s is not None:
            self.clock.hear(message, now_s, steady_s)
            now_s = now_s if self.clock.is_proven else None
        if self.auditor is not None:
            self.auditor.learn(message, now_s)
        if isinstance(message, m.Checkpoint) and now_s is not None:
            witness = self._witnesses.of(message, now_s)
            self._to_send += [] if witness is None else [witness]
        if self._on_message is not None:
            self._on_message(message)

    def _digest(self, message: m.Message) -> None:
        match message:
            case m.Receipt() if is_newest(self._outbox, message.of, message.slot, message.sequence):
                self._outbox.settle(message.of, message.slot)
            case m.Rejection() if is_newest(self._outbox, message.of, message.slot, message.sequence):
                self._outbox.settle(message.of, message.slot or "")
                self._orders.rejected(message.of, message.slot or "")
            case m.Gate():
                self._to_send += self._sealed.revealed(message, in_rounds=self.view.is_in_rounds(message.stage))
            case m.Question():
                self._to_send += self._sealed.replied(message)
            case m.PairQuestion():
                self._to_send += self._sealed.proposed(message)
            case m.Clearing():
                self._proofs.keep(message)
                self._sealed.cleared(round_of(message))
                self._orders.cleared(message)
            case _:
                pass
