"""The test stand of a meter: sending as its broker under labels, waiting for what it says, cutting its connection."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from conformance.evidence import opened
from conformance.link import Link
from conformance.market_clock import MarketClock, WallClock
from conformance.played_broker import PlayedBroker
from conformance.recorder import Recorder
from conformance.tap import Tap
from conformance.transcript import Heard, Packet, Sent, Transcript
from wire.codec import digest, encode
from wire.messages import Hello, Message, Receipt, Rejection
from wire.signing import SigningKey, key_from_seed
from wire.topics import BY_KIND, ROOT, topic

M = TypeVar("M", bound=Message)
BROKER_CLIENT = "first"
QUIET_S = 0.3
MARGIN_S = 5  # before a gate, so that a receipt still comes before it
FORGER = key_from_seed(b"forger in the protocol test kit!")  # nobody is enrolled with it


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStand:
    """Everything that the phases of a run share. `tap` is None when the meter talks to the server directly."""

    link: Link
    recorder: Recorder
    clock: MarketClock
    played: PlayedBroker
    public: bytes
    tap: Tap | None
    within_s: float
    resend_within_s: float
    says: Callable[[str], None]

    @property
    def meter(self) -> str:
        """The meter under test."""
        return self.played.meter

    @property
    def place(self) -> int:
        """Where the next event will stand."""
        return len(self.recorder.events)

    @property
    def is_silent(self) -> bool:
        """True when nothing was heard of the meter so far."""
        return not any(isinstance(event, Heard | Packet) for event in self.recorder.events)

    def transcript(self) -> Transcript:
        """The run as it stands."""
        return Transcript(
            community=self.played.community,
            meters={self.meter: self.public},
            clients={self.meter: BROKER_CLIENT},
            broker_key=self.played.key.public,
            first=BROKER_CLIENT,
            events=tuple(self.recorder.events),
        )

    async def tell(self, label: str, message: Message, *, key: SigningKey | None = None) -> None:
        """Publishes a message as the broker; with another key a forged one, which is never retained."""
        rule = BY_KIND[message.kind]
        frame = self.played.frame(message, key) if rule.signed else encode(message)
        where = topic(message.kind, self.played.community, self.meter)
        self._note(label, message.kind, where, frame, digest(encode(message)))
        await self.link.publish(BROKER_CLIENT, where, frame, retain=rule.retain and key is None)

    async def tell_bytes(self, label: str, below: str, data: bytes) -> None:
        """Publishes any bytes below the community."""
        where = f"{ROOT}/{self.played.community}/{below}"
        self._note(label, below.rsplit("/", 1)[1], where, data, digest(data))
        await self.link.publish(BROKER_CLIENT, where, data)

    def _note(self, label: str, kind: str, where: str, frame: bytes, named: str) -> None:
        self.recorder.send(
            Sent(
                client=BROKER_CLIENT,
                label=label,
                kind=kind,
                meter=self.meter,
                topic=where,
                frame=frame,
                named=named,
                at_s=self.clock.now_s(),
            )
        )

    def has_answered(self, payload: bytes) -> bool:
        """Whether the kit has sent a true receipt or rejection of a payload."""
        named = digest(payload).encode()
        return any(
            isinstance(event, Sent)
            and event.kind in (Receipt.kind, Rejection.kind)
            and not event.label.endswith((".forged", ".other"))
            and named in event.frame
            for event in self.recorder.events
        )

    def said(self, model: type[M], *, since: int = 0, **values: object) -> list[tuple[bytes, M]]:
        """(payload, message) of what the meter has said of a kind, whoever signed it."""
        where = topic(model.kind, self.played.community, self.meter)
        found = []
        for event in self.recorder.events[since:]:
            if isinstance(event, Heard) and event.topic == where:
                payload, message, *_ = opened(model.kind, self.played.community, event.payload, None)
                if payload is None or not isinstance(message, model):
                    continue
                if all(getattr(message, name) == value for name, value in values.items()):
                    found.append((payload, message))
        return found

    async def waits_for(
        self, model: type[M], *, since: int = 0, within_s: float | None = None, **values: object
    ) -> tuple[bytes, M] | None:
        """The first message of a kind with these values, None when none comes in time."""
        await self.recorder.until(
            lambda: bool(self.said(model, since=since, **values)), self.within_s if within_s is None else within_s
        )
        found = self.said(model, since=since, **values)
        return found[0] if found else None

    def patience_s(self, moment_s: int) -> float:
        """How long a message may take that a meter sends before a moment of the market [real seconds].

        On a driven clock the meter has answered the instant at which it is due, so it is on its way.
        """
        if isinstance(self.clock, WallClock):
            return max(self.within_s, moment_s - self.clock.now_s() - MARGIN_S)
        return self.within_s

    async def cut(self, name: str) -> bool:
        """Cuts the meter's connection and waits until it is back; whether there was one to cut."""
        if self.tap is None:
            return False
        since = self.place
        self.recorder.mark(f"cut {name}")
        if not self.tap.cut():
            return False
        await self.waits_for(Hello, since=since, within_s=60)
        await self.recorder.quiet(QUIET_S, self.within_s)
        self.recorder.mark(f"back {name}")
        return True

    async def lets_resend(self, name: str) -> None:
        """Gives the meter a reason to send again what was not answered: a cut, or else time."""
        if not await self.cut(name):
            self.recorder.mark(f"cut {name}")
            await self.recorder.quiet(self.resend_within_s, self.resend_within_s + 1)
            self.recorder.mark(f"back {name}")
