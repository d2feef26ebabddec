"""The test stand of a broker: who is connected, sending under labels, and waiting for answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from conformance.evidence import Evidence, opened
from conformance.identity import Member
from conformance.link import Link
from conformance.market_clock import MarketClock
from conformance.probes.desk import FIRST, SECOND, Probe, topic_of
from conformance.recorder import Recorder
from conformance.transcript import Heard, Sent, Transcript
from wire.messages import Calendar, Message
from wire.topics import topic

M = TypeVar("M", bound=Message)
AT_ONCE = 20  # a broker may hold few frames of one meter


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Everything that the phases of a run share; `members` are who the clients speak for."""

    link: Link
    recorder: Recorder
    clock: MarketClock
    community: str
    members: Mapping[str, Member]
    within_s: float
    says: Callable[[str], None]
    broker_key: bytes | None = None

    @property
    def first(self) -> Member:
        """The member that buys."""
        return self.members[FIRST]

    @property
    def second(self) -> Member:
        """The member that sells."""
        return self.members[SECOND]

    def read(self) -> Evidence:
        """What is known so far; without a given key the broker's is the one that its first calendar names."""
        transcript = Transcript(
            community=self.community,
            meters={member.meter: member.key.public for member in self.members.values()},
            clients={member.meter: client for client, member in self.members.items()},
            broker_key=self.broker_key or bytes.fromhex(self.heard(Calendar)[0].broker_key),
            first=FIRST,
            events=tuple(self.recorder.events),
        )
        return Evidence(transcript)

    def heard(self, model: type[M], meter: str = "", *, since: int = 0, **values: object) -> list[M]:
        """The messages of a kind that have come, whoever signed them."""
        where = topic(model.kind, self.community, meter)
        found = []
        for event in self.recorder.events[since:]:
            if isinstance(event, Heard) and event.topic == where:
                message = opened(model.kind, self.community, event.payload, None)[1]
                if isinstance(message, model) and all(getattr(message, k) == v for k, v in values.items()):
                    found.append(message)
        return found

    async def send(self, probes: Sequence[Probe]) -> bool:
        """Sends frames and waits for an answer to each; whether all came."""
        came = True
        for start in range(0, len(probes), AT_ONCE):
            since = len(self.recorder.events)
            waiting = {probe.named.encode() for probe in probes[start : start + AT_ONCE]}
            for probe in probes[start : start + AT_ONCE]:
                await self.post(probe)
            came &= await self.recorder.until(partial(self.is_answered, waiting, since), self.within_s)
        return came

    async def post(self, probe: Probe, *, forbidden_to: str | None = None) -> None:
        """Sends a frame and waits for nothing but the MQTT server, or tries it as a client that may not send it."""
        where = topic_of(self.community, probe.meter, probe.kind)
        self.recorder.send(
            Sent(
                client=forbidden_to or probe.client,
                label=probe.label,
                kind=probe.kind,
                meter=probe.meter,
                topic=where,
                frame=probe.frame,
                named=probe.named,
                at_s=self.clock.now_s(),
            )
        )
        if forbidden_to is None:
            await self.link.publish(probe.client, where, probe.frame)
        else:
            await self.link.attempt(forbidden_to, where, probe.frame)

    def is_answered(self, waiting: set[bytes], since: int) -> bool:
        """Whether every digest stands in something that was heard since."""
        heard = [event.payload for event in self.recorder.events[since:] if isinstance(event, Heard)]
        return all(any(named in payload for payload in heard) for named in waiting)

    async def hears(self, model: type[M], meter: str = "", *, since: int = 0, **values: object) -> bool:
        """Whether a message with these values is there, or comes in time."""
        return await self.recorder.until(lambda: bool(self.heard(model, meter, since=since, **values)), self.within_s)

    @property
    def place(self) -> int:
        """Where the next event will stand."""
        return len(self.recorder.events)
