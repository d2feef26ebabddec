"""A community that watches its operator: production broker, meters with auditors, a file of all that was heard."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from broker.audit.archive import line_of, read_archive
from broker.audit.report import Report
from broker.audit.verify import verify
from broker.control.ports import NoRecorder
from broker.control.service import Inbound, MarketService
from broker.market.events import Enrolled
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.terms import OutsidePrices, Terms
from hems.bidding.offers import Offers
from hems.bidding.steps import Step
from hems.bidding.storage import ShareBid, StorageOffers, StorageUse
from hems.bidding.strategy import Strategy
from hems.control.heard_rounds import HeardRounds
from hems.control.market_auditor import MarketAuditor
from hems.control.market_clock import SETTLED_S, MarketClock
from hems.control.transactive_meter import Frame, MemoryOutbox, Registers, TransactiveMeter
from wire.audit import Violation
from wire.codec import encode
from wire.messages import Witness
from wire.signing import SigningKey, key_from_seed, seal
from wire.slots import Slot
from wire.topics import BY_KIND, topic

COMMUNITY, START_S, MINUTES = "elm", 1_800_000_000, 15
RETAIL, FEED_IN, NAMEPLATE_W = 300_000, 100_000, 11_000
BROKER_KEY = key_from_seed(b"b" * 32)
Tampering = Callable[[str, Outgoing], Outgoing | None]


class SamePrices:
    """The same outside prices in every slot."""

    def prices(self, _slot: Slot) -> OutsidePrices:
        """The prices."""
        return OutsidePrices(RETAIL, FEED_IN)


class Unkept:
    """A journal that forgets: the proof looks at what is published, not at a restart."""

    def append(self, records: Sequence[bytes]) -> None:
        """Forgets records."""

    def records(self, first: int | None = None) -> list[bytes]:
        """Nothing."""
        return []


def slot(number: int) -> Slot:
    """The slot `number` places after the start."""
    return Slot(START_S, MINUTES).shifted(number)


@dataclass(slots=True)
class WatchedCommunity:
    """Members with auditors around one operator; `heard` is public as the first member heard it, private of all.

    A cheating operator may `tamper` with a message on its way to a member (None: it is not sent), or serve the
    members in `forked` from a second market, `fork`.
    """

    members: int
    terms: Terms
    service: MarketService = field(init=False)
    meters: dict[str, TransactiveMeter] = field(init=False)
    heard: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tamper: Tampering = lambda _, out: out
    registers: dict[str, int] = field(default_factory=dict)
    fork: MarketService | None = None
    forked: set[str] = field(default_factory=set)
    rounds: HeardRounds = field(default_factory=HeardRounds)

    def __post_init__(self) -> None:
        self.service = MarketService(
            Market(self.terms, b"s" * 32), journal=Unkept(), prices=SamePrices(), recorder=NoRecorder()
        )
        keys = {f"home-{n}": key_from_seed(n.to_bytes(32, "big")) for n in range(1, self.members + 1)}
        self.meters = {name: watching_meter(name, key) for name, key in keys.items()}
        self.registers = dict.fromkeys(keys, 0)
        listed = [
            Enrolled(
                at_s=START_S,
                meter=name,
                public_key=key.public_hex,
                nameplate_import_w=NAMEPLATE_W,
                nameplate_export_w=NAMEPLATE_W,
            )
            for name, key in keys.items()
        ]
        self.ask(lambda operator: operator.standing(START_S, BROKER_KEY.public_hex), START_S)
        self.ask(lambda operator: operator.agree(listed, START_S), START_S)
        self.step(START_S)

    def step(self, now_s: int) -> None:
        """Lets the operator do what time has brought."""
        self.ask(lambda operator: operator.step(now_s), now_s)

    def ask(self, act: Callable[[MarketService], list[Outgoing]], now_s: int) -> None:
        """Lets the operator act, in both of its markets where it keeps two."""
        self.deliver(act(self.service), now_s, set(self.meters) - self.forked)
        if self.fork is not None:
            self.deliver(act(self.fork), now_s, self.forked)

    def order(self, rng: random.Random, at: Slot, now_s: int) -> None:
        """Every member sends a drawn order."""
        frames = []
        for name, meter in self.meters.items():
            frame = meter.order(Strategy(slot=at, steps=drawn_steps(rng), net_wh=(0,)), now_s)
            if frame is not None:
                frames.append((name, frame))
        self.send(frames, now_s)

    def wish(self, rng: random.Random, at: Slot, now_s: int) -> None:
        """Every member bids for a share of the storage while it can, and asks for its use in two slots."""
        agreed = self.terms.shared_storage
        assert agreed is not None, "only what is shared can be wished for"
        for name, meter in self.meters.items():
            if name == agreed.meter:
                continue
            prices = sorted((rng.randint(1, 400) * 1_000 for _ in range(2)), reverse=True)
            steps = tuple((price, rng.randint(500, 2_000)) for price in prices)
            uses = tuple(StorageUse(slot=s, energy_wh=rng.randint(-200, 900)) for s in (at, at.shifted(1)))
            bid = ShareBid(period_s=agreed.first_period_s, steps=steps)
            offers = StorageOffers(bid=bid if at.start_s <= agreed.first_period_s else None, uses=uses)
            self.send([(name, frame) for frame in meter.offers(Offers(storage=offers), now_s)], now_s)

    def report(self, rng: random.Random, at: Slot) -> None:
        """Every member reports what it drew in a slot; the operator settles it."""
        frames = []
        for name, meter in self.meters.items():
            before, used = self.registers[name], rng.randint(0, 900)
            self.registers[name] = before + used
            start = Registers(at_s=at.start_s, import_wh=before, export_wh=0)
            end = Registers(at_s=at.end_s, import_wh=before + used, export_wh=0)
            frames.append((name, meter.report(at, start, end)))
        self.send(frames, at.end_s)
        self.step(at.end_s)

    def send(self, frames: Iterable[tuple[str, Frame]], now_s: int) -> None:
        """Hands the meters' frames to the operator, and its answers to them."""
        batch = []
        for name, frame in frames:
            batch.append(Inbound(frame.kind, name, frame.data))
            if frame.kind != Witness.kind:
                self.heard.append(line_of(topic(frame.kind, COMMUNITY, name), frame.data))
        self.ask(lambda operator: operator.handle(batch, now_s), now_s)

    @property
    def witness(self) -> str:
        """The member whose public messages are verified."""
        return next(iter(self.meters))

    def deliver(self, sent: Sequence[Outgoing], now_s: int, to: set[str]) -> None:
        """Hands messages to those of `to` they are for, and what they answer to the operator and the others."""
        for out in sent:
            for name in sorted(to):
                told = self.tamper(name, out) if out.meter in ("", name) else None
                if told is not None:
                    self._tell(name, told, now_s)
        self._pass_on(now_s)

    def _tell(self, name: str, out: Outgoing, now_s: int) -> None:
        rule, payload = BY_KIND[out.message.kind], encode(out.message)
        frame = seal(BROKER_KEY, rule.kind, COMMUNITY, payload) if rule.signed else payload
        if out.meter or name == self.witness:
            self.heard.append(line_of(topic(rule.kind, COMMUNITY, out.meter), frame))
        message = self.meters[name].receive(rule.kind, frame, now_s, now_s)
        if message is not None and name == self.witness:
            self._replay(self.rounds.hear(message, line_of(topic(rule.kind, COMMUNITY, out.meter), frame)))

    def _replay(self, lines: list[str]) -> None:
        """The first member has ended rounds cleared again at once, as its meter does in a process of its own."""
        auditor = self.meters[self.witness].auditor
        if lines and auditor is not None:
            auditor.replayed(verify(read_archive(lines, BROKER_KEY.public)).violations)

    def _pass_on(self, now_s: int) -> None:
        answers = []
        for name, meter in self.meters.items():
            for frame in meter.to_send():
                if frame.kind != Witness.kind:
                    answers.append((name, frame))
                    continue
                auditor = meter.auditor
                if auditor is not None and auditor.log is not None and auditor.log.note is not None:
                    self.notes.append(auditor.log.note)
                for other in self.meters.values():
                    other.receive(frame.kind, frame.data, now_s, now_s)
        if answers:
            self.send(answers, now_s)

    def live_findings(self) -> list[Violation]:
        """What the members' meters have found so far."""
        return [
            violation
            for meter in self.meters.values()
            if meter.auditor is not None
            for violation in meter.auditor.violations
        ]

    def verified(self) -> Report:
        """What `community-broker verify` finds in what was heard, and in the checkpoints that others saw."""
        archive = read_archive(self.heard, BROKER_KEY.public)
        return verify(archive, members=self.members, notes=self.notes)


def watching_meter(name: str, key: SigningKey) -> TransactiveMeter:
    """A member's meter with its auditor and its guard of the own clock, connected a while ago."""
    clock = MarketClock(60 * MINUTES)
    clock.connected(START_S - SETTLED_S)
    return TransactiveMeter(
        meter=name,
        community=COMMUNITY,
        key=key,
        broker_key=BROKER_KEY.public,
        outbox=MemoryOutbox(),
        auditor=MarketAuditor(meter=name, community=COMMUNITY),
        clock=clock,
    )


def drawn_steps(rng: random.Random) -> tuple[Step, ...]:
    """A drawn order: one or two bids or offers; prices repeat, so there are ties at the margin."""
    side = rng.choice(("buy", "sell"))
    prices = sorted({rng.randrange(12, 29) * 10_000 for _ in range(rng.randint(1, 2))}, reverse=side == "buy")
    return tuple(Step("buy" if side == "buy" else "sell", price, rng.randint(1, 1_000)) for price in prices)
