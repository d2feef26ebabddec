"""The document of an energy donation: surplus, demand, outside prices and roles of the members of one slot."""

from typing import Any

from broker.clearing.outcome import Role, Rules
from broker.offline.decimal_book import Finding
from broker.offline.fields import NANO, Fields, top, unique
from broker.sharing.donation import share, with_gifts
from broker.sharing.shares import Need
from wire.quantities import kwh

MEMBER = '{"id": "a", "surplus": 3, "demand": 0, "retail_price": 0.3, "feed_in_price": 0.08, "role": "donor"}'


def solve(document: Any) -> dict[str, Any] | list[Finding]:
    """Who gave and got what, the bills and the donation accounts, or everything that is wrong with the document."""
    fields = top(document, f'{{"members": [{MEMBER}], "solidarity_price": 0}}')
    price = fields.micro("solidarity_price", default=0)
    rows = fields.rows("members", MEMBER)
    needs = [_need(row) for row in rows]
    unique(rows, [n.meter for n in needs], "member")
    roles = {n.meter: role for row, n in zip(rows, needs, strict=True) if (role := _role(row)) is not None}
    if fields.findings:
        return fields.findings
    shares = share(needs, Rules(roles=roles, solidarity_micro=price))
    accounts = with_gifts({}, needs, shares)
    bills = {n.meter: 0 for n in sorted(needs, key=lambda n: n.meter)}
    for line in shares.lines:
        bills[line.meter] += line.amount_nano
    return {
        "donated": {name: kwh(a.given_wh) for name, a in accounts.items() if a.given_wh},
        "received": {name: kwh(a.received_wh) for name, a in accounts.items() if a.received_wh},
        "outside": {line.meter: kwh(line.energy_wh) for line in shares.lines if line.is_outside},
        "bills": {name: nano / NANO for name, nano in bills.items()},
        "forgone": {name: a.forgone_nano / NANO for name, a in accounts.items() if a.given_wh},
        "saved": {name: a.saved_nano / NANO for name, a in accounts.items() if a.received_wh},
    }


def _need(row: Fields) -> Need:
    energy = row.wh("demand", least=0, default=0) - row.wh("surplus", least=0, default=0)
    return Need(row.text("id"), energy, row.micro("retail_price"), row.micro("feed_in_price"))


def _role(row: Fields) -> Role | None:
    """The role of a member, None where the file gives none."""
    if "role" not in row.entry:
        return None
    role = row.text("role", among=("donor", "recipient", "both", "none"))
    rank = row.count("rank", least=1, default=1)
    return Role(is_donor=role in {"donor", "both"}, rank=rank if role in {"recipient", "both"} else None)
