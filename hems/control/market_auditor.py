"""The meter checks its market operator: every round, every checkpoint, and what other members saw.

It holds no key. What it needs of the own orders it is told when they are sent; everything else it learns from the
broker's signed messages. A finding never stops the meter: it is kept, told and logged, people decide.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from hems.control.equilibrium import UNIFORM, equilibrium, own_award
from wire import audit
from wire import messages as m
from wire.audit import Check, Violation
from wire.codec import canonical
from wire.commitments import message_leaf, shown_order
from wire.log_view import LogView
from wire.reasons import Reason
from wire.slots import parse_utc

KEPT_ROUNDS = 16
Key = tuple[str, str]
KeyT = TypeVar("KeyT")
T = TypeVar("T")


@dataclass(slots=True)
class Round:
    """What is known of one stage and slot; `own` is the own receipted order as the book has to show it.

    `revealed` is true once the broker has receipted the reveal of a sealed order.
    """

    gate: m.Gate | None = None
    clearing: m.Clearing | None = None
    pages: dict[int, m.Book] = field(default_factory=dict)
    receipt: m.Receipt | None = None
    own: m.BookEntry | None = None
    revealed: bool = False
    award: m.Award | None = None
    checked: bool = False


class MarketAuditor:
    """Follows one community as one member. `violations` holds what was found, each thing once."""

    def __init__(
        self, *, meter: str, community: str, on_violation: Callable[[Violation], None] | None = None
    ) -> None:
        self.meter = meter
        self.violations: list[Violation] = []
        self.log: LogView | None = None
        self.rounds_checked = 0
        self._community = community
        self._first_day = ""
        self._on_violation = on_violation
        self._calendar: m.Calendar | None = None
        self._conditions: dict[str, m.Conditions] = {}
        self._rounds: dict[Key, Round] = {}
        self._sent: dict[tuple[str, str, int], tuple[m.Order, str | None]] = {}
        self._rosters: dict[tuple[str, int, int], m.Roster] = {}
        self._settlements: dict[int, m.Settlement] = {}
        self._reported: dict[str, int] = {}
        self._fixed: dict[str, None] = {}

    def sent(self, order: m.Order, salt: str | None = None) -> None:
        """Remembers an own order; `salt` is that of a sealed one."""
        self._sent[order.stage, order.slot, order.sequence] = (order, salt)
        _trim(self._sent, 4 * KEPT_ROUNDS)

    def reported(self, report: m.MeterReport) -> None:
        """Remembers the own metered energy."""
        imported, exported = report.import_to_wh - report.import_from_wh, report.export_to_wh - report.export_from_wh
        self._reported[report.slot] = imported - exported
        _trim(self._reported, 4 * KEPT_ROUNDS)

    def learn(self, message: m.Message, now_s: int | None = None) -> None:
        """Checks a verified message of the broker; `now_s` is the own clock [s], None while it is not trusted."""
        match message:
            case m.Calendar():
                self._learn_calendar(message)
            case m.Conditions():
                self._conditions[message.slot] = message
                _trim(self._conditions, KEPT_ROUNDS)
            case m.Roster():
                self._rosters[message.day, message.revision, message.page] = message
                _trim(self._rosters, 512)
                self._find(audit.rosters(list(self._rosters.values())))
            case m.Receipt():
                self._learn_receipt(message)
            case m.Rejection():
                self._learn_rejection(message, now_s)
            case m.Gate():
                self._learn_gate(message, now_s)
            case m.Clearing():
                self._learn_clearing(message)
            case m.Book():
                self._learn_page(message)
            case m.Award():
                self._round(message.stage, message.slot).award = message
            case m.Settlement():
                self._learn_settlement(message)
            case m.Leaves():
                self._learn_leaves(message)
            case m.Checkpoint():
                self._learn_checkpoint(message)
            case _:
                pass

    def witnessed(self, witness: m.Witness) -> None:
        """Compares a checkpoint that another member saw."""
        if self.log is not None:
            self._find(self.log.witnessed(witness.note))

    def _find(self, found: list[Violation]) -> None:
        for violation in found:
            if violation not in self.violations:
                self.violations.append(violation)
                if self._on_violation is not None:
                    self._on_violation(violation)

    def _round(self, stage: str, slot: str) -> Round:
        known = self._rounds.setdefault((stage, slot), Round())
        for old in sorted(self._rounds, key=lambda key: key[1])[:-KEPT_ROUNDS]:
            if old != (stage, slot):
                del self._rounds[old]
        return known

    def _stage(self, name: str) -> m.Stage | None:
        stages = self._calendar.stages if self._calendar is not None else ()
        return next((stage for stage in stages if stage.stage == name), None)

    def _gate_s(self, stage: str, slot: str) -> int | None:
        found = self._stage(stage)
        return None if found is None else parse_utc(slot) - found.gate_lead_s

    def _learn_calendar(self, calendar: m.Calendar) -> None:
        if self.log is None:
            self.log = LogView(self._community, bytes.fromhex(calendar.log_key))
        elif self.log.public.hex() != calendar.log_key:
            self._find([Violation(Check.CONTRADICTION, "calendar", "the log's key has changed")])
        self._calendar = calendar

    def _learn_receipt(self, receipt: m.Receipt) -> None:
        for (_, slot), known in self._rounds.items():
            known.revealed = known.revealed or (receipt.of == "reveal" and slot == receipt.slot)
        found = [
            (order, salt or receipt.salt)
            for (_, slot, sequence), (order, salt) in self._sent.items()
            if (slot, sequence) == (receipt.slot, receipt.sequence) and receipt.of in ("order", "sealed")
        ]
        if not found or receipt.pseudonym is None:
            return
        order, salt = found[-1]
        gate_s = self._gate_s(order.stage, order.slot)
        if gate_s is not None:
            self._find(audit.late_receipt(receipt, gate_s) if self._is_first(order, receipt) else [])
        if salt is None:
            return
        known = self._round(order.stage, order.slot)
        if known.receipt is not None and known.receipt.sequence > receipt.sequence:
            return
        known.receipt = receipt
        known.own = shown_order(
            order.steps,
            pseudonym=receipt.pseudonym,
            sequence=order.sequence,
            salt=salt,
            community=self._community,
            stage=order.stage,
            slot=order.slot,
        )

    def _is_first(self, order: m.Order, receipt: m.Receipt) -> bool:
        """A resent order gets its receipt again, also after the gate: only the first one says when it was taken."""
        known = self._round(order.stage, order.slot).receipt
        return known is None or known.sequence != receipt.sequence

    def _learn_rejection(self, rejection: m.Rejection, now_s: int | None) -> None:
        if rejection.code is not Reason.GATE_CLOSED or now_s is None or rejection.slot is None:
            return
        for (stage, slot, sequence), _ in list(self._sent.items()):
            gate_s = self._gate_s(stage, slot)
            early = gate_s is not None and now_s < gate_s - audit.GATE_TOLERANCE_S
            if early and (slot, sequence) == (rejection.slot, rejection.sequence):
                self._find([Violation(Check.GATE_TIME, slot, "an order was refused as late before the gate")])

    def _learn_gate(self, gate: m.Gate, now_s: int | None) -> None:
        known = self._round(gate.stage, gate.slot)
        if known.gate is not None and known.gate != gate:
            self._find([Violation(Check.CONTRADICTION, gate.slot, "two different gates")])
            return
        known.gate = gate
        gate_s = self._gate_s(gate.stage, gate.slot)
        if gate_s is None:
            return
        self._find(audit.gate_time(gate, gate_s))
        if now_s is not None and now_s < gate_s - audit.GATE_TOLERANCE_S:
            detail = f"published {gate_s - now_s} s early by the own clock"
            self._find([Violation(Check.GATE_TIME, gate.slot, detail)])

    def _learn_clearing(self, clearing: m.Clearing) -> None:
        known = self._round(clearing.stage, clearing.slot)
        if known.clearing is not None and known.clearing != clearing:
            self._find([Violation(Check.CONTRADICTION, clearing.slot, "two different clearings")])
            return
        known.clearing = clearing
        if known.gate is not None:
            self._find(audit.clearing_against_gate(known.gate, clearing))
        elif known.receipt is not None:
            self._find([Violation(Check.GATE_ROOT, clearing.slot, "cleared without a root of the received orders")])

    def _learn_page(self, page: m.Book) -> None:
        known = self._round(page.stage, page.slot)
        before = known.pages.setdefault(page.page, page)
        if before != page:
            self._find([Violation(Check.CONTRADICTION, page.slot, f"two different pages {page.page} of the book")])

    def _learn_checkpoint(self, checkpoint: m.Checkpoint) -> None:
        if self.log is not None:
            self._find(self.log.learn(checkpoint))
        for (_, slot), known in list(self._rounds.items()):
            if known.clearing is not None and not known.checked and slot <= checkpoint.slot:
                known.checked = True
                self._find(self._closed_round(known, known.clearing))
        for index in [i for i in self._settlements if i < checkpoint.size]:
            settlement = self._settlements.pop(index)
            detail = f"leaf {index} of the log was not published"
            self._find([Violation(Check.OWN_SETTLEMENT, settlement.slot, detail)])

    def _closed_round(self, known: Round, clearing: m.Clearing) -> list[Violation]:
        """What is wrong with a round of which everything should have been published by now."""
        if known.gate is None:
            return []
        self.rounds_checked += 1
        entries = audit.complete_book(known.pages.values())
        if entries is None:
            return [Violation(Check.BOOK, clearing.slot, "pages of the book are missing")]
        wrong = audit.book_against_gate(known.gate, entries)
        for message in (known.gate, clearing):
            if canonical(message_leaf(message)).decode() not in self._fixed:
                wrong.append(Violation(Check.LOG, clearing.slot, f"its {message.kind} is not in the log"))
        wrong += self._roster(clearing.slot, [entry.pseudonym for entry in entries])
        return wrong + self._result(clearing, entries, known.gate) + self._own(known, known.gate, clearing, entries)

    def _roster(self, slot: str, names: list[str]) -> list[Violation]:
        """Pseudonyms beyond the day's roster; the roster of the day on which this meter joined may be unknown."""
        day, days = audit.day_of(slot), audit.roster_names(self._rosters.values())
        self._first_day = self._first_day or day
        if day in days:
            return audit.strangers(slot, names, days)
        return [Violation(Check.ROSTER, slot, "the day has no roster")] if day > self._first_day else []

    def _result(self, clearing: m.Clearing, entries: tuple[m.BookEntry, ...], gate: m.Gate) -> list[Violation]:
        stage, conditions = self._stage(clearing.stage), self._conditions.get(clearing.slot)
        if clearing.outcome == "no_market":
            is_over = self._calendar is not None and parse_utc(gate.closed_at) >= parse_utc(clearing.slot) + (
                60 * self._calendar.slot_minutes
            )
            has_market = conditions is not None and (
                conditions.feed_in_micro_per_kwh <= conditions.retail_micro_per_kwh
            )
            if has_market and not is_over:
                return [Violation(Check.CLEARING, clearing.slot, "no market, though the conditions allow one")]
            return []
        if stage is None:
            return []
        if clearing.mechanism != stage.mechanism:
            detail = f"cleared by {clearing.mechanism}, the calendar says {stage.mechanism}"
            return [Violation(Check.CLEARING, clearing.slot, detail)]
        if clearing.mechanism != UNIFORM or clearing.note is not None:
            return []
        return equilibrium(clearing, entries, Fraction(stage.k_permille, 1000))

    def _own(
        self, known: Round, gate: m.Gate, clearing: m.Clearing, entries: tuple[m.BookEntry, ...]
    ) -> list[Violation]:
        if known.receipt is None or known.own is None:
            return []
        expected, award = known.own, known.award
        if award is not None and award.reason is m.AwardReason.UNREVEALED and not known.revealed:
            expected = expected.model_copy(update={"salt": None, "buy": (), "sell": ()})
        wrong = audit.own_order(known.receipt, expected, entries)
        if award is None:
            return [*wrong, Violation(Check.OWN_AWARD, clearing.slot, "no award came that proves itself")]
        wrong += audit.award_proofs(award, gate, clearing, expected.commitment)
        if award.pseudonym != expected.pseudonym:
            wrong.append(Violation(Check.OWN_AWARD, clearing.slot, "the award is of another pseudonym"))
        if clearing.outcome != "cleared":
            is_nothing = not (award.bought_wh or award.sold_wh or award.amount_nano)
            return wrong if is_nothing else [*wrong, Violation(Check.OWN_AWARD, clearing.slot, "an award of nothing")]
        return wrong + own_award(award, expected, clearing)

    def _learn_settlement(self, settlement: m.Settlement) -> None:
        awards = [known.award for (_, slot), known in self._rounds.items() if slot == settlement.slot and known.award]
        award = awards[0] if len(awards) == 1 else None
        self._find(audit.own_settlement(settlement, award, self._reported.get(settlement.slot)))
        if self.log is None or self.log.head is None or settlement.log_index >= self.log.head.size:
            self._settlements[settlement.log_index] = settlement
            _trim(self._settlements, 4 * KEPT_ROUNDS)

    def _learn_leaves(self, page: m.Leaves) -> None:
        if self.log is not None:
            self.log.learn_leaves(page)
        for i, leaf in enumerate(page.leaves, page.first):
            if '"kind":' in leaf:
                self._fixed[leaf] = None
            settlement = self._settlements.pop(i, None)
            if settlement is not None and not audit.holds_settlement(leaf, settlement):
                detail = f"leaf {i} of the log does not commit to it"
                self._find([Violation(Check.OWN_SETTLEMENT, settlement.slot, detail)])
        _trim(self._fixed, 16 * KEPT_ROUNDS)


def _trim(held: dict[KeyT, T], most: int) -> None:
    """Forgets the oldest entries."""
    while len(held) > most:
        del held[next(iter(held))]
