"""All tricks, each with the checks of which at least one has to find it."""

from proofs.tricks.asked import ASKED_CHEATS
from proofs.tricks.gates import close_early, close_late, close_secretly_early
from proofs.tricks.histories import rewrite_history, skip_the_log, two_histories
from proofs.tricks.messages import false_settlement, late_order, no_book, no_root, two_clearings
from proofs.tricks.network import NETWORK_CHEATS
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
from proofs.tricks.plot import Cheat, cheat
from proofs.tricks.puppets import counted_puppet, listed_puppet, sock_puppet
from proofs.tricks.results import favour, no_market, shave, shift_price
from proofs.tricks.stored import STORED_CHEATS
from wire.audit import Check

CHEATS: dict[str, Cheat] = (
    NETWORK_CHEATS
    | ASKED_CHEATS
    | STORED_CHEATS
    | {
        one.trick.__name__: one
        for one in (
            cheat(omit, Check.OWN_ORDER),
            cheat(insert_after_gate, Check.GATE_ROOT),
            cheat(insert_and_hide, Check.GATE_ROOT),
            cheat(rewrite_before_gate, Check.OWN_ORDER),
            cheat(rewrite_after_gate, Check.GATE_ROOT),
            cheat(rewrite_under_its_commitment, Check.BOOK),
            cheat(reorder, Check.BOOK),
            cheat(copy_an_order, Check.BOOK),
            cheat(sock_puppet, Check.ROSTER),
            cheat(listed_puppet, Check.ROSTER),
            cheat(counted_puppet, Check.ROSTER),
            cheat(shift_price, Check.CLEARING),
            cheat(favour, Check.AWARDS_ROOT),
            cheat(shave, Check.AWARDS_ROOT),
            cheat(no_market, Check.CLEARING),
            cheat(close_early, Check.GATE_TIME),
            cheat(close_secretly_early, Check.GATE_TIME),
            cheat(close_late, Check.GATE_TIME),
            cheat(late_order, Check.GATE_TIME),
            cheat(no_root, Check.GATE_ROOT),
            cheat(no_book, Check.BOOK),
            cheat(two_clearings, Check.CONTRADICTION),
            cheat(skip_the_log, Check.LOG),
            cheat(rewrite_history, Check.LOG),
            cheat(two_histories, Check.SPLIT_VIEW),
            cheat(false_settlement, Check.OWN_SETTLEMENT),
            cheat(lost_reveal, Check.OWN_ORDER),
        )
    }
)
