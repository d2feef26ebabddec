"""What the broker's process keeps for telemetry beside its records: rounds, who is heard, ledger, queue, itself."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.terms import Terms
from telemetry.point_buffer import PointBuffer
from telemetry.vitals import Vitals
from wire.messages import Checkpoint, Clearing, Gate, Message, Receipt, Rejection
from wire.slots import parse_slot, parse_utc
from wire.telemetry import Field, Point, Value, point
from wire.telemetry.community import Intake, Ledger, Member, Members, Round, Trading

BUFFER = "broker-telemetry.db"
PROMPT_S = 5.0
SILENT_SLOTS = 2
GATES_KEPT = 2_000
TOLD_EACH_MAX = 1_000  # members; in a larger community each is told only when it falls silent or is heard again

Session = tuple[str, str, int]


class BrokerTelemetry:
    """The points of one broker; nothing here can stop it. Every call gets the time [s since 1970]."""

    def __init__(self, terms: Terms, folder: Path) -> None:
        self._terms = terms
        self._community = terms.community
        self._slot_s = 60 * terms.slot_minutes
        self._asks_s = {s.stage: s.reveal_within_s for s in terms.trading if s.sealed or s.in_rounds}
        self._buffer = PointBuffer(folder / BUFFER)
        self._gates: dict[Session, Gate] = {}
        self._heard_s: dict[str, int] = {}
        self._since_s: int | None = None
        self._silent: frozenset[str] = frozenset()
        self._told_slot = 0
        self._checkpoint_s: int | None = None
        self._sent: Counter[type[Message]] = Counter()
        self._received = 0
        self.refused = 0
        self.vitals = Vitals(terms.community, "broker")

    def heard(self, sender: str, now_s: int) -> None:
        """A frame of a meter or gateway came."""
        self._received += 1
        self._heard_s[sender] = now_s

    def sent(self, results: Sequence[Outgoing], now_s: float) -> None:
        """Messages were handed to the MQTT client."""
        self._sent.update(type(out.message) for out in results)
        for out in results:
            match out.message:
                case Gate() as gate:
                    self._gates[gate.stage, gate.slot, gate.round] = gate
                    if len(self._gates) > GATES_KEPT:
                        del self._gates[next(iter(self._gates))]
                case Clearing() as cleared:
                    session = (cleared.stage, cleared.slot, cleared.round)
                    if session in self._gates:
                        self._buffer.add([self._round(self._gates.pop(session), now_s)], int(now_s))
                case Checkpoint():
                    self._checkpoint_s = int(now_s)

    def _round(self, gate: Gate, now_s: float) -> Point:
        took_s = max(0.0, now_s - self._due_s(gate))
        is_late = took_s > PROMPT_S + self._asks_s.get(gate.stage, 0) and gate.orders + gate.blocks > 0
        return point(
            Round,
            parse_utc(gate.closed_at),
            {Round.community: self._community, Round.stage: gate.stage},
            {
                Round.orders: gate.orders,
                Round.blocks: gate.blocks,
                Round.gate_to_award_s: took_s,
                Round.is_late: int(is_late),
            },
            nudge_ns=parse_utc(gate.slot) // 60 % 1_000_000 * 1_000,  # a day-ahead gate closes many slots at once
        )

    def _due_s(self, gate: Gate) -> int:
        """When the calendar has the gate; a broker that was away closes it later."""
        planned = self._terms.gates(parse_slot(gate.slot, self._terms.slot_minutes))
        due = (g.gate_s for g in planned if (g.stage, g.round) == (gate.stage, gate.round))
        return next(due, parse_utc(gate.closed_at))

    def minute(self, now_s: int, market: Market, intake: Mapping[Field, Value]) -> None:
        """Writes once a minute how everything fares; `intake` are the fields that only the caller knows."""
        if not self.vitals.is_due(now_s):
            return
        if self._since_s is None:
            self._since_s = now_s
        points = [self._ledger(now_s, market), self._intake(now_s, intake), self._trading(now_s, market)]
        self._buffer.add([*points, self.vitals.process(now_s), *self._members(now_s, market)], now_s)

    def _ledger(self, now_s: int, market: Market) -> Point:
        age_s = None if self._checkpoint_s is None else float(max(0, now_s - self._checkpoint_s))
        return point(
            Ledger,
            now_s,
            {Ledger.community: self._community},
            {
                Ledger.sum_nano: market.accounts.sum_nano(),
                Ledger.entries: market.accounts.entries,
                Ledger.log_size: len(market.log),
                Ledger.checkpoint_age_s: age_s,
            },
        )

    def _intake(self, now_s: int, others: Mapping[Field, Value]) -> Point:
        counts = {
            Intake.received: self._received,
            Intake.accepted: self._sent[Receipt],
            Intake.rejected: self._sent[Rejection],
            Intake.refused: self.refused,
        }
        return point(Intake, now_s, {Intake.community: self._community}, {**counts, **others})

    def _trading(self, now_s: int, market: Market) -> Point:
        is_paused = int(market.switch.is_paused)
        return point(Trading, now_s, {Trading.community: self._community}, {Trading.is_paused: is_paused})

    def _members(self, now_s: int, market: Market) -> Iterator[Point]:
        """All members together; each by itself once a slot, and when it falls silent or is heard again."""
        active = {name: member for name, member in market.members.items() if not member.suspended}
        assert self._since_s is not None
        ages = {
            name: now_s - self._heard_s.get(member.gateway or name, self._since_s) for name, member in active.items()
        }
        silent = frozenset(name for name, age_s in ages.items() if age_s > SILENT_SLOTS * self._slot_s)
        yield point(
            Members,
            now_s,
            {Members.community: self._community},
            {
                Members.enrolled: len(active),
                Members.seen: len(active) - len(silent),
                Members.silent: len(silent),
                Members.suspended: len(market.members) - len(active),
            },
        )
        slot = now_s // self._slot_s
        tells_all = slot != self._told_slot and len(ages) <= TOLD_EACH_MAX
        told = ages if tells_all else {name: ages[name] for name in silent ^ self._silent if name in ages}
        self._told_slot, self._silent = slot, silent
        for name, age_s in sorted(told.items()):
            yield point(
                Member,
                now_s,
                {Member.community: self._community, Member.meter: name},
                {Member.silent_s: float(max(0, age_s)), Member.is_silent: int(name in silent)},
            )

    def happened(self, now_s: int, what: str) -> None:
        """Notes a start or an end, by the machine's clock."""
        self._buffer.add([self.vitals.happening(now_s, what)], now_s)
        self._buffer.flush(now_s)

    def close(self) -> None:
        """Writes what is held."""
        self.vitals.close()
        self._buffer.close()
