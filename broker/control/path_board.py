"""The indicative path: non-binding plans in, their aggregate out. Nothing here touches money or the journal."""

from broker.market.terms import Member, Terms
from wire.codec import DecodeError, decode
from wire.messages import Path, PlanNotice
from wire.signing import FrameError, open_frame
from wire.slots import Slot, format_utc, parse_utc


class PathBoard:
    """The newest plan of each member on the slot axis; groups below `group_min` members are never published."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._plans: dict[str, PlanNotice] = {}
        self._changed = False

    def receive(self, frame: bytes, member: Member) -> bool:
        """Takes a member's plan; False when it is not a valid one (a plan binds nobody, so nobody is told)."""
        try:
            payload = open_frame(frame, member.public_key, PlanNotice.kind, self._terms.community)
            notice = decode(PlanNotice, payload)
            Slot(parse_utc(notice.first_slot), self._terms.slot_minutes)
        except (FrameError, DecodeError, ValueError):
            return False
        if notice.community != self._terms.community or notice.meter != member.meter:
            return False
        held = self._plans.get(member.meter)
        if held is not None and (held.first_slot, held.round) >= (notice.first_slot, notice.round):
            return False
        self._plans[member.meter] = notice
        self._changed = True
        return True

    def path(self, now_s: int, slots: int) -> Path | None:
        """The aggregate from the running slot on, or None when nothing changed or the group is too small."""
        if not self._changed or len(self._plans) < self._terms.group_min:
            return None
        self._changed = False
        width = 60 * self._terms.slot_minutes
        first_s = now_s - now_s % width
        totals = [0] * slots
        for notice in self._plans.values():
            offset = (parse_utc(notice.first_slot) - first_s) // width
            for i, energy in enumerate(notice.net_wh):
                if 0 <= offset + i < slots:
                    totals[offset + i] += energy
        return Path(
            community=self._terms.community,
            round=max(notice.round for notice in self._plans.values()),
            first_slot=format_utc(first_s),
            members=len(self._plans),
            net_wh=tuple(totals),
        )
