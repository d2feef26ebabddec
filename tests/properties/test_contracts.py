"""Forward contracts, baselines, flexibility, donation and shared storage: what holds for any input."""

import random
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from broker.clearing.book import Step
from broker.clearing.outcome import Role, Rules
from broker.contracts.ancillary import ReserveOffer, called, reserved, standby_pay
from broker.contracts.baseline import adjusted_by_ratio, before_and_after, high_x_of_y, middle_x_of_y
from broker.contracts.flexibility import procure, verify
from broker.contracts.forward import ContractState, Event, ForwardContract, Refused, after, standings
from broker.contracts.pro_rata import pro_rata_within
from broker.contracts.storage_account import Storage, after_new_shares, operate, reconciled
from broker.contracts.storage_shares import auctioned, by_reputation, scores_after
from broker.ledger.accounts import Accounts
from broker.ledger.transfer import COMMUNITY, MARKET, Transfer, account
from broker.settlement.slot import Position, settle
from broker.sharing.donation import share, with_gifts
from broker.sharing.shares import Need
from wire.messages import SettlementItem

NAMES = st.sampled_from("abcd")
WH = st.integers(0, 40)
PRICE = st.integers(-5, 60)

# -- forward contracts ----------------------------------------------------------------------------------------------

EVENTS = st.lists(st.tuples(st.sampled_from(Event), st.sampled_from(["a", "b", "c"])), max_size=8)


@given(EVENTS)
def test_a_contract_gives_positions_only_when_both_signed_before_the_gate(events: list[tuple[Event, str]]) -> None:
    contract = ForwardContract(id="c", seller="a", buyer="b", price=3, profile=(("s0", 5),))
    signed, is_closed, is_over = set[str](), False, False
    for event, member in events:
        following = after(contract, event, member if event in {Event.SIGN, Event.DECLINE} else None)
        if isinstance(following, Refused):
            assert following.reason
            continue
        contract = following
        if event is Event.SIGN and not is_closed and not is_over:
            signed.add(member)
        is_over |= event is Event.DECLINE
        is_closed |= event is Event.GATE and not signed >= {"a", "b"}
    assert contract.gives_positions == (signed >= {"a", "b"})
    assert bool(standings([contract], "s0")) == contract.gives_positions


@given(st.lists(st.tuples(NAMES, NAMES, PRICE, st.integers(1, 40)), max_size=8))
def test_positions_sum_to_zero_in_energy_and_money(rows: list[tuple[str, str, int, int]]) -> None:
    contracts = [
        ForwardContract(id=f"c{i}", seller=s, buyer=b, price=p, profile=(("s0", wh),), state=ContractState.AGREED)
        for i, (s, b, p, wh) in enumerate(rows)
        if s != b
    ]
    held = standings(contracts, "s0")
    assert sum(s.energy_wh for s in held.values()) == sum(s.amount_nano for s in held.values()) == 0
    for name, standing in held.items():
        own = [(wh if b == name else -wh, p) for s, b, p, wh in rows if s != b and name in (s, b)]
        assert standing.energy_wh == sum(wh for wh, _ in own)
        assert standing.amount_nano == sum(wh * price for wh, price in own)
    assert standings(list(reversed(contracts)), "s0") == held
    assert standings(contracts, "s1") == {}


# -- flexibility ----------------------------------------------------------------------------------------------------

OFFERS = st.lists(st.builds(Step, NAMES, PRICE, WH), max_size=8)
DAYS = st.lists(st.lists(st.integers(-20, 90), min_size=4, max_size=4), min_size=1, max_size=8)


@given(OFFERS, WH, PRICE, st.randoms(use_true_random=False))
def test_procurement_is_the_cheapest_unit_by_unit(
    offers: list[Step], request: int, reserve: int, rng: random.Random
) -> None:
    bought = procure(request, reserve, offers)
    units = sorted(s.price for s in offers for _ in range(s.quantity) if s.price <= reserve)[:request]
    assert sum(bought.awarded.values()) == len(units) == request - bought.short
    assert bought.price == (units[-1] if units else None)
    for name, wh in bought.awarded.items():
        own = [s for s in offers if s.key == name]
        assert bought.price is not None
        assert sum(s.quantity for s in own if s.price < bought.price) <= wh
        assert wh <= sum(s.quantity for s in own if s.price <= bought.price)
    assert procure(request, reserve, rng.sample(offers, len(offers))) == bought


@given(WH, *[st.integers(0, 60)] * 2, st.tuples(*[st.integers(-40, 90)] * 2), st.booleans())
def test_a_call_pays_for_what_was_done_up_to_the_award(
    awarded: int, price: int, penalty: int, loads: tuple[int, int], is_increase: bool
) -> None:
    baseline, metered = loads
    p = verify(awarded, price, penalty, baseline, metered, is_increase=is_increase)
    assert 0 <= p.paid <= awarded
    assert p.paid + p.shortfall == awarded
    assert p.paid <= max(p.delivered, 0)
    assert p.payment == p.paid * price - p.shortfall * penalty
    assert p.delivered == (metered - baseline) * (1 if is_increase else -1)


@given(DAYS, st.integers(1, 8), st.integers(0, 7))
def test_the_highest_days_are_never_below_the_middle_or_all_days(days: list[list[int]], x: int, more: int) -> None:
    y, call = x + more, [1, 2]
    tops, middle, every = (
        high_x_of_y(days, call, x, y),
        middle_x_of_y(days, call, x, y),
        high_x_of_y(days, call, y, y),
    )
    assert sum(tops[s] for s in call) >= sum(middle[s] for s in call) - len(call)
    assert sum(tops[s] for s in call) >= sum(every[s] for s in call) - len(call)
    for slot in range(4):
        recent = [day[slot] for day in days[-y:]]
        assert min(recent) <= middle[slot] <= max(recent)
        assert every[slot] == round(Fraction(sum(recent), len(recent)))


@given(DAYS, st.lists(st.integers(-20, 200), min_size=4, max_size=4))
def test_an_adjustment_stays_within_its_cap(days: list[list[int]], metered: list[int]) -> None:
    baseline = high_x_of_y(days, [2], 3, 3)
    adjusted = adjusted_by_ratio(baseline, metered, [0, 1], Fraction(1, 5))
    for before, now in zip(baseline, adjusted, strict=True):
        assert abs(now - before) <= abs(before) * Fraction(1, 5) + Fraction(1, 2)
    assert before_and_after(metered[:2], metered[2:], 3) == [round(Fraction(sum(metered), 4))] * 3


@given(st.lists(st.builds(ReserveOffer, NAMES, WH, PRICE, PRICE), max_size=8), WH, WH, st.dictionaries(NAMES, WH))
def test_only_who_stands_by_is_called_and_paid(
    offers: list[ReserveOffer], request: int, call: int, delivered: dict[str, int]
) -> None:
    standby = reserved(request, 60, offers)
    activated = called(call, standby.awarded, offers)
    assert sum(activated.awarded.values()) == min(call, sum(standby.awarded.values()))
    for name, wh in activated.awarded.items():
        assert wh <= standby.awarded[name]
        pay = standby_pay(standby.awarded[name], wh, delivered.get(name, 0), 5, 9, penalty=4)
        paid = wh - pay.shortfall
        assert pay.payment == (standby.awarded[name] - pay.shortfall) * 5 + paid * 9 - pay.shortfall * 4


# -- donation -------------------------------------------------------------------------------------------------------

NEEDS = st.dictionaries(NAMES, st.tuples(st.integers(-40, 40), st.integers(-5, 60), st.integers(-5, 60))).map(
    lambda rows: [Need(name, *row) for name, row in rows.items()]
)
ROLES = st.dictionaries(NAMES, st.builds(Role, is_donor=st.booleans(), rank=st.none() | st.integers(1, 2)))


@given(NEEDS, ROLES, st.integers(-5, 60), st.randoms(use_true_random=False))
def test_gifts_balance_follow_roles_and_cost_recipients_no_more_than_outside(
    needs: list[Need], roles: dict[str, Role], price: int, rng: random.Random
) -> None:
    rules = Rules(roles=roles, solidarity_micro=price)
    shares = share(needs, rules)
    inside = {line.meter: line for line in shares.lines if not line.is_outside}
    assert sum(line.energy_wh for line in inside.values()) == sum(line.amount_nano for line in inside.values()) == 0
    by_meter = {n.meter: n for n in needs}
    for name, line in inside.items():
        role = roles.get(name, Role()) if roles else Role(is_donor=True, rank=1)
        assert role.is_donor if line.energy_wh < 0 else role.rank is not None
        if line.energy_wh > 0:
            assert line.amount_nano <= line.energy_wh * by_meter[name].retail_micro
    for need in needs:
        assert sum(line.energy_wh for line in shares.lines if line.meter == need.meter) == need.energy_wh
    assert share(rng.sample(needs, len(needs)), rules) == shares
    accounts = with_gifts({}, needs, shares)
    assert sum(a.given_wh for a in accounts.values()) == sum(a.received_wh for a in accounts.values())
    assert all(a.saved_nano >= 0 for a in accounts.values())


@given(NEEDS, st.dictionaries(NAMES, st.integers(1, 2), min_size=4))
def test_a_lower_rank_gets_nothing_before_the_higher_is_served(needs: list[Need], ranks: dict[str, int]) -> None:
    roles = {name: Role(is_donor=True, rank=rank) for name, rank in ranks.items()}
    got = {line.meter: line.energy_wh for line in share(needs, Rules(roles=roles)).lines if not line.is_outside}
    if any(got.get(n.meter, 0) > 0 for n in needs if ranks[n.meter] == 2):
        assert all(
            got[n.meter] == n.energy_wh
            for n in needs
            if ranks[n.meter] == 1 and n.energy_wh > 0 and n.retail_micro >= 0
        )


# -- shared storage -------------------------------------------------------------------------------------------------


@given(st.integers(0, 200), st.dictionaries(NAMES, WH), st.dictionaries(NAMES, WH))
def test_shares_within_limits_use_up_what_they_can(total: int, weights: dict[str, int], most: dict[str, int]) -> None:
    shares = pro_rata_within(total, weights, most)
    reachable = sum(wh for name, wh in most.items() if weights.get(name, 0) > 0)
    assert sum(shares.values()) == min(total, reachable)
    assert all(0 <= wh <= most[name] for name, wh in shares.items())
    assert by_reputation(total, weights, most) == shares


@given(st.dictionaries(NAMES, WH), st.dictionaries(NAMES, WH), st.fractions(0, 1))
def test_scores_fade_and_grow_by_contribution(old: dict[str, int], new: dict[str, int], decay: Fraction) -> None:
    scores = scores_after(old, new, decay)
    for name, score in scores.items():
        assert new.get(name, 0) <= score <= old.get(name, 0) + new.get(name, 0)


@given(st.lists(st.builds(Step, NAMES, PRICE, WH), max_size=6), st.integers(1, 90), st.integers(0, 30))
def test_the_auction_sells_at_most_the_capacity_at_no_less_than_the_reserve(
    bids: list[Step], capacity: int, reserve: int
) -> None:
    outcome = auctioned(capacity, reserve, bids, "owner", Rules())
    wanted = sorted((s.price for s in bids for _ in range(s.quantity) if s.price >= reserve), reverse=True)
    assert outcome.volume == min(capacity, len(wanted))
    assert outcome.welfare == sum(wanted[:capacity]) - reserve * outcome.volume
    assert outcome.buyer_price is None or outcome.buyer_price >= reserve
    assert outcome.surplus() == 0


EFFICIENCY = st.fractions(Fraction(1, 3), 1, max_denominator=20)
STORAGES = st.builds(
    Storage,
    charge_max=WH,
    discharge_max=WH,
    charge_efficiency=EFFICIENCY,
    discharge_efficiency=EFFICIENCY,
    standing_loss=st.fractions(0, Fraction(1, 2), max_denominator=20),
)


@given(STORAGES, st.data())
def test_accounts_sum_to_the_storage_and_stay_within_their_shares(storage: Storage, data: st.DataObject) -> None:
    shares = data.draw(st.dictionaries(NAMES, st.integers(0, 60), min_size=1))
    levels = {name: data.draw(st.integers(0, most)) for name, most in shares.items()}
    for _ in range(3):
        requests = data.draw(st.dictionaries(NAMES, st.integers(-60, 60)))
        done = operate(storage, shares, levels, requests)
        held = sum(levels.values()) - int(sum(levels.values()) * storage.standing_loss)
        stored = int(done.flow * storage.charge_efficiency)
        taken = -(done.flow / storage.discharge_efficiency // 1) if done.flow < 0 else 0
        assert sum(done.levels.values()) == held + (stored if done.flow > 0 else -taken)
        assert done.flow == sum(done.granted.values())
        assert -storage.discharge_max <= done.flow <= storage.charge_max
        for name, share_wh in shares.items():
            assert 0 <= done.levels[name] <= share_wh
            asked = requests.get(name, 0)
            assert min(asked, 0) <= done.granted[name] <= max(asked, 0)
            assert done.losses[name] >= 0
        levels = dict(done.levels)


@given(st.dictionaries(NAMES, st.integers(0, 60), min_size=1), st.data())
def test_a_measured_charge_is_shared_to_the_last_wh(shares: dict[str, int], data: st.DataObject) -> None:
    levels = {name: data.draw(st.integers(0, most)) for name, most in shares.items()}
    assume(sum(shares.values()) > 0)
    measured = data.draw(st.integers(0, sum(shares.values())))
    after_ = reconciled(shares, levels, measured)
    assert sum(after_.values()) == measured
    assert all(0 <= wh <= shares[name] for name, wh in after_.items())


@given(st.dictionaries(NAMES, WH), st.dictionaries(NAMES, WH))
def test_new_shares_move_only_what_does_not_fit(shares: dict[str, int], levels: dict[str, int]) -> None:
    now = after_new_shares(shares, levels)
    assert sum(now.values()) == sum(levels.values())
    for name, wh in now.items():
        before, most = levels.get(name, 0), shares.get(name, 0)
        assert min(before, most) <= wh <= max(before, most)
    is_full = all(wh >= shares.get(name, 0) for name, wh in now.items())
    assert is_full or all(wh <= shares.get(name, 0) for name, wh in now.items())


# -- in the settlement of a slot ------------------------------------------------------------------------------------


def accounted(transfers: tuple[Transfer, ...], name: str) -> tuple[int, int]:
    """(energy taken in [Wh], amount paid [nano]) of an account over some transfers."""
    signs = [(t, (t.payer == name) - (t.payee == name)) for t in transfers]
    return sum(sign * t.energy_wh for t, sign in signs), sum(sign * t.amount_nano for t, sign in signs)


@given(st.integers(1, 40), PRICE, st.integers(0, 40), st.integers(0, 40))
def test_a_contract_is_settled_like_an_award_and_short_delivery_as_imbalance(
    wh: int, price: int, delivered: int, used: int
) -> None:
    contract = ForwardContract(
        id="c", seller="a", buyer="b", price=price, profile=(("s0", wh),), state=ContractState.AGREED
    )
    held = standings([contract], "s0")
    metered = {"a": -delivered, "b": used}
    positions = [
        Position(
            meter=name,
            award_wh=standing.energy_wh,
            award_nano=standing.amount_nano,
            award_price_micro=price,
            metered_wh=metered[name],
            retail_micro=60,
            feed_in_micro=10,
        )
        for name, standing in held.items()
    ]
    transfers = settle(positions).transfers
    awards = tuple(t for t in transfers if t.item is SettlementItem.AWARD)
    assert accounted(awards, account("b")) == (wh, wh * price)
    assert accounted(awards, account("a")) == (-wh, -wh * price)
    accounts = Accounts()
    accounts.post(list(transfers))
    assert accounts.sum_nano() == accounts.balance(COMMUNITY) == 0
    for name, energy in metered.items():
        assert accounted(transfers, account(name))[0] == energy


@given(NEEDS, ROLES, st.integers(0, 60))
def test_donation_keeps_the_money_of_a_slot(needs: list[Need], roles: dict[str, Role], price: int) -> None:
    positions = [
        Position(
            meter=n.meter,
            award_wh=0,
            award_nano=0,
            metered_wh=n.energy_wh,
            retail_micro=n.retail_micro,
            feed_in_micro=n.feed_in_micro,
        )
        for n in needs
    ]
    transfers = settle(positions, share, Rules(roles=roles, solidarity_micro=price)).transfers
    accounts = Accounts()
    accounts.post(list(transfers))
    assert accounts.sum_nano() == accounts.balance(MARKET) == accounts.balance(COMMUNITY) == 0
