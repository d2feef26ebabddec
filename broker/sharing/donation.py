"""Energy donation: members give their surplus to others for nothing, or at a solidarity price.

Recipients are served by rank, those of one rank pro rata to what they still need; donors give pro rata to their
surplus; both in whole Wh by largest remainder. The rest of everybody is settled outside. A recipient that pays no
more outside is left there, so nobody pays more for a gift than without it. Donors give by choice: what they forgo is
the feed-in price less the solidarity price, and the donation account shows it. Gifts go through the account of
donations, which is empty again after every slot.

`rules.roles` says who gives and who receives. Without roles every member with a surplus is a donor and every other
one a recipient of rank 1; with roles a member that is not listed is neither.

Source: solidarity sharing inside an energy community (Directive (EU) 2018/2001, articles 21 and 22); Zhou, Wu & Long
2018, Applied Energy 222, 993-1022, for sharing mechanisms compared. Budget balance: strong. Complexity: O(n log n).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from broker.clearing.outcome import Role, Rules
from broker.sharing.shares import Need, Share, Shares, at_price, ordered, outside
from wire.quantities import largest_remainder

EVERYBODY = Role(is_donor=True, rank=1)
NOBODY = Role()


class DonationAccount(NamedTuple):
    """What a member has given and received [Wh], what it forgoes and what it saves by that [nano]."""

    given_wh: int = 0
    received_wh: int = 0
    forgone_nano: int = 0
    saved_nano: int = 0


def share(needs: Sequence[Need], rules: Rules) -> Shares:
    """The lines of all members: gifts at the solidarity price inside, the rest outside."""
    price = rules.solidarity_micro
    members = ordered(list(needs))
    roles = {n.meter: rules.roles.get(n.meter, NOBODY) if rules.roles else EVERYBODY for n in members}
    donors = [n for n in members if n.energy_wh < 0 and roles[n.meter].is_donor]
    recipients = [
        n for n in members if n.energy_wh > 0 and roles[n.meter].rank is not None and price <= n.retail_micro
    ]
    given = min(-sum(n.energy_wh for n in donors), sum(n.energy_wh for n in recipients))
    local = _received(recipients, roles, given) | {m: -wh for m, wh in _pro_rata(donors, given).items()}
    lines: list[Share] = []
    for need in members:
        wh = local.get(need.meter, 0)
        if wh:
            lines.append(at_price(need.meter, wh, price)._replace(through="donation"))
        if need.energy_wh != wh:
            lines.append(outside(need, need.energy_wh - wh))
    return Shares(lines=tuple(lines))


def _received(recipients: Sequence[Need], roles: Mapping[str, Role], given: int) -> dict[str, int]:
    received: dict[str, int] = {}
    for rank in sorted({roles[n.meter].rank or 0 for n in recipients}):
        members = [n for n in recipients if (roles[n.meter].rank or 0) == rank]
        part = min(given, sum(n.energy_wh for n in members))
        received |= _pro_rata(members, part)
        given -= part
    return received


def _pro_rata(members: Sequence[Need], total: int) -> dict[str, int]:
    meters = [n.meter for n in members]
    return dict(zip(meters, largest_remainder(total, [abs(n.energy_wh) for n in members], meters), strict=True))


def with_gifts(
    accounts: Mapping[str, DonationAccount], needs: Iterable[Need], shares: Shares
) -> dict[str, DonationAccount]:
    """The donation accounts after a slot: inside lines are gifts, valued at the member's own outside prices."""
    after = dict(accounts)
    outside_prices = {n.meter: n for n in needs}
    for line in shares.lines:
        if line.is_outside:
            continue
        had, need = after.get(line.meter, DonationAccount()), outside_prices[line.meter]
        if line.energy_wh < 0:
            forgone = line.amount_nano - line.energy_wh * need.feed_in_micro
            after[line.meter] = had._replace(
                given_wh=had.given_wh - line.energy_wh, forgone_nano=had.forgone_nano + forgone
            )
        else:
            saved = line.energy_wh * need.retail_micro - line.amount_nano
            after[line.meter] = had._replace(
                received_wh=had.received_wh + line.energy_wh, saved_nano=had.saved_nano + saved
            )
    return dict(sorted(after.items()))
