"""Every mechanism of the catalogue keeps what it declares on random cases, and the judges see when one does not."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.invariants import (
    coalitions,
    contracts,
    day_blocks,
    donation,
    given_price,
    losses,
    questions,
    settlements,
    storage,
)
from benchmarks.invariants.auctions import judged as auction_judged
from benchmarks.invariants.catalogue import all_checks
from benchmarks.invariants.check import Check
from benchmarks.invariants.orders import random_orders
from benchmarks.invariants.sharing import broken as sharing_broken
from benchmarks.invariants.sharing import random_needs
from benchmarks.invariants.terms import random_rules
from broker.clearing import continuous_double_auction, huang_multiunit, loss_factors, pay_as_bid, preference, uniform
from broker.clearing.outcome import Outcome, Rules
from broker.contracts.forward import ContractState
from broker.ledger.transfer import LOSSES
from broker.mechanisms.catalogue import MECHANISMS
from broker.mechanisms.mechanism import Clear, Share
from broker.network.grid import MILLION, Grid
from broker.sharing import mid_market, nash_bargaining, shapley

CHECKS = {check.name: check for check in all_checks()}
CASES, CASES_TO_SEE = 30, 600


def cases(check: Check, count: int) -> list[str]:
    """What is found in some cases."""
    return [text for i in range(count) for text in check.judge(random.Random(f"{check.name} {i}")).findings]


def test_every_check_has_a_name_of_its_own() -> None:
    assert len(CHECKS) == len(all_checks()), "a second one of the same name would never run"


def test_every_mechanism_of_the_catalogue_is_checked() -> None:
    assert {check.mechanism for check in CHECKS.values()} == set(MECHANISMS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_mechanism_keeps_what_it_declares_on_random_cases(name: str) -> None:
    assert cases(CHECKS[name], CASES) == []


def with_more(outcome: Outcome) -> Outcome:
    """An outcome in which the first buyer gets one Wh more than it should."""
    bought = dict(outcome.bought)
    for name in sorted(bought)[:1]:
        bought[name] += 1
    return replace(outcome, bought=bought)


def dearer(clear: Clear, more_nano: int = 1) -> Clear:
    """A mechanism whose buyers pay more."""

    def changed(book: Any, rules: Rules) -> Outcome:
        outcome = clear(book, rules)
        return replace(outcome, paid={name: nano + more_nano for name, nano in outcome.payments().items()})

    return changed


def with_losses(changed: Callable[[int], int]) -> Clear:
    """The market with losses that takes other losses for true."""

    def clear(book: Any, rules: Rules) -> Outcome:
        grid = rules.network or Grid()
        losses = {pair: changed(ppm) for pair, ppm in grid.losses.items()}
        return loss_factors.clear(book, replace(rules, network=replace(grid, losses=losses)))

    return clear


def losing(outcome: Outcome) -> Outcome:
    """An outcome in which the first seller sells one Wh more, that is lost."""
    sold = dict(outcome.sold)
    for name in sorted(sold)[:1]:
        sold[name] += 1
    return replace(outcome, sold=sold, lost=outcome.lost + bool(sold))


def moved(outcome: Outcome, amounts: str) -> Outcome:
    """An outcome in which money goes from the last to the first of a side, two nano."""
    nano = dict(getattr(outcome, amounts) or {})
    if len(nano) > 1:
        nano[min(nano)] += 2
        nano[max(nano)] -= 2
    return replace(outcome, **{amounts: nano or None})


WRONG_AUCTIONS: dict[str, tuple[str, Clear]] = {
    "energy out of nothing": ("uniform_price_k_double_auction", lambda b, r: with_more(uniform.clear(b, r))),
    "money out of nothing": ("pay_as_bid", dearer(pay_as_bid.clear)),
    "not the best pairs": ("uniform_price_k_double_auction", continuous_double_auction.clear),
    "an order of arrival": ("pay_as_bid", lambda b, r: replace(pay_as_bid.clear(b, r), note=str(b.bids.keys[:1]))),
    "limits are ignored": ("operating_envelope", uniform.clear),
    "lines are ignored": ("zonal_uniform_price", uniform.clear),
    "charges are ignored": ("network_charges", uniform.clear),
    "losses are ignored": ("loss_factors", uniform.clear),
    "losses are too small": ("loss_factors", with_losses(lambda ppm: ppm // 2)),
    "losses are too large": ("loss_factors", with_losses(lambda ppm: (ppm + MILLION) // 2)),
    "lost out of nothing": (
        "uniform_price_k_double_auction",
        lambda b, r: losing(uniform.clear(b, r)),
    ),
    "too much is sent": ("loss_factors", lambda b, r: losing(loss_factors.clear(b, r))),
    "a nano between sellers": ("loss_factors", lambda b, r: moved(loss_factors.clear(b, r), "received")),
    "a nano between buyers": ("loss_factors", lambda b, r: moved(loss_factors.clear(b, r), "paid")),
    "wishes are ignored": ("preference_matching", uniform.clear),
    "premiums are ignored": (
        "preference_matching",
        lambda b, r: preference.clear(
            b, replace(r, preferences={n: replace(p, premiums={}) for n, p in r.preferences.items()})
        ),
    ),
    "less than the largest profit": ("stackelberg_profit", uniform.clear),
    "a buyer that loses": ("huang_multiunit", dearer(huang_multiunit.clear, 10**60)),
}


@pytest.mark.parametrize("what", WRONG_AUCTIONS)
def test_a_wrong_auction_is_seen(what: str) -> None:
    name, clear = WRONG_AUCTIONS[what]
    mechanism, rng = replace(MECHANISMS[name], clear=clear), random.Random(what)
    found = []
    for _ in range(CASES_TO_SEE):
        orders = random_orders(rng)
        found += auction_judged(mechanism, orders, rng, random_rules(rng, mechanism, orders)).findings
    assert found


def shifted(share: Share) -> Share:
    """A rule whose first line costs a nano more and whose last a nano less."""

    def changed(needs: Any, rules: Rules) -> Any:
        shares = share(needs, rules)
        lines = [line._replace(price_micro=None) for line in shares.lines]
        for place, nano in ((0, 1), (-1, -1)) if lines else ():
            lines[place] = lines[place]._replace(amount_nano=lines[place].amount_nano + nano)
        return replace(shares, lines=tuple(lines))

    return changed


WRONG_RULES: dict[str, tuple[str, Share]] = {
    "another formula": ("shapley", nash_bargaining.share),
    "a nano moved": ("nash_bargaining", shifted(nash_bargaining.share)),
    "another price": ("supply_demand_ratio", mid_market.share),
    "a member left out": ("mid_market_rate", lambda needs, rules: mid_market.share(list(needs)[1:], rules)),
}


@pytest.mark.parametrize("what", WRONG_RULES)
def test_a_wrong_sharing_rule_is_seen(what: str) -> None:
    name, share = WRONG_RULES[what]
    mechanism, rng = replace(MECHANISMS[name], share=share), random.Random(what)
    found = [sharing_broken(mechanism, random_needs(rng, 5), Rules(), rng)[0] for _ in range(CASES_TO_SEE)]
    assert any(found)


WRONG_PARTS: list[tuple[str, object, str, Callable[[Any], Any]]] = [
    (
        "iterated_price, in questions",
        questions.PriceRounds,
        "outcome",
        lambda real: lambda self: with_more(real(self)),
    ),
    (
        "admm_bilateral, in questions",
        questions.BilateralRounds,
        "outcome",
        lambda real: lambda self: replace(real(self), note="not converged"),
    ),
    ("muda_vickrey_side", given_price.vickrey_side, "trade_at", lambda real: lambda b, price: real(b, price + 1)),
    ("loss_factors, offline", losses, "deliver", lambda real: lambda bids, offers, loss: real(bids, offers, {})),
    ("energy_donation", donation.donation, "share", lambda _: mid_market.share),
    ("nucleolus, by definition", coalitions.nucleolus, "division", lambda _: shapley.division),
    ("nucleolus, any game", coalitions.nucleolus, "nucleolus", lambda _: shapley.shapley_value),
    (
        "shapley, sampled",
        coalitions.shapley,
        "random_orders",
        lambda real: lambda n, count, seed: real(n, 1, seed).repeat(count, axis=0),
    ),
    ("core_test", coalitions, "core_verdict", lambda real: lambda g: replace(real(g), slack=real(g).slack + 1)),
    ("day_ahead_blocks", day_blocks, "clear_day", lambda real: lambda books, blocks, rules: real(books, [], rules)),
    (
        "forward_contract",
        contracts,
        "standings",
        lambda real: lambda every, slot: real([replace(c, state=ContractState.AGREED) for c in every], slot),
    ),
    (
        "flexibility_auction",
        contracts,
        "procure",
        lambda real: lambda request, reserve, offers: real(request, reserve + 1, offers),
    ),
    (
        "flexibility_auction",
        contracts,
        "verify",
        lambda real: lambda wh, price, _, *loads, is_increase: real(wh, price, 0, *loads, is_increase=is_increase),
    ),
    (
        "flexibility_auction",
        contracts.baseline,
        "high_x_of_y",
        lambda _: contracts.baseline.middle_x_of_y,
    ),
    (
        "ancillary_call",
        contracts,
        "called",
        lambda real: lambda call, held, offers: real(call, {o.key: 10**30 for o in offers}, offers),
    ),
    (
        "shared_storage, auction",
        storage,
        "auctioned",
        lambda real: lambda capacity, reserve, *rest: real(capacity, reserve - 1, *rest),
    ),
    (
        "shared_storage, reputation",
        storage,
        "by_reputation",
        lambda real: lambda capacity, _, requests: real(capacity, requests, requests),
    ),
    (
        "shared_storage, accounts",
        storage,
        "operate",
        lambda real: lambda held, *rest: real(replace(held, standing_loss=0), *rest),
    ),
    (
        "shared_storage, accounts",
        storage,
        "after_new_shares",
        lambda _: lambda shares, levels: {n: min(levels.get(n, 0), wh) for n, wh in shares.items()},
    ),
    ("settlement", settlements.penalties, "penalties", lambda real: lambda rows, rate: real(rows[1:], rate)),
    (
        "settlement_balancing",
        settlements.balancing,
        "balancing_charge",
        lambda real: lambda energy, long, short: real(energy, short, long),
    ),
    (
        "settlement_fifo",
        settlements.fifo,
        "allocate",
        lambda real: lambda trades, actual: real(list(reversed(trades)), actual),
    ),
    ("settlement_fifo, of a slot", settlements, "as_delivered", lambda _: list),
    (
        "settlement_fifo, of a slot",
        settlements,
        "settle",
        lambda real: (
            lambda positions, lost_wh: replace(
                settled := real(positions, lost_wh=lost_wh),
                transfers=tuple(t for t in settled.transfers if LOSSES not in (t.payer, t.payee)),
            )
        ),
    ),
]


@pytest.mark.parametrize(("name", "where", "part", "wrong"), WRONG_PARTS)
def test_a_wrong_part_is_seen(
    monkeypatch: pytest.MonkeyPatch, name: str, where: Any, part: str, wrong: Callable[[Any], Any]
) -> None:
    monkeypatch.setattr(where, part, wrong(getattr(where, part)))
    assert cases(CHECKS[name], CASES_TO_SEE)
