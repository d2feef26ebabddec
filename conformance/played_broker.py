"""What the kit says as the broker of a meter under test: good messages, and ones that prove nothing. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from wire.checkpoint import TreeHead, signed_note
from wire.codec import canonical, digest, encode
from wire.commitments import RoundName, award_leaf, message_leaf, order_leaf, shown_order
from wire.merkle import Tree, leaf_hash
from wire.messages import (
    Award,
    AwardReason,
    BookEntry,
    Calendar,
    Checkpoint,
    Clearing,
    Conditions,
    Gate,
    Leaves,
    Message,
    OrderStep,
    Receipt,
    Receipted,
    Rejection,
    Stage,
    StageKind,
    Welcome,
)
from wire.reasons import HINTS, Reason
from wire.signing import SigningKey, key_from_seed, seal
from wire.slots import Slot, format_utc

STAGE, SEALED_STAGE = "intraday", "sealed"
LOW, HIGH = 80_000, 320_000
STEPS_MAX = 4
NAMEPLATE_W = 50_000
SALT = "3c" * 32
PSEUDONYM = "00000000000000aa"


def stage(name: str, *, lead_s: int, is_sealed: bool = False) -> Stage:
    """An intraday stage of one round."""
    return Stage(
        stage=name,
        kind=StageKind.INTRADAY,
        mechanism="uniform_price_k_double_auction",
        takes_orders=True,
        k_permille=500,
        gate_lead_s=lead_s,
        horizon_slots=4,
        gate_at=None,
        time_zone=None,
        rounds=1,
        rounds_every_s=0,
        sealed=is_sealed,
        reveal_within_s=20,
    )


@dataclass(slots=True)
class PlayedBroker:
    """A broker of one member, whose log grows with every round."""

    community: str
    meter: str
    key: SigningKey
    minutes: int
    log: Tree = field(default_factory=Tree)
    _size: int = 0

    @property
    def log_key(self) -> SigningKey:
        """The key of the log's notes."""
        return key_from_seed(hashlib.sha256(b"log key" + self.key.secret).digest())

    def frame(self, message: Message, key: SigningKey | None = None) -> bytes:
        """The signed frame; another key forges it."""
        return seal(key or self.key, message.kind, self.community, encode(message))

    def calendar(self, *stages: Stage, steps_max: int = STEPS_MAX) -> Calendar:
        """The calendar."""
        return Calendar(
            community=self.community,
            broker_key=self.key.public_hex,
            log_key=self.log_key.public_hex,
            currency="EUR",
            slot_minutes=self.minutes,
            stages=stages,
            steps_max=steps_max,
            messages_per_slot_max=100,
            report_within_s=900,
            group_min=1,
            path_rounds_max=100,
            blocks_max=0,
            balancing="mid_market_rate",
            allocation="as_traded",
        )

    def conditions(self, slot: Slot, *, low: int = LOW, high: int = HIGH) -> Conditions:
        """The outside prices of a slot; with `low` above `high` it has no market."""
        return Conditions(
            community=self.community,
            slot=slot.label,
            retail_micro_per_kwh=high,
            feed_in_micro_per_kwh=low,
            network_state="normal",
            last_price_micro_per_kwh=None,
            last_demand_wh=0,
            last_generation_wh=0,
        )

    def welcome(self) -> Welcome:
        """The membership confirmed."""
        return Welcome(
            community=self.community,
            meter=self.meter,
            nameplate_import_w=NAMEPLATE_W,
            nameplate_export_w=NAMEPLATE_W,
        )

    def receipt(
        self, of: Receipted, slot: str, sequence: int, payload: bytes, *, now_s: int, stage_name: str | None = None
    ) -> Receipt:
        """The receipt of a payload."""
        is_order = stage_name is not None
        return Receipt(
            community=self.community,
            meter=self.meter,
            of=of,
            slot=slot,
            sequence=sequence,
            digest=digest(payload),
            received_at=format_utc(now_s),
            stage=stage_name,
            round=0 if is_order else None,
            pseudonym=PSEUDONYM if is_order else None,
            salt=SALT if of == "order" else None,
        )

    def rejection(self, of: str, slot: str, sequence: int, payload: bytes) -> Rejection:
        """The rejection of a payload as late."""
        return Rejection(
            community=self.community,
            meter=self.meter,
            of=of,
            code=Reason.GATE_CLOSED,
            field="slot",
            detail="the gate has closed",
            hint=HINTS[Reason.GATE_CLOSED],
            digest=digest(payload),
            slot=slot,
            sequence=sequence,
        )

    def gate(self, of: RoundName, closed_s: int, entries: Sequence[BookEntry]) -> Gate:
        """The gate of a round with its orders' root."""
        return Gate(
            community=self.community,
            stage=of.stage,
            slot=of.slot,
            round=of.round,
            closed_at=format_utc(closed_s),
            orders=len(entries),
            blocks=0,
            blocks_root=None,
            rules=0,
            root=Tree(leaf_hash(order_leaf(entry)) for entry in entries).root().hex(),
        )

    def cleared(self, gate: Gate, entries: Sequence[BookEntry]) -> tuple[Clearing, Award | None]:
        """The clearing of a round without trade, and the award of nothing to the member that ordered."""
        of = RoundName(self.community, gate.stage, gate.slot, gate.round)
        leaves = [award_leaf(e.pseudonym, of, bought_wh=0, sold_wh=0, amount_nano=0) for e in entries]
        tree = Tree(leaf_hash(leaf) for leaf in leaves)
        clearing = Clearing(
            **of._asdict(),
            mechanism="uniform_price_k_double_auction",
            outcome="no_trade",
            price_micro_per_kwh=None,
            price_low_micro_per_kwh=None,
            price_high_micro_per_kwh=None,
            volume_wh=0,
            demand=(),
            supply=(),
            orders=gate.orders,
            orders_root=gate.root,
            awards_root=tree.root().hex(),
            unrevealed=0,
            buyer_price_micro_per_kwh=None,
            seller_price_micro_per_kwh=None,
            surplus_nano=0,
            note=None,
        )
        return clearing, self._award(of, entries, tree) if entries else None

    def _award(self, of: RoundName, entries: Sequence[BookEntry], awards: Tree) -> Award:
        orders = Tree(leaf_hash(order_leaf(entry)) for entry in entries)
        return Award(
            **of._asdict(),
            meter=self.meter,
            position_wh=0,
            sequence=entries[0].sequence,
            bought_wh=0,
            sold_wh=0,
            price_micro_per_kwh=None,
            amount_nano=0,
            reason=AwardReason.NO_COUNTERPART,
            pseudonym=entries[0].pseudonym,
            index=0,
            order_proof=tuple(node.hex() for node in orders.inclusion_proof(0)),
            award_proof=tuple(node.hex() for node in awards.inclusion_proof(0)),
        )

    def entry(self, of: RoundName, sequence: int, steps: Sequence[OrderStep], salt: str = SALT) -> BookEntry:
        """An order as the book shows it."""
        return shown_order(steps, pseudonym=PSEUDONYM, sequence=sequence, salt=salt, of=of)

    def logged(self, slot: str, *messages: Message) -> tuple[Leaves, Checkpoint]:
        """New leaves of the log with their checkpoint."""
        leaves = [canonical(message_leaf(message)).decode() for message in messages]
        first = self.log.size
        for leaf in leaves:
            self.log.append(leaf_hash(leaf.encode()))
        return Leaves(community=self.community, first=first, leaves=tuple(leaves)), self.checkpoint(slot)

    def checkpoint(self, slot: str, key: SigningKey | None = None) -> Checkpoint:
        """The head of the log; with another key a note that proves nothing."""
        size, root = self.log.size, self.log.root()
        old, self._size = self._size, size
        proof = self.log.consistency_proof(old) if 0 < old < size else []
        note = signed_note(TreeHead(self.community, size, root).text(), self.community, key or self.log_key)
        return Checkpoint(
            community=self.community,
            size=size,
            root=root.hex(),
            slot=slot,
            note=note,
            previous_size=old,
            consistency=tuple(node.hex() for node in proof),
        )
