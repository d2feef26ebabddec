"""Tricks with what is sent: kept back, or told otherwise to one member."""

from collections.abc import Callable
from typing import Any

from broker.market.outgoing import Outgoing
from proofs.tricks.plot import Plot, Replaced
from wire.messages import Book, Clearing, Gate, Receipt, Settlement
from wire.slots import format_utc


def no_root(plot: Plot) -> Replaced:
    """The root of the received orders is never published."""

    def change(_: str, out: Outgoing) -> Outgoing | None:
        plot.done = plot.done or isinstance(out.message, Gate)
        return None if isinstance(out.message, Gate) else out

    return _on_the_way(plot, change)


def no_book(plot: Plot) -> Replaced:
    """The orders of the round are never published."""

    def change(_: str, out: Outgoing) -> Outgoing | None:
        plot.done = plot.done or isinstance(out.message, Book)
        return None if isinstance(out.message, Book) else out

    return _on_the_way(plot, change)


def late_order(plot: Plot) -> Replaced:
    """An order is taken after the gate, and its receipt says so."""

    def change(_: str, out: Outgoing) -> Outgoing | None:
        if not isinstance(out.message, Receipt) or out.message.of not in ("order", "sealed"):
            return out
        plot.done = True
        return _edited(out, received_at=format_utc(plot.slot.start_s - 59))

    return _on_the_way(plot, change)


def two_clearings(plot: Plot) -> Replaced:
    """One member is told of another clearing than the others."""

    def change(name: str, out: Outgoing) -> Outgoing | None:
        if not isinstance(out.message, Clearing) or name != plot.community.witness:
            return out
        plot.done = True
        plot.community.tamper = lambda _, again: again
        plot.community.deliver([_edited(out, surplus_nano=1)], plot.slot.start_s - 60, {name})
        return out

    return _on_the_way(plot, change)


def false_settlement(plot: Plot) -> Replaced:
    """A member is charged more than the log commits to."""

    def change(_: str, out: Outgoing) -> Outgoing | None:
        if not isinstance(out.message, Settlement) or not out.message.lines:
            return out
        plot.done = True
        line = out.message.lines[0]
        dearer = line.model_copy(update={"amount_nano": line.amount_nano + 1})
        return _edited(out, lines=(dearer, *out.message.lines[1:]), total_nano=out.message.total_nano + 1)

    return _on_the_way(plot, change)


def _on_the_way(plot: Plot, change: Callable[[str, Outgoing], Outgoing | None]) -> Replaced:
    def tamper(name: str, out: Outgoing) -> Outgoing | None:
        about = getattr(out.message, "slot", None)
        return change(name, out) if about is not None and plot.is_about(about) else out

    plot.community.tamper = tamper
    return {}


def _edited(out: Outgoing, **changes: Any) -> Outgoing:
    return Outgoing(out.message.model_copy(update=changes), out.meter)
