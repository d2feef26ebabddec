"""Who is a member, with which key and connection, and who may not trade now."""

from dataclasses import dataclass, field, replace

from broker.market.events import Enrolled, MemberReadmitted, MemberRevoked
from broker.market.terms import Member


@dataclass(slots=True)
class Membership:
    """The members by meter, and since when who is revoked is so [s since 1970]."""

    members: dict[str, Member] = field(default_factory=dict)
    revoked_s: dict[str, int] = field(default_factory=dict)

    def enrol(self, event: Enrolled) -> None:
        """Takes a member in, or what has changed of one; who is revoked stays so."""
        known = self.members.get(event.meter)
        is_revoked = known is not None and known.revoked
        self.members[event.meter] = Member(
            meter=event.meter,
            public_key=bytes.fromhex(event.public_key),
            nameplate_import_w=event.nameplate_import_w,
            nameplate_export_w=event.nameplate_export_w,
            suspended=event.suspended or is_revoked,
            gateway=event.gateway,
            revoked=is_revoked,
        )

    def switch(self, event: MemberRevoked | MemberReadmitted) -> None:
        """Revokes a member or lets it trade again."""
        is_revoked = isinstance(event, MemberRevoked)
        known = self.members.get(event.meter)
        if known is not None:
            self.members[event.meter] = replace(known, suspended=is_revoked, revoked=is_revoked)
        self.revoked_s.pop(event.meter, None)
        if is_revoked:
            self.revoked_s[event.meter] = event.at_s
