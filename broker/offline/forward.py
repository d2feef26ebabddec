"""The document of forward contracts: who signed what, the positions that follow, and what delivery leaves open."""

from typing import Any

from broker.contracts.forward import (
    ContractState,
    Event,
    ForwardContract,
    Refused,
    Standing,
    after,
    contract_problem,
    standings,
)
from broker.offline.decimal_book import Finding
from broker.offline.fields import NANO, Fields, top, unique
from wire.quantities import kwh

CONTRACT = (
    '{"id": "c1", "seller": "a", "buyer": "b", "price": 0.12, "start_slot": 0, "quantities": [1], '
    '"signed_by": ["a", "b"]}'
)


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """States, positions, payments and imbalances, or everything that is wrong with the document."""
    fields = top(document, f'{{"slots": 4, "contracts": [{CONTRACT}]}}')
    slots = fields.count("slots", least=1)
    is_closed = fields.flag("gate_closed", default=False)
    rows = fields.rows("contracts", CONTRACT)
    contracts = [_contract(row, slots, is_closed=is_closed) for row in rows]
    unique(rows, [c.id for c in contracts], "contract")
    metered = _metered(fields, slots)
    prices = (fields.micro("retail_price"), fields.micro("feed_in_price")) if metered else (0, 0)
    if fields.findings:
        return fields.findings
    if metered:
        contracts = [c if isinstance(c_ := after(c, Event.DELIVER), Refused) else c_ for c in contracts]
    positions = [standings(contracts, str(slot)) for slot in range(slots)]
    return _result(contracts, positions, metered, prices)


def _contract(row: Fields, slots: int, *, is_closed: bool) -> ForwardContract:
    start, energies = row.count("start_slot", default=0), row.list_wh("quantities", least=0)
    if start + len(energies) > slots:
        row.wrong("quantities", f"the contract ends after slot {slots - 1}", "shorten it or raise `slots`")
    contract = ForwardContract(
        id=row.text("id"),
        seller=row.text("seller"),
        buyer=row.text("buyer"),
        price=row.micro("price"),
        profile=tuple((str(start + i), wh) for i, wh in enumerate(energies) if wh),
    )
    if problem := contract_problem(contract):
        row.wrong("quantities" if "slot" in problem else "buyer", problem, "correct the contract or leave it out")
    for member in row.texts("signed_by"):
        if contract.state is ContractState.PROPOSED:
            contract = _after(row, contract, Event.SIGN, member)
    return _after(row, contract, Event.GATE) if is_closed else contract


def _after(row: Fields, contract: ForwardContract, event: Event, member: str | None = None) -> ForwardContract:
    following = after(contract, event, member)
    if isinstance(following, Refused):
        row.wrong("signed_by", following.reason, "name the seller and the buyer")
        return contract
    return following


def _metered(fields: Fields, slots: int) -> dict[str, list[int]]:
    """What each member drew (+) or fed in (-) per slot [Wh]; {} before delivery."""
    if "metered" not in fields.entry:
        return {}
    inner = fields.inside("metered", '{"a": [-1, 0.5]}')
    metered = {name: inner.list_wh(name) for name in inner.entry}
    for name, energies in metered.items():
        if len(energies) != slots:
            inner.wrong(name, f"has {len(energies)} values for {slots} slots", "write one value for each slot")
    return metered


def _result(
    contracts: list[ForwardContract],
    positions: list[dict[str, Standing]],
    metered: dict[str, list[int]],
    prices: tuple[int, int],
) -> dict[str, Any]:
    members = sorted({name for slot in positions for name in slot} | set(metered))
    held = {m: [slot.get(m, Standing(0, 0)) for slot in positions] for m in members}
    retail, feed_in = prices
    result: dict[str, Any] = {
        "states": {c.id: str(c.state) for c in sorted(contracts, key=lambda c: c.id)},
        "positions": {m: [kwh(s.energy_wh) for s in own] for m, own in held.items()},
        "to_pay": {m: sum(s.amount_nano for s in own) / NANO for m, own in held.items()},
    }
    if metered:
        short = {m: [wh - s.energy_wh for wh, s in zip(metered[m], held[m], strict=True)] for m in sorted(metered)}
        result["imbalance"] = {m: [kwh(wh) for wh in own] for m, own in short.items()}
        result["imbalance_to_pay"] = {
            m: sum(wh * (retail if wh > 0 else feed_in) for wh in own) / NANO for m, own in short.items()
        }
    return result
