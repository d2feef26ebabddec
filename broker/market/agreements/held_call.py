"""What the broker knows of one call of the operator."""

from dataclasses import dataclass, field

from broker.contracts.flexibility import Procured
from broker.market.events import ActivationAsked, CallAsked
from wire.messages import Call, FlexOffer, ReserveOffer, StageKind
from wire.slots import Slot

Offer = FlexOffer | ReserveOffer
Asked = CallAsked | ActivationAsked


@dataclass(slots=True)
class HeldCall:
    """A call of a flexibility or an ancillary stage with the offers that count, each with its digest.

    `procured` is what was bought once its gate is over: who is called in every slot, or who stands by. `activated`
    says who of those that stand by is called in a slot, by its start [s]. `asked` are the operator's wishes that made
    the call and its activations.
    """

    call: Call
    kind: StageKind
    slots: tuple[Slot, ...]
    gate_s: int
    offers: dict[str, tuple[Offer, str]] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    procured: Procured | None = None
    activated: dict[int, Procured] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def was_asked(self, asked: Asked) -> bool:
        """Whether just this was asked before: after a crash the operator's file is still there."""
        return any(before.model_copy(update={"at_s": asked.at_s}) == asked for before in self.asked)

    @property
    def is_increase(self) -> bool:
        """Whether more use is asked for."""
        return self.call.direction == "increase"

    def called_wh(self, meter: str, slot: Slot) -> int:
        """What a meter is called for in a slot [Wh]."""
        if slot not in self.slots:
            return 0
        called = self.procured if self.kind is StageKind.FLEXIBILITY else self.activated.get(slot.start_s)
        return 0 if called is None else called.awarded.get(meter, 0)

    def window(self, meter: str, slot: Slot) -> tuple[Slot, ...]:
        """The slots measured as one call: all of a flexibility call, else the activated ones up to `slot`."""
        if self.kind is StageKind.FLEXIBILITY:
            return self.slots
        found = [slot]
        while self.called_wh(meter, found[0].shifted(-1)):
            found.insert(0, found[0].shifted(-1))
        return tuple(found)
