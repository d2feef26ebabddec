"""What a batch of household records does: every half counts as the single message that it stands for.

A record is signed by its meter and comes through the gateway that the meter is enrolled with. Answers go back through
the gateway that sent the batch, so nobody can have a stranger's meter flooded with rejections.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from broker.market.admission.household_messages import order_of, report_of
from broker.market.events import BatchReceived
from broker.market.outcome import Rejected
from broker.market.outgoing import Outgoing, rejection
from broker.market.terms import Member
from wire.batch import Batch, BatchError, decode_batch, meters
from wire.codec import digest
from wire.household import authentic, half_digests, has_part
from wire.messages import MeterReport, Order
from wire.reasons import Reason
from wire.slots import format_utc
from wire.topics import BATCH

Half = Order | MeterReport
Take = Callable[[Half, str, Member, int], list[Outgoing]]


class HouseholdIntake:
    """Applies batches; `take` is what a single message with its digest does."""

    def __init__(self, community: str, members: Mapping[str, Member], take: Take) -> None:
        self._community = community
        self._members = members
        self._take = take

    def receive(self, event: BatchReceived) -> list[Outgoing]:
        """The answers to a batch, all through its gateway."""
        frame = base64.b64decode(event.frame)
        try:
            batch = decode_batch(frame)
            if batch.kind != "household":
                raise BatchError(f"a batch of {batch.kind}s is not taken: send households")
        except BatchError as error:
            why = Rejected(Reason.MALFORMED, str(error))
            return [replace(self._refused(why, event.gateway, digest(frame)), gateway=event.gateway)]
        return [replace(answer, gateway=event.gateway) for answer in self._records(batch, event)]

    def _records(self, batch: Batch, event: BatchReceived) -> Iterator[Outgoing]:
        names = meters(batch)
        found = [self._members.get(name) for name in names]
        keys = [None if member is None else member.public_key for member in found]
        genuine = authentic(batch, self._community, keys).tolist()
        named = half_digests(batch)
        has_order, has_report = (has_part(batch.records[half]).tolist() for half in ("order", "report"))
        for row, member in enumerate(found):
            is_empty = not (has_order[row] or has_report[row])
            why = _problem(member, event.gateway, is_genuine=genuine[row], is_empty=is_empty)
            if member is None or why is not None:
                assert why is not None, "who is no member has a problem"
                yield self._refused(why, names[row] or event.gateway, named.orders[row])
                continue
            if has_report[row]:
                make_report = partial(report_of, batch, row, self._community)
                yield from self._half(make_report, MeterReport.kind, named.reports[row], member, event.at_s)
            if has_order[row]:
                make_order = partial(order_of, batch, row, self._community, format_utc(event.at_s))
                yield from self._half(make_order, Order.kind, named.orders[row], member, event.at_s)

    def _half(self, make: Callable[[], Half], kind: str, named: str, member: Member, at_s: int) -> list[Outgoing]:
        try:
            message = make()
        except (ValueError, OverflowError) as error:
            why = Rejected(Reason.MALFORMED, str(error).replace("\n", " "))
            return [self._refused(why, member.meter, named, of=kind)]
        return self._take(message, named, member, at_s)

    def _refused(self, why: Rejected, meter: str, named: str, *, of: str = BATCH) -> Outgoing:
        return rejection(why, community=self._community, meter=meter, kind=of, digest=named)


def _problem(member: Member | None, gateway: str, *, is_genuine: bool, is_empty: bool) -> Rejected | None:
    """Why a whole record has no effect; None when its halves may be looked at."""
    if member is None:
        return Rejected(Reason.UNKNOWN_METER, "no member has this meter")
    if member.suspended:
        return Rejected(Reason.SUSPENDED, f"meter {member.meter}")
    if not is_genuine:
        return Rejected(Reason.BAD_SIGNATURE, f"not by meter {member.meter}")
    if member.gateway != gateway:
        return Rejected(Reason.WRONG_GATEWAY, f"meter {member.meter} does not belong to gateway {gateway}")
    return Rejected(Reason.MALFORMED, "neither a report nor an order") if is_empty else None
