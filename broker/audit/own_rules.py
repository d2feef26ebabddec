"""What was published about a member itself, where the archive holds its receipts: only it knows if that is true."""

from collections.abc import Mapping

from broker.audit.archive import Archive
from broker.audit.rules import Revision
from broker.market.day_rules import Surroundings
from wire.audit import day_of
from wire.messages import MemberRule, Receipt


def own_rules(archive: Archive, rules: Mapping[Revision, Surroundings]) -> list[str]:
    """One line for each member, day and revision that says something about it."""
    names = {
        (receipt.meter, day_of(receipt.slot), receipt.pseudonym)
        for receipt in archive.of(Receipt)
        if receipt.pseudonym is not None
    }
    return [
        f"{day}: revision {revision} says of {meter}: {said(row)}"
        for meter, own_day, name in sorted(names)
        for (day, revision), held in sorted(rules.items())
        for row in held.members
        if day == own_day and row.pseudonym == name
    ]


def said(row: MemberRule) -> str:
    """A row in words."""
    parts = [] if row.zone is None else [f"in zone {row.zone}"]
    for verb, limit in (("exports", row.export_limit_w), ("imports", row.import_limit_w)):
        parts += [] if limit is None else [f"{verb} at most {limit} W"]
    parts += [] if row.quality == "grey" else [f"sells {row.quality} energy"]
    parts += [] if row.min_quality == "any" else [f"buys at least {row.min_quality} energy"]
    parts += [] if row.partners is None else [f"buys only from {', '.join(row.partners) or 'nobody'}"]
    parts += [f"adds {micro} micro/kWh for {name}" for name, micro in row.premiums]
    return ", ".join(parts)
