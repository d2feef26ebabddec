"""A community of production parts for one proof day: broker and meters on links that lose, delay and repeat."""

import hashlib
import random
from collections.abc import Callable, Sequence
from functools import partial

from broker.control.ports import StorageFailed
from broker.control.service import Inbound, MarketService
from broker.market.events import Enrolled
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.sessions.publication import log_key
from hems.control.transactive_meter import Frame, MemoryOutbox, Registers, TransactiveMeter
from proofs.drawn_day import COMMUNITY, NAMEPLATE_W, START_S, DrawnDay, DrawnPrices, strategy, used_wh
from proofs.drawn_storage import METER
from proofs.lossy_link import LossyLink
from proofs.own_clock import Member, wrong_clock_of
from proofs.storage_users import Sent, StorageUsers, stored_wh
from wire import messages as m
from wire.codec import encode
from wire.signing import SigningKey, key_from_seed, seal
from wire.slots import Slot

COMES_BACK_S = 600


class CrashingJournal:
    """The journal of a day in memory; it fails before or after storing when its generator says so."""

    def __init__(self, rng: random.Random, crash_share: float) -> None:
        self.kept: list[bytes] = []
        self._rng = rng
        self._crash_share = crash_share

    def append(self, records: Sequence[bytes]) -> None:
        """Stores the records, or dies on the way.

        Raises: StorageFailed; whether the records are stored is unknown then, as after a power cut.
        """
        draw = self._rng.random()
        if draw < self._crash_share / 2:
            raise StorageFailed("power cut before the records were stored")
        self.kept += records
        if draw < self._crash_share:
            raise StorageFailed("power cut after the records were stored")

    def records(self, first: int | None = None) -> list[bytes]:
        """The stored records after the first so many."""
        return self.kept[first or 0 :]


class Recording:
    """A recorder that keeps what the broker sent, in order."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def record(self, sent: Sequence[tuple[int, Outgoing]], *, through: int) -> None:
        """Keeps the messages."""
        self.sent += [out for _, out in sent]


class ProofCommunity:
    """Runs a drawn day; afterwards `journal`, `receipts` and the meters' `registers` say what happened."""

    def __init__(self, day: DrawnDay) -> None:
        self.day = day
        self.receipts: list[m.Receipt] = []
        self.crashes = 0
        self._now_s = START_S
        self._was_cut = False
        self._rng = random.Random(f"trouble/{day.seed}")
        self.journal = CrashingJournal(self._rng, day.crash_share)
        self._broker_key = _key(day.seed, "broker")
        self._up: LossyLink[Inbound] = LossyLink(self._rng, day.trouble)
        self._down: LossyLink[tuple[str, Frame]] = LossyLink(self._rng, day.trouble)
        self.service = self._started()
        self.members = {name: self._member(name) for name in day.meters}
        self.registers = {name: Registers(at_s=0, import_wh=0, export_wh=0) for name in day.meters}
        rules = self.service.market.storage.rules()
        self.users = None if day.storage is None or rules is None else StorageUsers(day.storage, self.members, rules)

    def secret(self) -> bytes:
        """The broker's secret of this day."""
        return hashlib.sha256(f"secret/{self.day.seed}".encode()).digest()

    def run(self) -> None:
        """The whole day, and time enough for everything to be reported and settled."""
        self._safely(lambda: self.service.agree(self._members(), START_S - 600))
        now_s = START_S
        for now_s, act in self._timetable():
            act(now_s)
        while self._was_cut:  # in the day's very last act: the broker comes back and does what was due
            now_s += COMES_BACK_S
            self._idle(now_s)

    def _timetable(self) -> list[tuple[int, Callable[[int], None]]]:
        """What happens when: orders before every gate, use and reports after every slot, and time to resend."""
        acts: list[tuple[int, Callable[[int], None]]] = []
        for slot in self.day.slots:
            gate_s = slot.start_s - self.day.terms.gate_lead_s
            acts += [
                (gate_s - 120, partial(self._trade, slot)),
                (gate_s - 60, self._idle),
                *((gate_s + later_s, self._idle) for later_s in self._asking_s()),
                (slot.end_s, partial(self._use, slot)),
                (slot.end_s + 30, self._idle),
            ]
        acts += [] if self.users is None else self._storage_acts(self.users)
        last_s = self.day.slots[-1].end_s
        acts += [(last_s + later_s, self._idle) for later_s in (90, 300, 700, 2_000)]
        return sorted(acts, key=lambda row: row[0])

    def _storage_acts(self, users: StorageUsers) -> list[tuple[int, Callable[[int], None]]]:
        """When the members bid for shares of the storage and ask for their use, and when it is operated."""
        wishes = [*users.bids(), *(row for slot in self.day.slots for row in users.asked(slot))]
        gates_s = [slot.start_s - users.drawn.gate_lead_s for slot in self.day.slots]
        return [*((at_s, partial(self._wish, sent)) for at_s, sent in wishes), *((s, self._idle) for s in gates_s)]

    def _wish(self, sent: Callable[[int], Sent], now_s: int) -> None:
        self._exchange(sent(now_s), now_s)

    def _asking_s(self) -> Sequence[int]:
        """When the meters are heard after a gate: in a market that asks every second, three times."""
        terms = self.day.terms
        return sorted([*range(terms.reveal_within_s + 1)] * 3) if terms.trading[0].in_rounds else (0,)

    def _idle(self, now_s: int) -> None:
        self._exchange([], now_s)

    def _members(self) -> list[Enrolled]:
        return [
            Enrolled(
                at_s=START_S - 600,
                meter=name,
                public_key=_key(self.day.seed, name).public_hex,
                nameplate_import_w=NAMEPLATE_W,
                nameplate_export_w=NAMEPLATE_W,
            )
            for name in self.day.meters
        ]

    def _started(self) -> MarketService:
        market = Market(self.day.terms, self.secret())
        return MarketService(
            market,
            journal=self.journal,
            prices=DrawnPrices(self.day),
            limits=self.day.limits,
            recorder=Recording(),
        )

    def _member(self, name: str) -> Member:
        meter = TransactiveMeter(
            meter=name,
            community=COMMUNITY,
            key=_key(self.day.seed, name),
            broker_key=self._broker_key.public,
            outbox=MemoryOutbox(),
            on_message=self._noted,
        )
        meter.view.learn(self.day.terms.calendar(self._broker_key.public_hex, log_key(self.secret()).public_hex))
        return Member(meter, self.day.terms.slot_minutes, wrong_clock_of(self.day, name))

    def _noted(self, message: m.Message) -> None:
        if isinstance(message, m.Receipt):
            self.receipts.append(message)
        if self.users is not None:
            self.users.noted(message, 60 * self.day.terms.slot_minutes)

    def _trade(self, slot: Slot, now_s: int) -> None:
        self._exchange([], now_s)
        frames: list[tuple[str, Frame]] = []
        for name, member in self.members.items():
            for round_number in range(self._rng.choice((1, 1, 2)) if member.may_act else 0):
                wish = strategy(self.day, name, member.own_slot(slot, now_s), round_number)
                order = member.meter.order(wish, member.own_s(now_s))
                frames += [] if order is None else [(name, order)]
        self._exchange(frames, now_s)

    def _use(self, slot: Slot, now_s: int) -> None:
        """The slot is delivered; every meter that is not silent and may act reports it."""
        self._exchange([], now_s)
        frames: list[tuple[str, Frame]] = []
        for name, member in self.members.items():
            award = member.meter.view.awards.get(slot.label)
            traded = award.bought_wh - award.sold_wh if award else 0
            position = traded + stored_wh(member.meter.view.storage, name, slot)
            imported, exported = used_wh(self.day, name, slot, position)
            before = self.registers[name]
            own = member.own_slot(slot, now_s)
            after = Registers(
                at_s=own.end_s, import_wh=before.import_wh + imported, export_wh=before.export_wh + exported
            )
            self.registers[name] = after
            if self._rng.random() >= self._silent_share(name) and member.may_act:
                frames.append((name, member.meter.report(own, before, after)))
        self._exchange(frames, now_s)

    def _silent_share(self, name: str) -> float:
        """How often a meter does not report a slot."""
        is_never_heard = name == METER and self.day.storage is not None and self.day.storage.habit == "silent"
        return 1.0 if is_never_heard else self.day.silent_share

    def _exchange(self, frames: Sequence[tuple[str, Frame]], now_s: int) -> None:
        """New frames and everything unanswered go up; the broker works; what it says comes down."""
        self._now_s = now_s
        again = [(name, frame) for name, member in self.members.items() for frame in member.to_send(now_s)]
        fresh = {(name, frame.kind, frame.data) for name, frame in again}
        sent = [*again, *(item for item in frames if (item[0], item[1].kind, item[1].data) not in fresh)]
        batch = self._up.carry([Inbound(frame.kind, name, frame.data) for name, frame in sent])
        self._safely(lambda: self.service.handle(batch, now_s))
        self._safely(lambda: self.service.step(now_s))

    def _safely(self, work: Callable[[], list[Outgoing]]) -> None:
        """Does a piece of the broker's work; a power cut restarts it on its journal, and what it said is lost."""
        self._was_cut = False
        try:
            said = work()
        except StorageFailed:
            self._was_cut = True
            self.crashes += 1
            self.service = self._started()
            return
        self._deliver(said)

    def _deliver(self, said: Sequence[Outgoing]) -> None:
        """Signs each message once, whoever reads it, and hands out what the link lets through."""
        addressed = [(name, frame) for out in said for frame in [self._frame(out)] for name in self._readers(out)]
        for name, frame in self._down.carry(addressed):
            self.members[name].receive(frame, self._now_s)

    def _frame(self, out: Outgoing) -> Frame:
        kind = out.message.kind
        return Frame(kind, seal(self._broker_key, kind, COMMUNITY, encode(out.message)))

    def _readers(self, out: Outgoing) -> list[str]:
        return [out.meter] if out.meter else list(self.members)


def _key(seed: int, name: str) -> SigningKey:
    return key_from_seed(hashlib.sha256(f"key/{seed}/{name}".encode()).digest())
