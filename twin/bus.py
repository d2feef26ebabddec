"""An in-process bus for virtual time: hands frames to the broker and to the meters' mailboxes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from broker.control.service import Inbound, MarketService
from broker.market.outgoing import Outgoing
from hems.control.transactive_meter import Frame, TransactiveMeter
from wire.codec import encode
from wire.messages import PairReply, Reply, Reveal
from wire.signing import SigningKey, seal
from wire.topics import BY_KIND

REPLIES = (Reply.kind, PairReply.kind)


@dataclass(slots=True)
class Disturbance:
    """How messages to the broker are mistreated: order shuffled, and a share of them delivered twice."""

    rng: random.Random
    duplicate_share: float = 0.0

    def applied(self, batch: Sequence[Inbound]) -> list[Inbound]:
        """The batch as it arrives."""
        twice = [item for item in batch if self.rng.random() < self.duplicate_share]
        arrived = [*batch, *twice]
        self.rng.shuffle(arrived)
        return arrived


@dataclass(slots=True)
class Bus:
    """Signs what the broker says, delivers it to those it is for, and collects what meters say."""

    service: MarketService
    broker_key: SigningKey
    meters: dict[str, TransactiveMeter] = field(default_factory=dict)
    disturbance: Disturbance | None = None

    def to_broker(self, frames: Sequence[tuple[str, Frame]], now_s: int) -> list[Outgoing]:
        """Delivers (meter, frame) pairs to the broker, and its answers to the meters; returns the answers."""
        batch = [Inbound(frame.kind, meter, frame.data) for meter, frame in frames]
        if self.disturbance is not None:
            batch = self.disturbance.applied(batch)
        return self.deliver(self.service.handle(batch, now_s), now_s)

    def step(self, now_s: int) -> list[Outgoing]:
        """Lets the broker do what time has brought, and delivers what it says."""
        return self.deliver(self.service.step(now_s), now_s)

    def deliver(self, sent: list[Outgoing], now_s: int) -> list[Outgoing]:
        """Hands the broker's messages to one meter each, or to all; what they ask for goes back to the broker."""
        community = self.service.market.terms.community
        for out in sent:
            payload = encode(out.message)
            is_signed = BY_KIND[out.message.kind].signed
            frame = seal(self.broker_key, out.message.kind, community, payload) if is_signed else payload
            receivers = [self.meters[out.meter]] if out.meter else list(self.meters.values())
            for meter in receivers:
                meter.receive(out.message.kind, frame, now_s)
        asked = [(name, frame) for name, meter in self.meters.items() for frame in meter.to_send()]
        answers = [(name, frame) for name, frame in asked if frame.kind in (Reveal.kind, *REPLIES)]
        if not answers:
            return sent
        sent = sent + self.to_broker(answers, now_s)
        return sent + self.step(now_s) if any(frame.kind in REPLIES for _, frame in answers) else sent
