"""All tricks, each with the checks of which at least one has to find it."""

from dataclasses import dataclass

from proofs.tricks.gates import close_early, close_late, close_secretly_early
from proofs.tricks.histories import rewrite_history, skip_the_log, two_histories
from proofs.tricks.messages import false_settlement, late_order, no_book, no_root, two_clearings
from proofs.tricks.orders import (
    copy_an_order,
    insert_after_gate,
    insert_and_hide,
    lost_reveal,
    omit,
    reorder,
    rewrite_after_gate,
    rewrite_before_gate,
    rewrite_under_its_commitment,
)
from proofs.tricks.plot import Trick
from proofs.tricks.puppets import counted_puppet, listed_puppet, sock_puppet
from proofs.tricks.results import favour, no_market, shave, shift_price
from wire.audit import Check


@dataclass(frozen=True, slots=True)
class Cheat:
    """A trick and the checks of which at least one has to find it."""

    trick: Trick
    found_by: frozenset[Check]


def _cheat(trick: Trick, *checks: Check) -> Cheat:
    return Cheat(trick, frozenset(checks))


CHEATS: dict[str, Cheat] = {
    cheat.trick.__name__: cheat
    for cheat in (
        _cheat(omit, Check.OWN_ORDER),
        _cheat(insert_after_gate, Check.GATE_ROOT),
        _cheat(insert_and_hide, Check.GATE_ROOT),
        _cheat(rewrite_before_gate, Check.OWN_ORDER),
        _cheat(rewrite_after_gate, Check.GATE_ROOT),
        _cheat(rewrite_under_its_commitment, Check.BOOK),
        _cheat(reorder, Check.BOOK),
        _cheat(copy_an_order, Check.BOOK),
        _cheat(sock_puppet, Check.ROSTER),
        _cheat(listed_puppet, Check.ROSTER),
        _cheat(counted_puppet, Check.ROSTER),
        _cheat(shift_price, Check.CLEARING),
        _cheat(favour, Check.AWARDS_ROOT),
        _cheat(shave, Check.AWARDS_ROOT),
        _cheat(no_market, Check.CLEARING),
        _cheat(close_early, Check.GATE_TIME),
        _cheat(close_secretly_early, Check.GATE_TIME),
        _cheat(close_late, Check.GATE_TIME),
        _cheat(late_order, Check.GATE_TIME),
        _cheat(no_root, Check.GATE_ROOT),
        _cheat(no_book, Check.BOOK),
        _cheat(two_clearings, Check.CONTRADICTION),
        _cheat(skip_the_log, Check.LOG),
        _cheat(rewrite_history, Check.LOG),
        _cheat(two_histories, Check.SPLIT_VIEW),
        _cheat(false_settlement, Check.OWN_SETTLEMENT),
        _cheat(lost_reveal, Check.OWN_ORDER),
    )
}
