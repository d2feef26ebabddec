"""Orders of a sealed market: a commitment before the gate, opened once the gate has been published."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from hems.bidding.proposals import proposals
from hems.bidding.replies import replies
from hems.bidding.strategy import SlotOrder
from hems.control.market_auditor import MarketAuditor
from hems.control.meter.frames import Frame, Signer
from hems.control.meter.outbox import Outbox
from wire.calendar import gates
from wire.codec import decode, encode
from wire.commitments import RoundName, round_of, shown_order
from wire.messages import Gate, Order, PairQuestion, PairReply, Question, Reply, Reveal, SealedOrder, Side, Stage


@dataclass(frozen=True, slots=True)
class SealedOrders:
    """The sealed orders of one meter; what opens them waits in the outbox."""

    signer: Signer
    outbox: Outbox
    auditor: MarketAuditor | None = None
    _opened: set[RoundName] = field(default_factory=set)
    _asked_in: set[RoundName] = field(default_factory=set)

    def salt(self, of: RoundName, sequence: int) -> str:
        """The salt of a sealed order: known to this key alone, and the same after a restart."""
        text = f"salt/{of.community}/{of.stage}/{of.round}/{of.slot}/{sequence}"
        return hmac.new(self.signer.key.secret, text.encode(), hashlib.sha256).hexdigest()

    def committed(self, order: Order, of: RoundName, salt: str) -> SealedOrder:
        """The commitment to an order; what opens it waits in the outbox for the gate."""
        reveal = Reveal(**of._asdict(), meter=order.meter, sequence=order.sequence, salt=salt, steps=order.steps)
        self.outbox.put(Reveal.kind, order.slot, order.sequence, encode(reveal))
        shown = shown_order(order.steps, pseudonym="0" * 16, sequence=order.sequence, salt=salt, of=of)
        return SealedOrder(
            **of._asdict(),
            meter=order.meter,
            sequence=order.sequence,
            commitment=shown.commitment,
            sent_at=order.sent_at,
        )

    def revealed(self, gate: Gate, *, in_rounds: bool) -> list[Frame]:
        """Opens the sealed order of a session, now that the root of all received ones is out.

        Where the session is cleared `in_rounds` it stays sealed, and questions may be answered from now on.
        """
        waiting = self._waiting(round_of(gate))
        if waiting and in_rounds:
            self._asked_in.add(round_of(gate))
            return []
        if waiting:
            self._opened.add(round_of(gate))
        return [self.signer.frame(Reveal.kind, payload) for payload in waiting]

    def replied(self, question: Question) -> list[Frame]:
        """Says what the own sealed order trades at the prices of a question, once the root of all orders is out."""
        of = round_of(question)
        return [
            self._told(
                Reply(
                    **of._asdict(),
                    meter=self.signer.meter,
                    question=question.question,
                    quantities=replies(decode(Reveal, payload).steps, question.prices_micro_per_kwh),
                )
            )
            for payload in self._asked(of)
        ]

    def proposed(self, question: PairQuestion) -> list[Frame]:
        """Says what the own sealed order trades with each partner, once the root of all orders is out."""
        of = round_of(question)
        steps = [decode(Reveal, payload).steps for payload in self._asked(of)]
        return [
            self._told(
                PairReply(
                    **of._asdict(),
                    meter=self.signer.meter,
                    question=question.question,
                    sells_milli_wh=proposals(own, Side.SELL, question.sells, question.rho),
                    buys_milli_wh=proposals(own, Side.BUY, question.buys, question.rho),
                )
            )
            for own in steps
        ]

    def _told(self, reply: Reply | PairReply) -> Frame:
        if self.auditor is not None:
            self.auditor.replied(reply)
        return self.signer.sealed(reply)

    def _asked(self, of: RoundName) -> list[bytes]:
        """What opens the sealed order of a session in which questions are answered."""
        return self._waiting(of) if of in self._asked_in else []

    def _waiting(self, of: RoundName) -> list[bytes]:
        """What opens the sealed order of a session."""
        return [
            payload
            for kind, slot, _, payload in self.outbox.unanswered()
            if kind == Reveal.kind and slot == of.slot and round_of(decode(Reveal, payload)) == of
        ]

    def may_be_sent(self, kind: str, payload: bytes) -> bool:
        """Whether a waiting message may be sent again: no reveal before its gate was published."""
        return kind != Reveal.kind or round_of(decode(Reveal, payload)) in self._opened

    def cleared(self, of: RoundName) -> None:
        """The session is over."""
        self._opened.discard(of)
        self._asked_in.discard(of)


def round_at(stages: Sequence[Stage], wanted: SlotOrder, now_s: int) -> int:
    """The round of its stage that an order for a slot is for at a moment: the open one, else the last."""
    rounds = [gate for gate in gates(stages, wanted.slot) if gate.stage == wanted.stage]
    ahead = [gate.round for gate in rounds if now_s < gate.gate_s]
    return ahead[0] if ahead else max((gate.round for gate in rounds), default=0)
