"""What the market wants to have sent."""

from dataclasses import dataclass

from broker.market.outcome import Rejected
from wire.messages import Message, Rejection


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message and its addressee: a meter, or "" for everybody.

    `gateway` is the gateway it has to go through; "" leaves that to the meter's enrolment.
    """

    message: Message
    meter: str = ""
    gateway: str = ""


def _text(quoted: str) -> str:
    """At most 200 characters that UTF-8 can carry: what a sender wrote may hold lone surrogates."""
    return quoted[:200].encode("utf-8", "replace").decode("utf-8")


def rejection(
    why: Rejected, *, community: str, meter: str, kind: str, digest: str, about: Message | None = None
) -> Outgoing:
    """The rejection of a message; `about` is the message itself when it could be read."""
    message = Rejection(
        community=community,
        meter=meter,
        of=kind[:64],
        code=why.code,
        field=_text(why.field) if why.field else None,
        detail=_text(why.detail),
        hint=why.hint,
        digest=digest,
        slot=getattr(about, "slot", None),
        sequence=getattr(about, "sequence", None),
    )
    return Outgoing(message, meter)
