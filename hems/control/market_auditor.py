"""The meter checks its market operator: every round, every checkpoint, and what other members saw.

It holds no key. What it needs of the own orders it is told when they are sent; everything else it learns from the
broker's signed messages. A finding never stops the meter: it is kept, told and logged, people decide.
"""

from collections.abc import Callable

from hems.control.audited_market import KEPT_ROUNDS, WAITING_ROUNDS, AuditedMarket, trim
from hems.control.audited_round import Round, closed_round
from wire import audit
from wire import messages as m
from wire.audit import Check, Violation
from wire.commitments import RoundName, round_of, shown_order
from wire.log_view import LogView
from wire.reasons import Reason
from wire.storage_audit import StorageAudit


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
        self._on_violation = on_violation
        self._market = AuditedMarket()
        self._rounds: dict[RoundName, Round] = {}
        self._sent: dict[tuple[str, str, int], tuple[m.Order, str | None]] = {}
        self._settlements: dict[int, m.Settlement] = {}
        self._reported: dict[str, int | None] = {}
        self._storage = StorageAudit()

    def sent(self, order: m.Order, salt: str | None = None) -> None:
        """Remembers an own order; `salt` is that of a sealed one."""
        self._sent[order.stage, order.slot, order.sequence] = (order, salt)
        trim(self._sent, WAITING_ROUNDS)

    def replied(self, reply: m.Reply | m.PairReply) -> None:
        """Remembers an own reply to a question."""
        self._round(round_of(reply)).replies.said[reply.question] = reply

    def wished(self, wish: m.StorageBid | m.StorageRequest) -> None:
        """Remembers what was asked of the community's storage."""
        self._storage.sent(wish)

    def reported(self, report: m.MeterReport) -> None:
        """Remembers the own metered energy; of a slot that was reported twice nobody knows which one counts."""
        imported, exported = report.import_to_wh - report.import_from_wh, report.export_to_wh - report.export_from_wh
        net_wh = imported - exported
        self._reported[report.slot] = net_wh if self._reported.get(report.slot, net_wh) == net_wh else None
        trim(self._reported, 4 * KEPT_ROUNDS)

    def learn(self, message: m.Message, now_s: int | None = None) -> None:
        """Checks a verified message of the broker; `now_s` is the own clock [s], None while it is not trusted."""
        match message:
            case m.Calendar():
                self._learn_calendar(message)
            case m.Conditions():
                self._market.heard_conditions(message)
            case m.Trading():
                self._market.heard_trading(message)
            case m.Roster():
                self._find(self._market.days.learn_roster(message))
            case m.DayRules():
                self._find(self._market.days.learn_rules(message))
            case m.Receipt():
                self._learn_receipt(message)
            case m.Rejection():
                self._learn_rejection(message, now_s)
            case m.Gate():
                self._learn_gate(message, now_s)
            case m.Convergence():
                self._find(self._round(round_of(message)).replies.learn_report(message, now_s))
            case m.ReplyBook():
                self._learn_replies(message)
            case m.Clearing():
                self._learn_clearing(message)
            case m.Book():
                self._learn_page(message)
            case m.Award():
                self._round(round_of(message)).award = message
            case m.Settlement():
                self._learn_settlement(message)
            case m.StorageRules():
                self._storage.rules = message
            case m.StorageShare():
                self._find(self._storage.share(message))
            case m.StorageGrant():
                self._learn_grant(message)
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

    def replayed(self, found: list[Violation]) -> None:
        """Takes what clearing rounds again has found."""
        self._find(found)

    def _find(self, found: list[Violation]) -> None:
        for violation in found:
            if violation not in self.violations:
                self.violations.append(violation)
                if self._on_violation is not None:
                    self._on_violation(violation)

    def _round(self, name: RoundName) -> Round:
        known = self._rounds.setdefault(name, Round())
        for is_checked, most in ((True, KEPT_ROUNDS), (False, WAITING_ROUNDS)):
            kept = sorted(n for n, r in self._rounds.items() if r.checked is is_checked)
            for old in sorted(kept, key=lambda n: n.slot)[:-most]:
                if old != name:
                    del self._rounds[old]
        return known

    def _learn_calendar(self, calendar: m.Calendar) -> None:
        if self.log is None:
            self.log = LogView(self._community, bytes.fromhex(calendar.log_key))
        elif self.log.public.hex() != calendar.log_key:
            self._find([Violation(Check.CONTRADICTION, "calendar", "the log's key has changed")])
        elif calendar != self._market.calendar:
            self._find([Violation(Check.CONTRADICTION, "calendar", "the market's terms have changed")])
        self._market.calendar = calendar

    def _learn_receipt(self, receipt: m.Receipt) -> None:
        if receipt.stage is None or receipt.round is None or receipt.of == "block_order":
            return
        of = RoundName(self._community, receipt.stage, receipt.slot, receipt.round)
        if receipt.of in ("reply", "pair_reply"):
            self._round(of).replies.receipted.add(receipt.sequence)
        if receipt.pseudonym is None:
            return
        if receipt.of == "reveal":
            if of in self._rounds:
                self._rounds[of].revealed = True
            return
        found = self._sent.get((receipt.stage, receipt.slot, receipt.sequence))
        if found is None:
            return
        order, salt = found[0], found[1] or receipt.salt
        gate_s, known = self._market.gate_s(of), self._round(of)
        # a resent order gets its receipt again, also after the gate: only the first one says when it was taken
        is_first = known.receipt is None or known.receipt.sequence != receipt.sequence
        if gate_s is not None and is_first:
            self._find(audit.late_receipt(receipt, gate_s))
        if salt is None or (known.receipt is not None and known.receipt.sequence > receipt.sequence):
            return
        known.receipt = receipt
        known.own = shown_order(order.steps, pseudonym=receipt.pseudonym, sequence=order.sequence, salt=salt, of=of)

    def _learn_rejection(self, rejection: m.Rejection, now_s: int | None) -> None:
        if rejection.code is not Reason.GATE_CLOSED or now_s is None or rejection.slot is None:
            return
        for (stage, slot, sequence), _ in list(self._sent.items()):
            gate_s = self._market.first_gate_s(stage, slot)
            early = gate_s is not None and now_s < gate_s - audit.GATE_TOLERANCE_S
            if early and (slot, sequence) == (rejection.slot, rejection.sequence):
                self._find([Violation(Check.GATE_TIME, slot, "an order was refused as late before the gate")])

    def _learn_gate(self, gate: m.Gate, now_s: int | None) -> None:
        known = self._round(round_of(gate))
        if known.gate is not None and known.gate != gate:
            self._find([Violation(Check.CONTRADICTION, gate.slot, "two different gates")])
            return
        known.gate = gate
        gate_s = self._market.gate_s(round_of(gate))
        if gate_s is None:
            return
        self._find(audit.gate_time(gate, gate_s))
        if now_s is not None and now_s < gate_s - audit.GATE_TOLERANCE_S:
            detail = f"published {gate_s - now_s} s early by the own clock"
            self._find([Violation(Check.GATE_TIME, gate.slot, detail)])

    def _learn_clearing(self, clearing: m.Clearing) -> None:
        known = self._round(round_of(clearing))
        if known.clearing is not None and known.clearing != clearing:
            self._find([Violation(Check.CONTRADICTION, clearing.slot, "two different clearings")])
            return
        known.clearing = clearing
        if known.gate is not None:
            self._find(audit.clearing_against_gate(known.gate, clearing))
        elif known.receipt is not None:
            self._find([Violation(Check.GATE_ROOT, clearing.slot, "cleared without a root of the received orders")])

    def _learn_page(self, page: m.Book) -> None:
        known = self._round(round_of(page))
        before = known.pages.setdefault(page.page, page)
        if before != page:
            self._find([Violation(Check.CONTRADICTION, page.slot, f"two different pages {page.page} of the book")])

    def _learn_replies(self, page: m.ReplyBook) -> None:
        known = self._round(round_of(page))
        if not known.checked:
            self._find(known.replies.learn_page(page))

    def _learn_checkpoint(self, checkpoint: m.Checkpoint) -> None:
        if self.log is not None:
            self._find(self.log.learn(checkpoint))
        for name, known in list(self._rounds.items()):
            if known.clearing is not None and not known.checked and name.slot <= checkpoint.slot:
                known.checked = True
                self.rounds_checked += known.gate is not None
                self._find(closed_round(known, known.clearing, self._market))
                known.replies.forget_pages()
        for index in [i for i in self._settlements if i < checkpoint.size]:
            settlement = self._settlements.pop(index)
            detail = f"leaf {index} of the log was not published"
            self._find([Violation(Check.OWN_SETTLEMENT, settlement.slot, detail)])

    def _learn_grant(self, grant: m.StorageGrant) -> None:
        slot = self._market.slot(grant.slot)
        if slot is not None:
            self._find(self._storage.grant(grant, slot.duration_s))

    def _learn_settlement(self, settlement: m.Settlement) -> None:
        self._find(self._storage.settlement(settlement))
        awards = [known.award for name, known in self._rounds.items() if name.slot == settlement.slot and known.award]
        slot = self._market.slot(settlement.slot)
        awarded_wh = None if slot is None else audit.whole_award_wh(awards, self._market.stages, slot)
        self._find(audit.own_settlement(settlement, awarded_wh, self._reported.get(settlement.slot)))
        if self.log is None or self.log.head is None or settlement.log_index >= self.log.head.size:
            self._settlements[settlement.log_index] = settlement
            trim(self._settlements, 4 * KEPT_ROUNDS)

    def _learn_leaves(self, page: m.Leaves) -> None:
        if self.log is not None:
            self.log.learn_leaves(page)
        for i, leaf in enumerate(page.leaves, page.first):
            self._market.heard_leaf(leaf)
            settlement = self._settlements.pop(i, None)
            if settlement is not None and not audit.holds_settlement(leaf, settlement):
                detail = f"leaf {i} of the log does not commit to it"
                self._find([Violation(Check.OWN_SETTLEMENT, settlement.slot, detail)])
