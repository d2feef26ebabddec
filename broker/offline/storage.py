"""The document of a shared storage: who gets which share of it, and the accounts over some slots of operation."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from broker.clearing.book import Step
from broker.clearing.outcome import Rules
from broker.contracts.storage_account import Operated, Storage, operate
from broker.contracts.storage_shares import auctioned, by_reputation, scores_after
from broker.offline.decimal_book import Finding
from broker.offline.fields import NANO, Fields, top
from wire.quantities import kwh, price_per_kwh

OWNER = "\0owner"
BID = '{"id": "home-1", "price": 0.5, "qty": 4}'


@dataclass(frozen=True, slots=True)
class _Allocation:
    shares: dict[str, int]
    printed: dict[str, Any]


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Shares, what they cost, and the accounts after every slot; or everything that is wrong with the document."""
    fields = top(document, f'{{"capacity": 10, "allocation": {{"by": "auction", "bids": [{BID}]}}}}')
    allocation = _allocation(fields)
    operation = fields.rows("slots", '{"home-1": 1.5, "home-2": -0.5}', default=[])
    requests = [{name: row.wh(name) for name in row.entry} for row in operation]
    storage = _storage(fields) if operation else Storage(charge_max=0, discharge_max=0)
    levels = fields.wh_by_name("levels", least=0, default={})
    for name, wh in levels.items():
        if wh > allocation.shares.get(name, 0):
            fields.wrong(f"levels.{name}", "holds more than its share", "write at most the share of the member")
    if fields.findings:
        return fields.findings
    steps: list[Operated] = []
    for request in requests:
        levels = dict(steps[-1].levels) if steps else levels
        steps.append(operate(storage, allocation.shares, levels, request))
    return {
        "shares": {name: kwh(wh) for name, wh in sorted(allocation.shares.items())},
        **allocation.printed,
        **({"levels": [_kwh(s.levels) for s in steps]} if steps else {}),
        **({"granted": [_kwh(s.granted) for s in steps], "losses": [_kwh(s.losses) for s in steps]} if steps else {}),
        **({"charge": [kwh(sum(s.levels.values())) for s in steps]} if steps else {}),
    }


def _kwh(energy: Any) -> dict[str, float]:
    return {name: kwh(wh) for name, wh in energy.items()}


def _allocation(fields: Fields) -> _Allocation:
    capacity = fields.wh("capacity", least=0)
    rule = fields.inside("allocation", f'{{"by": "auction", "reserve_price": 0, "bids": [{BID}]}}')
    by = rule.text("by", among=("auction", "reputation", "shares"))
    if by == "auction":
        return _auction(rule, capacity)
    if by == "reputation":
        return _reputation(rule, capacity)
    shares = rule.wh_by_name("shares", least=0) if by == "shares" else {}
    if sum(shares.values()) > capacity:
        rule.wrong("shares", "sum to more than the capacity", "share at most the capacity")
    return _Allocation(shares, {})


def _auction(rule: Fields, capacity: int) -> _Allocation:
    k = rule.number("k", "parts from 0 to 1", least=0, most=1, default="0.5")
    reserve = rule.micro("reserve_price", default=0)
    bids = [Step(b.text("id"), b.micro("price"), b.wh("qty", least=0)) for b in rule.rows("bids", BID)]
    outcome = auctioned(capacity, reserve, bids, OWNER, Rules(k=k))
    return _Allocation(
        dict(outcome.bought),
        {
            "price": None if outcome.buyer_price is None else price_per_kwh(outcome.buyer_price),
            "payments": {name: nano / NANO for name, nano in sorted(outcome.payments().items())},
        },
    )


def _reputation(rule: Fields, capacity: int) -> _Allocation:
    decay = rule.number("decay", "parts from 0 to 1", least=0, most=1, default="0.9")
    scores = scores_after(
        rule.wh_by_name("scores", least=0, default={}), rule.wh_by_name("contributions", least=0, default={}), decay
    )
    shares = by_reputation(capacity, scores, rule.wh_by_name("requests", least=0))
    return _Allocation(shares, {"scores": _kwh(scores)})


def _storage(fields: Fields) -> Storage:
    inner = fields.inside("storage", '{"charge_max": 2.5, "discharge_max": 2.5, "charge_efficiency": 0.95}')

    def part(key: str, default: int) -> Fraction:
        return inner.number(key, "parts from 0 to 1", least=0, most=1, default=default)

    efficiencies = part("charge_efficiency", 1), part("discharge_efficiency", 1)
    if 0 in efficiencies:
        inner.wrong("charge_efficiency", "a storage cannot lose everything", "use efficiencies above 0")
    return Storage(
        charge_max=inner.wh("charge_max", least=0),
        discharge_max=inner.wh("discharge_max", least=0),
        charge_efficiency=efficiencies[0] or Fraction(1),
        discharge_efficiency=efficiencies[1] or Fraction(1),
        standing_loss=part("standing_loss", 0),
    )
