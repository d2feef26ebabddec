"""Sealed orders and what opens them, or tries to."""

from conformance.probes.desk import Ground, Probe
from wire.commitments import RoundName, shown_order
from wire.messages import OrderStep, Reveal, SealedOrder

SALT, OTHER_SALT = "5a" * 32, "a5" * 32


def sealed(ground: Ground, label: str, client: str, step: OrderStep) -> Probe:
    """The commitment to an order of one step in round 0 of the stage."""
    of = RoundName(ground.community, ground.stage.stage, ground.slot.label, 0)
    shown = shown_order((step,), pseudonym="0" * 16, sequence=1, salt=SALT, of=of)
    message = SealedOrder(
        **of._asdict(),
        meter=ground.member(client).meter,
        sequence=1,
        commitment=shown.commitment,
        sent_at=ground.now,
    )
    return ground.signed(label, client, message)


def reveal(ground: Ground, label: str, client: str, step: OrderStep, *, salt: str = SALT) -> Probe:
    """What opens that commitment, with another salt something else."""
    of = RoundName(ground.community, ground.stage.stage, ground.slot.label, 0)
    message = Reveal(**of._asdict(), meter=ground.member(client).meter, sequence=1, salt=salt, steps=(step,))
    return ground.signed(label, client, message)
