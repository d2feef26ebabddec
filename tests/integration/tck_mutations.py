"""Transcripts with one thing wrong: every assertion of the test kit has to find its own."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.transcript import Event, Heard, Mark, Packet, Sent, Transcript
from wire.bundle import decode_bundle
from wire.codec import canonical
from wire.signing import SigningKey, key_from_seed, seal, split
from wire.topics import BUNDLE, BY_KIND, topic

Mutation = Callable[[Transcript], Transcript]
Value = dict[str, Any]
NOBODY = key_from_seed(b"nobody has enrolled this key ...")


def kind_of(event: Event) -> str:
    """The kind of message of a topic, "" for everything that has none."""
    return "" if isinstance(event, Mark) else event.topic.rsplit("/", 1)[-1]


def _payload(event: Heard) -> bytes:
    return split(event.payload)[1] if event.payload.startswith(b"v1.") else event.payload


def fits(event: Event, kind: str, wanted: Value, client: str | None = "first") -> bool:
    """Whether something heard is of a kind and has these values."""
    if not isinstance(event, Heard) or kind_of(event) != kind or client not in (None, event.client):
        return False
    value = json.loads(_payload(event))
    return all(value.get(name) == content for name, content in wanted.items())


class Mutator:
    """Mutations of one run, signed anew with the key of who is under test."""

    def __init__(self, key: SigningKey, community: str) -> None:
        self._key = key
        self._community = community

    def framed(self, kind: str, payload: bytes, key: SigningKey | None = None) -> bytes:
        """The frame of a payload, bare where the kind is not signed."""
        return seal(key or self._key, kind, self._community, payload) if BY_KIND[kind].signed else payload

    def data(
        self, kind: str, change: Callable[[bytes], bytes], client: str | None = "first", **wanted: Any
    ) -> Mutation:
        """Other bytes on the wire for the first message of a kind with these values."""

        def mutate(run: Transcript) -> Transcript:
            events, is_done = list(run.events), False
            for i, event in enumerate(events):
                if not is_done and fits(event, kind, wanted, client) and isinstance(event, Heard):
                    events[i], is_done = replace(event, payload=change(event.payload)), True
            assert is_done, f"no {kind} with {wanted} to change"
            return replace(run, events=tuple(events))

        return mutate

    def payload(
        self, kind: str, change: Callable[[bytes], bytes], client: str | None = "first", **wanted: Any
    ) -> Mutation:
        """Another payload, well signed."""

        def changed(data: bytes) -> bytes:
            bare = split(data)[1] if data.startswith(b"v1.") else data
            return self.framed(kind, change(bare))

        return self.data(kind, changed, client, **wanted)

    def edit(
        self, kind: str, change: Value | Callable[[Value], Value], client: str | None = "first", **wanted: Any
    ) -> Mutation:
        """Other values in a payload, well signed and canonical."""

        def changed(payload: bytes) -> bytes:
            value = json.loads(payload)
            return canonical(change(value) if callable(change) else value | change)

        return self.payload(kind, changed, client, **wanted)

    def edit_all(self, kind: str, change: Callable[[Value], Value]) -> Mutation:
        """Other values in every message of a kind, whoever heard it."""

        def mutate(run: Transcript) -> Transcript:
            events = list(run.events)
            for i, event in enumerate(events):
                if isinstance(event, Heard) and kind_of(event) == kind:
                    payload = canonical(change(json.loads(_payload(event))))
                    events[i] = replace(event, payload=self.framed(kind, payload))
            assert events != list(run.events), f"no {kind} to change"
            return replace(run, events=tuple(events))

        return mutate


def drop(kind: str, client: str | None = None, **wanted: Any) -> Mutation:
    """Nothing of a kind with these values was heard."""

    def mutate(run: Transcript) -> Transcript:
        kept = tuple(event for event in run.events if not fits(event, kind, wanted, client))
        assert len(kept) < len(run.events), f"no {kind} with {wanted} to drop"
        return replace(run, events=kept)

    return mutate


def add(make: Callable[[Transcript], Event], after: str = "") -> Mutation:
    """One more event at the end, or after a mark."""

    def mutate(run: Transcript) -> Transcript:
        events = list(run.events)
        marks = [i for i, event in enumerate(events) if isinstance(event, Mark) and event.name == after]
        events.insert(marks[0] + 1 if marks else len(events), make(run))
        return replace(run, events=tuple(events))

    return mutate


def flag(kind: str, *, client: str = "first", **fields: Any) -> Mutation:
    """Other QoS, retain flag, client or topic of everything heard of a kind."""

    def mutate(run: Transcript) -> Transcript:
        events = tuple(
            replace(e, **fields) if isinstance(e, Heard) and kind_of(e) == kind and e.client == client else e
            for e in run.events
        )
        assert events != run.events, f"no {kind} of {client} to change"
        return replace(run, events=events)

    return mutate


def moved(kind: str, before: str, **wanted: Any) -> Mutation:
    """The first message of a kind with these values comes before the first of another kind with them."""

    def mutate(run: Transcript) -> Transcript:
        events = list(run.events)
        late = next(i for i, e in enumerate(events) if fits(e, kind, wanted))
        early = next(i for i, e in enumerate(events) if fits(e, before, wanted))
        events.insert(early, events.pop(late))
        return replace(run, events=tuple(events))

    return mutate


def packets(kind: str, change: Callable[[Packet], Packet | None]) -> Mutation:
    """Other packets of a kind on the meter's connection, or none."""

    def mutate(run: Transcript) -> Transcript:
        events = [change(e) if isinstance(e, Packet) and e.kind == kind else e for e in run.events]
        assert events != list(run.events), f"no {kind} packet to change"
        return replace(run, events=tuple(event for event in events if event is not None))

    return mutate


def unbundled(run: Transcript) -> Transcript:
    """The same run, with the frames of bundles heard one by one."""
    events: list[Event] = []
    for event in run.events:
        if isinstance(event, Heard) and kind_of(event) == BUNDLE:
            for letter in decode_bundle(event.payload):
                where = topic(letter.kind, run.community, letter.meter)
                events.append(replace(event, topic=where, payload=letter.frame))
        else:
            events.append(event)
    return replace(run, events=tuple(events))


def sent(run: Transcript, label: str) -> Sent:
    """What the kit sent under a label."""
    return next(e for e in run.events if isinstance(e, Sent) and e.label == label)
