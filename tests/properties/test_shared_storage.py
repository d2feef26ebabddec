"""A shared storage through the real fold: random days of bids, requests and meters, also from any cut."""

import random
from itertools import pairwise

from carried_rig import assert_same_after
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_rig import DAY_S, OWNER, PERIOD_S, Community, bid, hour, request, storage

from broker.ledger.transfer import MARKET
from wire.messages import Rejection, Settlement, SettlementItem, StorageFlow, StorageGrant, StorageShare
from wire.slots import parse_utc

HOURS = 30  # the second period begins after 24
MEMBERS = (1, 2, 3)
ALLOCATIONS = st.sampled_from(("auction", "reputation", "shares"))
SEEDS = st.integers(0, 10**6)


def terms_of(allocation: str, rng: random.Random) -> dict[str, object]:
    shares = {f"home-{n}": rng.randint(0, 3_000) for n in MEMBERS} if allocation == "shares" else {}
    return {
        "allocation": allocation,
        "capacity_wh": 10_000,
        "charge_w": rng.randint(1, 4_000),
        "discharge_w": rng.randint(1, 4_000),
        "charge_efficiency_ppm": rng.randint(500_000, 10**6),
        "discharge_efficiency_ppm": rng.randint(500_000, 10**6),
        "standing_loss_per_day_ppm": rng.choice((0, 50_000)),
        "handover_price_micro": rng.choice((0, 120_000)),
        "reserve_price_micro": rng.choice((0, 200_000)) if allocation == "auction" else 0,
        "shares": shares,
    }


def bids(community: Community, allocation: str, period_s: int, rng: random.Random) -> None:
    for n in MEMBERS:
        if allocation == "auction":
            prices = sorted((rng.randint(0, 900_000) for _ in range(rng.randint(0, 3))), reverse=True)
            wish = bid(n, *((price, rng.randint(1, 3_000)) for price in prices), period_s=period_s)
        else:
            wish = bid(n, request_wh=rng.randint(0, 10_000), period_s=period_s)
        community.say(period_s - 7_200, wish)


def lived(allocation: str, seed: int) -> Community:
    """A day and a quarter of random use; some requests are replaced, some meters deviate or stay silent."""
    rng = random.Random(seed)
    community = Community(storage(**terms_of(allocation, rng)))
    bids(community, allocation, PERIOD_S, rng)
    for k in range(-1, HOURS):
        slot = hour(k)
        if slot.end_s == PERIOD_S + DAY_S - 7_200:
            bids(community, allocation, PERIOD_S + DAY_S, rng)
        for sequence in range(1, rng.randint(1, 3)):
            wishes = [request(n, hour(k + 1), rng.randint(-4_000, 4_000), sequence=sequence) for n in MEMBERS]
            community.say(slot.start_s, *(w for w in wishes if rng.random() < 0.8))
        grants = community.grants(slot)
        told = {int(m.removeprefix("home-")): g.granted_wh for m, g in grants.items()}
        net_wh = {n: -told.get(n, 0) + rng.randint(-800, 800) for n in MEMBERS}
        flow_wh = sum(told.values())
        community.metered(slot, {**net_wh, OWNER: flow_wh if rng.random() < 0.8 else flow_wh // 2})
    return community


@settings(max_examples=30)
@given(ALLOCATIONS, SEEDS)
def test_accounts_sum_to_the_charge_and_stay_within_their_shares(allocation: str, seed: int) -> None:
    community = lived(allocation, seed)
    agreed = community.terms.shared_storage
    assert agreed is not None
    levels: dict[str, int] = {}
    grants = [m for m in community.sent if isinstance(m, StorageGrant)]
    flows = {m.slot: m for m in community.sent if isinstance(m, StorageFlow)}
    for label in sorted({g.slot for g in grants} | flows.keys()):
        now = [g for g in grants if g.slot == label]
        before_wh = sum(levels.values())
        assert sum(g.handed_wh for g in now) == 0
        for g in now:
            held = levels.get(g.meter, 0)
            assert g.level_wh == held + g.handed_wh + g.granted_wh - g.losses_wh
            assert 0 <= g.level_wh <= max(g.share_wh, held + g.handed_wh)
            assert g.granted_wh * g.requested_wh >= 0 and abs(g.granted_wh) <= abs(g.requested_wh)
            levels[g.meter] = g.level_wh
        if label in flows:
            flow_wh = flows[label].flow_wh
            assert flow_wh == sum(g.granted_wh for g in now)
            assert -agreed.discharge_w <= flow_wh <= agreed.charge_w
            assert flows[label].charge_wh == sum(levels.values())
            lost_wh = before_wh + flow_wh - sum(levels.values())
            assert lost_wh == sum(g.losses_wh for g in now) >= 0
    assert {m: wh for m, wh in levels.items() if wh} == {
        m: wh for m, wh in community.service.market.storage.state.levels.items() if wh
    }
    assert sum(levels.values()) <= agreed.capacity_wh


@settings(max_examples=30)
@given(ALLOCATIONS, SEEDS)
def test_positions_balance_money_is_conserved_and_what_is_auctioned_is_paid_once(allocation: str, seed: int) -> None:
    community = lived(allocation, seed)
    market = community.service.market
    assert market.accounts.sum_nano() == 0 and market.accounts.balance(MARKET) == 0
    bills = [m for m in community.sent if isinstance(m, Settlement)]
    for label in {bill.slot for bill in bills}:
        stored = [x for b in bills if b.slot == label for x in b.lines if x.item is SettlementItem.STORAGE]
        assert sum(line.energy_wh for line in stored) == 0 == sum(line.amount_nano for line in stored)
    granted = {(g.meter, g.slot): -g.granted_wh for g in community.sent if isinstance(g, StorageGrant)}
    for bill in bills:
        energy_wh = sum(x.energy_wh for x in bill.lines if x.item is SettlementItem.STORAGE)
        if bill.meter != f"home-{OWNER}":
            assert energy_wh == granted.get((bill.meter, bill.slot), 0)
    due = sum(m.amount_nano for m in community.sent if isinstance(m, StorageShare))
    paid = sum(
        line.amount_nano
        for bill in bills
        for line in bill.lines
        if line.label == "share of the storage" and bill.meter != f"home-{OWNER}"
    )
    assert paid == due
    for share in (m for m in community.sent if isinstance(m, StorageShare)):
        assert parse_utc(share.period) in (PERIOD_S, PERIOD_S + DAY_S)


@settings(max_examples=15)
@given(ALLOCATIONS, SEEDS, st.floats(0, 1))
def test_a_storage_goes_on_from_any_cut(allocation: str, seed: int, part: float) -> None:
    community = lived(allocation, seed)
    records = community.journal.kept
    assert_same_after(records, round(part * len(records)), community.terms)


@settings(max_examples=10)
@given(SEEDS)
def test_requests_count_alike_in_whatever_order_they_come(seed: int) -> None:
    """The newest sequence of each meter counts; arrival between meters changes nothing."""
    wishes = [request(n, hour(0), n * 700 - s * 100, sequence=s) for n in MEMBERS for s in (1, 2)]
    results = []
    for rng in (None, random.Random(seed)):
        community = Community(
            storage(allocation="shares", shares={"home-1": 4_000, "home-2": 3_000, "home-3": 3_000})
        )
        community.step(PERIOD_S - 3_600)
        order = sorted(wishes, key=lambda w: w.sequence if rng is None else (w.sequence, rng.random()))
        said = community.say(PERIOD_S - 3_600, *order)
        assert not [m for m in said if isinstance(m, Rejection)]
        results.append(community.grants(hour(0)))
    for first, second in pairwise(results):
        assert first == second
