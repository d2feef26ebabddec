"""What has to hold of a shared storage after a proof day, computed from what was told and from the stated terms.

The arithmetic of the charge is this file's own, in whole parts per million.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from broker.market.carrying.carried import body_of, continued, read_state
from broker.market.events import Received, decode_event
from broker.market.market import Market
from broker.market.outgoing import Outgoing
from broker.market.storage_terms import DAY_S, PPM, StorageTerms
from proofs.community import ProofCommunity
from proofs.drawn_storage import METER
from wire import messages as m
from wire.codec import decode
from wire.signing import split
from wire.slots import format_utc, parse_utc
from wire.storage_lines import HANDED, SHARE

T = TypeVar("T", bound=m.Message)


def storage_violations(community: ProofCommunity, market: Market, said: Sequence[Outgoing]) -> Iterable[str]:
    """Every promise about the storage that the day broke; `market` and `said` are of its journal folded again."""
    agreed, users = community.day.terms.shared_storage, community.users
    if agreed is None or users is None:
        return
    grants = _of(said, m.StorageGrant)
    yield from _carried(community, market)
    yield from _charge(community, agreed, grants, {flow.slot: flow for flow in _of(said, m.StorageFlow)})
    yield from _accounts(grants, market)
    yield from _requests(community, agreed, grants, market)
    yield from _shares(agreed, _of(said, m.StorageShare))
    yield from _payments(agreed, said, market)
    yield from _positions(said, grants)
    yield from (f"storage: {found.about}: an own check says {found.detail}" for found in users.found)


def _of(said: Sequence[Outgoing], kind: type[T]) -> list[T]:
    return [out.message for out in said if isinstance(out.message, kind)]


def _carried(community: ProofCommunity, market: Market) -> Iterator[str]:
    """R6: the running market, the replayed one and one that goes on from its carried state are the same."""
    body = body_of(market, records=0, last_s=0, acts=[])
    if body_of(community.service.market, records=0, last_s=0, acts=[]) != body:
        yield "R6: the replayed state is not the running one"
    again = Market(community.day.terms, community.secret())
    continued(read_state(body), body.hashes, again)
    if body_of(again, records=0, last_s=0, acts=[]) != body:
        yield "R6: the carried state is not the one that it was made of"


def _charge(
    community: ProofCommunity, agreed: StorageTerms, grants: Sequence[m.StorageGrant], flows: dict[str, m.StorageFlow]
) -> Iterator[str]:
    """The accounts sum to the charge that follows from the flows, the stated efficiencies and the standing loss."""
    slot_s = 60 * community.day.terms.slot_minutes
    levels: dict[str, int] = {}
    told: dict[str, list[m.StorageGrant]] = defaultdict(list)
    for grant in grants:
        told[grant.slot].append(grant)
    until_s = community.service.market.storage.state.next_slot_s or agreed.first_period_s
    for start_s in range(agreed.first_period_s, until_s, slot_s):
        label = format_utc(start_s)
        levels |= {grant.meter: grant.level_wh for grant in told[label]}
        flow_wh = flows[label].flow_wh if label in flows else 0
        before_wh = sum(levels.values()) + sum(grant.losses_wh - grant.granted_wh for grant in told[label])
        charge_wh = _charge_after(agreed, before_wh, flow_wh, slot_s)
        if sum(levels.values()) != charge_wh:
            yield f"storage: {label}: the accounts hold {sum(levels.values())} Wh, the storage {charge_wh} Wh"
        if label in flows and flows[label].charge_wh != charge_wh:
            yield f"storage: {label}: told is a charge of {flows[label].charge_wh} Wh, it is {charge_wh} Wh"
        granted_wh, handed_wh = sum(g.granted_wh for g in told[label]), sum(g.handed_wh for g in told[label])
        if granted_wh != flow_wh or handed_wh != 0:
            yield f"storage: {label}: grants sum to something else than {flow_wh} Wh, or what is handed over to not 0"
        if not -(agreed.discharge_w * slot_s // 3_600) <= flow_wh <= agreed.charge_w * slot_s // 3_600:
            yield f"storage: {label}: a flow of {flow_wh} Wh is beyond its power"


def _charge_after(agreed: StorageTerms, charge_wh: int, flow_wh: int, slot_s: int) -> int:
    standing_wh = charge_wh * agreed.standing_loss_per_day_ppm * slot_s // (PPM * DAY_S)
    if flow_wh > 0:
        return charge_wh - standing_wh + flow_wh * agreed.charge_efficiency_ppm // PPM
    return charge_wh - standing_wh - -(flow_wh * PPM // agreed.discharge_efficiency_ppm)


def _accounts(grants: Sequence[m.StorageGrant], market: Market) -> Iterator[str]:
    """Every account follows from its grants, and lies between 0 and the share, or is above it and does not grow."""
    levels: dict[str, int] = {}
    for grant in grants:
        held_wh = levels.get(grant.meter, 0) + grant.handed_wh
        if grant.level_wh != held_wh + grant.granted_wh - grant.losses_wh or grant.losses_wh < 0:
            yield f"storage: {grant.meter} {grant.slot}: {grant.level_wh} Wh do not follow from {held_wh} Wh"
        if not 0 <= grant.level_wh <= max(grant.share_wh, held_wh):
            yield f"storage: {grant.meter} {grant.slot}: {grant.level_wh} Wh of a share of {grant.share_wh} Wh"
        levels[grant.meter] = grant.level_wh
    if {name: wh for name, wh in levels.items() if wh} != {
        n: wh for n, wh in market.storage.state.levels.items() if wh
    }:
        yield "storage: the accounts are others than the members were told"


def _requests(
    community: ProofCommunity, agreed: StorageTerms, grants: Sequence[m.StorageGrant], market: Market
) -> Iterator[str]:
    """R1, R2: a grant is within a stored request, no older than any that the member holds a receipt for."""
    stored: dict[tuple[str, str, int], set[int]] = defaultdict(set)
    for record in community.journal.records():
        event = decode_event(record)
        if isinstance(event, Received) and event.kind == m.StorageRequest.kind:
            request = decode(m.StorageRequest, split(event.frame.encode("latin-1"))[1])
            stored[request.meter, request.slot, request.sequence].add(request.energy_wh)
    newest: dict[tuple[str, str], int] = {}
    for receipt in community.users.receipts if community.users else []:
        if receipt.of == m.StorageRequest.kind:
            key = (receipt.meter, receipt.slot)
            newest[key] = max(newest.get(key, 0), receipt.sequence)
    answered = {(grant.meter, grant.slot): grant for grant in grants}
    if len(answered) != len(grants):
        yield "R2: a member has two grants for the same slot"
    for (meter, slot), grant in answered.items():
        asked = {0} if grant.sequence is None else stored[meter, slot, grant.sequence]
        if grant.requested_wh not in asked or (grant.sequence is None and grant.granted_wh):
            yield f"storage: {meter} {slot}: nobody asked for {grant.requested_wh} Wh"
        if grant.granted_wh * grant.requested_wh < 0 or abs(grant.granted_wh) > abs(grant.requested_wh):
            yield f"storage: {meter} {slot}: {grant.granted_wh} Wh for a request of {grant.requested_wh} Wh"
    begin_s, until_s = agreed.first_period_s, market.storage.state.next_slot_s or 0
    for (meter, slot), sequence in newest.items():
        held = answered.get((meter, slot))
        if begin_s <= parse_utc(slot) < until_s and (held is None or (held.sequence or 0) < sequence):
            yield f"R1: {meter} holds a receipt for request {sequence} of {slot}, which has no grant"


def _shares(agreed: StorageTerms, shares: Sequence[m.StorageShare]) -> Iterator[str]:
    """The shares of a period are within the capacity, and agreed ones are those that were agreed."""
    total: dict[str, int] = defaultdict(int)
    for share in shares:
        total[share.period] += share.share_wh
        if agreed.allocation == "shares" and share.share_wh != agreed.shares.get(share.meter, 0):
            yield f"storage: {share.meter} {share.period}: a share of {share.share_wh} Wh was not agreed"
        if (share.price_micro_per_kwh or agreed.reserve_price_micro) < agreed.reserve_price_micro:
            yield f"storage: {share.period}: sold below the reserve price"
    for period, wh in total.items():
        if wh > agreed.capacity_wh:
            yield f"storage: {period}: {wh} Wh of {agreed.capacity_wh} Wh are shared"


def _payments(agreed: StorageTerms, said: Sequence[Outgoing], market: Market) -> Iterator[str]:
    """R4: every share, and everything handed over, is paid once or still owed, and nobody pays for anything else."""
    paid: dict[tuple[str, str], int] = defaultdict(int)
    for share in _of(said, m.StorageShare):
        paid[share.meter, SHARE] += share.amount_nano
        paid[agreed.meter, SHARE] -= share.amount_nano
    for grant in _of(said, m.StorageGrant):
        paid[grant.meter, HANDED] += grant.handed_wh * agreed.handover_price_micro
    for owed in market.storage.state.owed:
        paid[owed.payment.meter, owed.payment.label] -= owed.payment.amount_nano
        paid[agreed.meter, owed.payment.label] += owed.payment.amount_nano if owed.payment.label == SHARE else 0
    for bill in _of(said, m.Settlement):
        for line in bill.lines:
            if line.item is m.SettlementItem.STORAGE and line.label in (SHARE, HANDED):
                paid[bill.meter, line.label] -= line.amount_nano
            elif line.item is m.SettlementItem.STORAGE and line.amount_nano:
                yield f"R4: {bill.meter} {bill.slot}: {line.amount_nano} nano for energy of its own account"
    for (meter, label), nano in paid.items():
        if nano:
            yield f"R4: {meter} was billed {-nano} nano too much as {label}"


def _positions(said: Sequence[Outgoing], grants: Sequence[m.StorageGrant]) -> Iterator[str]:
    """R5: what members hold of the storage sums to zero in each slot, and each holds what was granted."""
    held = {(grant.meter, grant.slot): -grant.granted_wh for grant in grants}
    held |= {(METER, flow.slot): flow.flow_wh for flow in _of(said, m.StorageFlow)}
    billed: dict[tuple[str, str], int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for bill in _of(said, m.Settlement):
        for line in bill.lines:
            if line.item is m.SettlementItem.STORAGE:
                billed[bill.meter, bill.slot] += line.energy_wh
                total[bill.slot] += line.energy_wh
    settled = {(bill.meter, bill.slot) for bill in _of(said, m.Settlement)}
    for key in settled:
        if billed[key] != held.get(key, 0):
            yield f"R5: {key[0]} {key[1]}: {billed[key]} Wh of the storage are settled, {held.get(key, 0)} Wh granted"
    for slot, wh in total.items():
        if wh:
            yield f"R5: {wh} Wh more bought from the storage than sold to it in {slot}"
