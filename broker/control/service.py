"""The market service: journals inputs before they count, then applies them and hands out what has to be sent."""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from broker.control.operator_acts import act_problem
from broker.control.path_board import PATH_SLOTS, PathBoard
from broker.control.ports import (
    ActSource,
    CallSource,
    FixedLimits,
    Journal,
    LimitSource,
    NoActs,
    NoCalls,
    PriceSource,
    Recorder,
)
from broker.control.upcoming import Upcoming
from broker.market.admission.inbox import MODELS
from broker.market.carrying.fold import Fold
from broker.market.events import (
    BatchReceived,
    Carrying,
    Enrolled,
    Event,
    NetworkAgreed,
    Received,
    Refused,
    RegulationAgreed,
    TermsAgreed,
    decode_event,
    encode_event,
)
from broker.market.market import Market
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing, rejection
from broker.settlement.regulation import NOTHING, Regulation
from wire.codec import digest
from wire.household import GATEWAY_BYTES_MAX, GATEWAY_RECORDS_MAX
from wire.messages import Path, PlanNotice
from wire.reasons import Reason
from wire.signing import MAX_FRAME_BYTES, split
from wire.slots import slot_at
from wire.topics import BATCH

RECORD_GROUP = 2_000
_METER = re.compile(r"[a-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Inbound:
    """A frame as it came in: topic kind, topic meter, bytes."""

    kind: str
    meter: str
    frame: bytes


class MarketService:
    """One community's market on a journal. Calls are synchronous: what they accepted is durable when they return.

    `journaled` counts the records, `last_s` is the newest moment in them. At start the records are folded from where
    `market`, a fresh one or a fold that goes on from a carried state, has come to; messages of records from
    `record_from` on are recorded again, and those from `send_from` on are kept in `unsent`: what a crash may have
    kept from being sent. None: nothing is.
    """

    def __init__(
        self,
        market: Market | Fold,
        *,
        journal: Journal,
        prices: PriceSource,
        limits: LimitSource | None = None,
        recorder: Recorder,
        calls: CallSource | None = None,
        acts: ActSource | None = None,
        record_from: int | None = None,
        send_from: int | None = None,
    ) -> None:
        self.fold = market if isinstance(market, Fold) else Fold(market)
        self.market = self.fold.market
        self._journal = journal
        self._recorder = recorder
        self._calls = calls or NoCalls()
        self._acts = acts or NoActs()
        self._board = PathBoard(self.market.terms, prices)
        self._upcoming = Upcoming(self.market, prices, limits or FixedLimits())
        self._path: Path | None = None
        self.unsent: list[Outgoing] = []
        folded_from = self.journaled
        self._replay(record_from, send_from)
        self.folded = self.journaled - folded_from

    @property
    def journaled(self) -> int:
        """How many records the journal holds, erased ones counted."""
        return self.fold.journaled

    @property
    def last_s(self) -> int:
        """The newest moment in the journal [s since 1970]."""
        return self.fold.last_s

    def _replay(self, record_from: int | None, send_from: int | None) -> None:
        again: list[tuple[int, Outgoing]] = []
        for record in self._journal.records(self.journaled):
            position, caused = self.journaled, self._apply(decode_event(record))
            if send_from is not None and position >= send_from:
                self.unsent += [out for _, out in caused]
            if record_from is not None and position >= record_from:
                again += caused
            if len(again) >= RECORD_GROUP:
                self._recorder.record(again, through=self.journaled)
                again = []
        if record_from is not None and record_from < self.journaled:
            self._recorder.record(again, through=self.journaled)

    def _apply(self, event: Event) -> list[tuple[int, Outgoing]]:
        return self.fold.apply(event)

    def enact(self, events: Sequence[Event]) -> list[Outgoing]:
        """Journals events in one durable group, then applies them.

        Raises: StorageFailed when the group cannot be stored; nothing has happened then.
        """
        if not events:
            return []
        self._journal.append([encode_event(event) for event in events])
        caused = [pair for event in events for pair in self._apply(event)]
        self._recorder.record(caused, through=self.journaled)
        return [out for _, out in caused]

    def carry(self, events: Sequence[Carrying], store: Callable[[Sequence[bytes]], None]) -> None:
        """Journals what tells of carried states; `store` keeps the records and the states in one group.

        Raises: StorageFailed when they cannot be stored; nothing has happened then.
        """
        store([encode_event(event) for event in events])
        for event in events:
            self.fold.apply(event)

    def agree(
        self,
        members: Sequence[Enrolled],
        now_s: int,
        *,
        regulation: Regulation = NOTHING,
        network: NetworkAgreed | None = None,
    ) -> list[Outgoing]:
        """Journals the terms of a new journal, what else was agreed, and members that are new, changed or gone.

        Members that are gone are suspended. A regulation holds for the slots that start from now on, or from its own
        later date on. A `network` that differs from the one that holds is journaled too; None leaves it as the terms
        have it.
        """
        events: list[Event] = []
        if self.journaled == 0:
            events.append(TermsAgreed(at_s=now_s, terms=self.market.terms.as_record()))
        agreed = self.market.settling.regulations
        if regulation != (agreed[-1][1] if agreed else NOTHING):
            events.append(RegulationAgreed(at_s=now_s, regulation=regulation.text()))
        terms = self.market.terms
        wanted = network or NetworkAgreed(
            at_s=now_s, network=terms.network, preferences=terms.preferences, roles=terms.roles
        )
        held = (terms.network, terms.preferences, terms.roles) if self.journaled else ("", "", "")
        if (wanted.network, wanted.preferences, wanted.roles) != held:
            events.append(wanted)
        listed = {member.meter: member for member in members}
        events += [member for member in members if self._is_news(member)]
        for meter, known in sorted(self.market.members.items()):
            if meter not in listed and not known.suspended:
                events.append(
                    Enrolled(
                        at_s=now_s,
                        meter=meter,
                        public_key=known.public_key.hex(),
                        nameplate_import_w=known.nameplate_import_w,
                        nameplate_export_w=known.nameplate_export_w,
                        suspended=True,
                        gateway=known.gateway,
                    )
                )
        return self.enact(events)

    def _is_news(self, member: Enrolled) -> bool:
        known = self.market.members.get(member.meter)
        return known is None or (
            known.public_key.hex(),
            known.nameplate_import_w,
            known.nameplate_export_w,
            known.suspended and not known.revoked,
            known.gateway,
        ) != (
            member.public_key,
            member.nameplate_import_w,
            member.nameplate_export_w,
            member.suspended,
            member.gateway,
        )

    def handle(self, batch: Sequence[Inbound], now_s: int) -> list[Outgoing]:
        """Answers a batch of frames; receipts in the result may be sent because the batch is durable.

        Frames of unknown kinds and of meters that no id can name are dropped: there is nobody to answer.
        """
        events: list[Event] = []
        refused: list[Outgoing] = []
        for item in batch:
            if not _METER.fullmatch(item.meter):
                continue
            if item.kind == PlanNotice.kind:
                refused += self._take_plan(item, now_s)
            elif item.kind == BATCH:
                problem = self._batch_problem(item)
                if problem is None:
                    frame = base64.b64encode(item.frame).decode()
                    events.append(BatchReceived(at_s=now_s, gateway=item.meter, frame=frame))
                else:
                    refused.append(self.refuse(item, problem))
            elif item.kind in MODELS:
                events.append(_event(item, now_s))
        return self.enact(events) + refused

    def refuse(self, item: Inbound, why: Rejected, *, was_read: bool = False) -> Outgoing:
        """The rejection of a frame that leaves no trace in the journal: not even looked at, or a plan `was_read`."""
        community = self.market.terms.community
        named = digest(split(item.frame)[1] if was_read else item.frame)
        out = rejection(why, community=community, meter=item.meter, kind=item.kind, digest=named)
        return replace(out, gateway=item.meter) if item.kind == BATCH else out

    def _batch_problem(self, item: Inbound) -> Rejected | None:
        """Why a batch is not even looked at: too large, or of a gateway that no member is enrolled with."""
        if len(item.frame) > GATEWAY_BYTES_MAX:
            detail = f"{len(item.frame)} bytes: at most {GATEWAY_RECORDS_MAX} records in a batch"
            return Rejected(Reason.OVERSIZED, detail)
        if all(member.gateway != item.meter for member in self.market.members.values()):
            return Rejected(Reason.WRONG_GATEWAY, f"no member belongs to gateway {item.meter}")
        return None

    def gateway_of(self, out: Outgoing) -> str:
        """The gateway that a message goes through, "" for the meter's own topic and for public messages."""
        member = self.market.members.get(out.meter)
        return out.gateway or (member.gateway if member is not None else "")

    def _take_plan(self, item: Inbound, now_s: int) -> list[Outgoing]:
        member = self.market.members.get(item.meter)
        if len(item.frame) > MAX_FRAME_BYTES:
            return [self.refuse(item, Rejected(Reason.OVERSIZED, f"{len(item.frame)} bytes"))]
        if member is None or member.suspended:
            code = Reason.UNKNOWN_METER if member is None else Reason.SUSPENDED
            return [self.refuse(item, Rejected(code, f"meter {item.meter}"))]
        why = self._board.receive(item.frame, member, now_s)
        return [] if why is None else [self.refuse(item, why, was_read=why.code is not Reason.BAD_FRAME)]

    def step(self, now_s: int) -> list[Outgoing]:
        """Does what time has brought: opens slots, closes gates, settles, publishes the path."""
        acted = self._take_acts(now_s)
        sent = [*acted, *self.enact(self._upcoming.opening(now_s))]
        self._upcoming.opened(now_s)
        while events := self._upcoming.due(now_s):
            sent += self.enact(events)
        sent += self._take_calls(now_s)
        path = self._board.path(now_s, PATH_SLOTS)
        if path is None:
            return sent
        self._path = path
        return [*sent, Outgoing(path)]

    def _take_acts(self, now_s: int) -> list[Outgoing]:
        """Journals what the operator did; what cannot be done is told what is wrong."""
        sent: list[Outgoing] = []
        for asked in self._acts.waiting(now_s):
            problem = act_problem(self.market, asked)
            if problem is None:
                sent += self.enact([asked])
            self._acts.taken(asked, problem)
        return sent

    def _take_calls(self, now_s: int) -> list[Outgoing]:
        """Journals the operator's calls and activations; what cannot be done is told what is wrong."""
        sent: list[Outgoing] = []
        for asked in self._calls.waiting(now_s):
            known = self.market.calls.knows(asked)
            problem = None if known else self.market.calls.problem(asked)
            if not known and problem is None:
                sent += self.enact([asked])
            self._calls.taken(asked, problem)
        return sent

    def standing(self, now_s: int, broker_key: str) -> list[Outgoing]:
        """The public retained messages as they stand: what a new MQTT server or a new member has to be told."""
        market = self.market
        calendar = Outgoing(market.terms.calendar(broker_key, market.publisher.key.public_hex))
        open_slot = slot_at(now_s, market.terms.slot_minutes).shifted(1)
        news = [
            Outgoing(message)
            for message in (market.publisher.checkpoint, self._path, market.switch.newest, market.storage.rules())
            if message is not None
        ]
        return [calendar, *market.auctioneer.conditions(open_slot), *news]


def _event(item: Inbound, now_s: int) -> Event:
    if len(item.frame) > MAX_FRAME_BYTES:
        return Refused(at_s=now_s, kind=item.kind, meter=item.meter, size=len(item.frame), digest=digest(item.frame))
    return Received(at_s=now_s, kind=item.kind, meter=item.meter, frame=item.frame.decode("latin-1"))
