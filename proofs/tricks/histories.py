"""Tricks with the log: leaves that are missing or changed, and two histories at once."""

import copy
from collections.abc import Sequence
from typing import Any

from broker.market.sessions import publication
from proofs.tricks.plot import Plot, Replaced
from wire.merkle import Tree, leaf_hash
from wire.messages import Clearing


def skip_the_log(plot: Plot) -> Replaced:
    """The clearing is not written to the log."""

    def log_messages(log: Any, messages: Sequence[Any]) -> None:
        hidden = [m for m in messages if isinstance(m, Clearing) and plot.is_about(m.slot)]
        plot.done = plot.done or bool(hidden)
        publication.log_messages(log, [m for m in messages if m not in hidden])

    return {"log_messages": log_messages}


def rewrite_history(plot: Plot) -> Replaced:
    """An old leaf of the log is replaced by another one."""
    log = plot.community.service.market.log
    hashes = log._tree._levels[0]
    plot.done = len(hashes) > 0
    changed = [*hashes]
    changed[plot.rng.randrange(len(changed))] = leaf_hash(b"another history")
    log._tree = Tree(changed)
    return {}


def two_histories(plot: Plot) -> Replaced:
    """Half of the members are shown a market that never had one of the orders; each half sees a history that fits."""
    community = plot.community
    names = sorted(community.meters)
    other = copy.deepcopy(community.service)
    book = other.market.books[plot.slot.start_s]
    for orders in (book.session.sealed, book.orders):
        if names[0] in orders:
            del orders[names[0]]
            plot.done = True
    community.fork, community.forked = other, set(names[len(names) // 2 :])
    return {}
