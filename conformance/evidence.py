"""A transcript as judges read it: decoded messages in order, and the answers to what the kit sent."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TypeVar

from conformance.transcript import Event, Heard, Mark, Packet, Sent, Transcript
from wire.bundle import BundleError, Letter, decode_bundle
from wire.calendar import gates
from wire.codec import DecodeError, decode
from wire.messages import BY_KIND, Calendar, Message, Receipt, Rejection, Stage
from wire.signing import FrameError, is_signed_by, split
from wire.slots import Slot, parse_utc
from wire.topics import BUNDLE, parse_topic, topic
from wire.topics import BY_KIND as RULES

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A message as it was heard: where it stands in the transcript, what it is, and what is wrong with it.

    `payload` is None where the bytes have no frame, `message` where they do not decode; `form`, `signature` and
    `content` say what is wrong, None when nothing is.
    """

    place: int
    client: str
    topic: str
    kind: str
    meter: str
    data: bytes
    at_s: int
    qos: int
    retain: bool
    payload: bytes | None
    message: Message | None
    form: str | None
    signature: str | None
    content: str | None


@lru_cache(maxsize=20_000)
def opened(
    kind: str, community: str, data: bytes, key: bytes | None
) -> tuple[bytes | None, Message | None, str | None, str | None, str | None]:
    """(payload, message, what is wrong with form, signature, content) of what was heard under a kind."""
    payload, signature = data, None
    if RULES[kind].signed:
        try:
            found, payload = split(data)
        except FrameError as error:
            return None, None, str(error), None, None
        if key is not None and not is_signed_by(key, kind, community, found, payload):
            signature = f"the signature of this {kind} does not hold"
    try:
        return payload, decode(BY_KIND[kind], payload), None, signature, None
    except DecodeError as error:
        return payload, None, None, signature, str(error)


def _opened_bundle(data: bytes) -> list[Letter]:
    try:
        return decode_bundle(data)
    except BundleError:
        return []


class Evidence:
    """A transcript, read. Public messages are those that the transcript's first client heard."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.community = transcript.community

    @cached_property
    def heard(self) -> tuple[Read, ...]:
        """Everything heard or published on topics of the protocol, by all clients, in order."""
        read = (self._read(place, event) for place, event in enumerate(self.transcript.events))
        alone = [message for message in read if message is not None]
        return tuple(sorted([*alone, *self._letters()], key=lambda message: message.place))

    def _letters(self) -> Iterator[Read]:
        """The frames of bundles for gateways, as if each had come on its own topic."""
        for place, event in enumerate(self.transcript.events):
            if isinstance(event, Heard) and event.topic.endswith(f"/{BUNDLE}") and "/relay/" in event.topic:
                for letter in _opened_bundle(event.payload):
                    where = topic(letter.kind, self.community, letter.meter) if letter.kind in RULES else event.topic
                    alone = replace(event, topic=where, payload=letter.frame)
                    read = self._read(place, alone)
                    if read is not None:
                        yield read

    def _read(self, place: int, event: Event) -> Read | None:
        if not isinstance(event, Heard | Packet) or (isinstance(event, Packet) and event.kind != "publish"):
            return None
        address = parse_topic(event.topic, self.community)
        if address is None or address.kind not in BY_KIND:
            return None
        by_broker = RULES[address.kind].publisher == "broker"
        key = self.transcript.broker_key if by_broker else self.transcript.meters.get(address.meter)
        payload, message, form, signature, content = opened(address.kind, self.community, event.payload, key)
        return Read(
            place=place,
            client=event.client if isinstance(event, Heard) else "",
            topic=event.topic,
            kind=address.kind,
            meter=address.meter,
            data=event.payload,
            at_s=event.at_s,
            qos=event.qos,
            retain=event.retain,
            payload=payload,
            message=message,
            form=form,
            signature=signature,
            content=content,
        )

    @cached_property
    def told(self) -> tuple[Read, ...]:
        """Live broker messages: public ones as the first client heard them, private ones as their meter did."""
        first, clients = self.transcript.first, self.transcript.clients
        return tuple(
            read
            for read in self.heard
            if RULES[read.kind].publisher == "broker"
            and read.client == (clients.get(read.meter) if read.meter else first)
        )

    @cached_property
    def said(self) -> tuple[Read, ...]:
        """What meters published, as the transcript's first client heard it."""
        first = self.transcript.first
        return tuple(r for r in self.heard if RULES[r.kind].publisher == "meter" and r.client == first)

    def of(self, model: type[M], meter: str = "", *, live: bool = False, **values: object) -> list[M]:
        """The decoded messages of a kind to a meter (public: ""), whose fields have these values."""
        return [m for _, m in self.placed(model, meter, live=live, **values)]

    def placed(
        self, model: type[M], meter: str = "", *, live: bool = False, **values: object
    ) -> list[tuple[Read, M]]:
        """The same, each with how it was heard; `live` leaves out what the server had kept."""
        return [
            (read, read.message)
            for read in self.told
            if read.kind == model.kind
            and isinstance(read.message, model)
            and read.meter == meter
            and read.signature is None
            and not (live and read.retain)
            and all(getattr(read.message, name) == value for name, value in values.items())
        ]

    @cached_property
    def calendar(self) -> Calendar | None:
        """The newest calendar."""
        found = self.of(Calendar)
        return found[-1] if found else None

    @cached_property
    def sent(self) -> dict[str, tuple[int, Sent]]:
        """What the kit sent by its label, with its place in the transcript; of equal labels the last."""
        return {e.label: (i, e) for i, e in enumerate(self.transcript.events) if isinstance(e, Sent)}

    def mark(self, name: str) -> int | None:
        """The place of a mark, None when the run did not get there."""
        found = [i for i, e in enumerate(self.transcript.events) if isinstance(e, Mark) and e.name == name]
        return found[-1] if found else None

    def answers(self, label: str) -> list[Receipt | Rejection]:
        """The receipts and rejections that name what was sent under a label, after it was sent."""
        if label not in self.sent:
            return []
        place, sent = self.sent[label]
        return [
            read.message
            for read in self.told
            if read.place > place
            and read.meter == sent.meter
            and isinstance(read.message, Receipt | Rejection)
            and read.signature is None
            and read.message.digest == sent.named
        ]

    def receipt(self, label: str) -> Receipt | None:
        """The first receipt of what was sent under a label."""
        return next((a for a in self.answers(label) if isinstance(a, Receipt)), None)

    def rejection(self, label: str) -> Rejection | None:
        """The first rejection of what was sent under a label."""
        return next((a for a in self.answers(label) if isinstance(a, Rejection)), None)

    def stage(self, name: str) -> Stage | None:
        """A stage of the calendar."""
        stages = self.calendar.stages if self.calendar is not None else ()
        return next((stage for stage in stages if stage.stage == name), None)

    def gate_s(self, stage: str, slot: str, number: int) -> int | None:
        """When a round of a stage closes for a slot by the calendar [s since 1970]; None where there is none."""
        if self.calendar is None:
            return None
        try:
            named = Slot(parse_utc(slot), self.calendar.slot_minutes)
        except ValueError:
            return None
        found = gates(self.calendar.stages, named)
        return next((g.gate_s for g in found if (g.stage, g.round) == (stage, number)), None)
