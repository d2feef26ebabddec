"""The indicative path: non-binding plans in, their aggregate and its price out; no money, no journal.

Rounds are bounded: a member tells at most `path_rounds_max` plans while one slot runs.
"""

from collections import Counter
from dataclasses import dataclass

from broker.control.ports import PriceSource
from broker.market.admission.intake import METER_TOLERANCE
from broker.market.indicative import indicative_price
from broker.market.outcome import Rejected
from broker.market.sessions.limits import slot_of
from broker.market.terms import Member, OutsidePrices, Terms
from wire.codec import DecodeError, decode
from wire.messages import Path, PlanNotice
from wire.reasons import Reason
from wire.signing import FrameError, is_signed_by, split
from wire.slots import Slot, format_utc, slot_at

PATH_SLOTS = 192
PATH_WH_MAX = 10**9


@dataclass(frozen=True, slots=True)
class _Held:
    first_s: int
    round: int
    net_wh: tuple[int, ...]


class PathBoard:
    """The newest plan of each member on the slot axis; groups below `group_min` members are never published."""

    def __init__(self, terms: Terms, prices: PriceSource) -> None:
        self._terms = terms
        self._prices = prices
        self._known: dict[int, OutsidePrices] = {}
        self._running_s = 0
        self._rounds: Counter[str] = Counter()
        self._width_s = 60 * terms.slot_minutes
        self._plans: dict[str, _Held] = {}
        self._totals_wh: dict[int, int] = {}
        self._changed = False

    def receive(self, frame: bytes, member: Member, now_s: int) -> Rejected | None:
        """Takes a member's plan; None when it counts or repeats an older one, else what is wrong with it."""
        read = self._read(frame, member)
        if isinstance(read, Rejected):
            return read
        last_s = read.first_s + len(read.net_wh) * self._width_s
        running_s = slot_at(now_s, self._terms.slot_minutes).start_s
        if not running_s < last_s or read.first_s >= running_s + PATH_SLOTS * self._width_s:
            return Rejected(Reason.WRONG_HORIZON, f"first slot {format_utc(read.first_s)}", "first_slot")
        if (late := self._over_quota(member.meter, running_s)) is not None:
            return late
        held = self._plans.get(member.meter)
        if held is None or (held.first_s, held.round) < (read.first_s, read.round):
            self._replace(member.meter, read)
        return None

    def _over_quota(self, meter: str, running_s: int) -> Rejected | None:
        """Counts a plan; the rejection when the meter has told too many in the running slot."""
        if running_s != self._running_s:
            self._running_s = running_s
            self._rounds.clear()
        most = self._terms.path_rounds_max
        if self._rounds[meter] >= most:
            return Rejected(Reason.QUOTA_EXCEEDED, f"more than {most} plans in one slot", "round")
        self._rounds[meter] += 1
        return None

    def path(self, now_s: int, slots: int) -> Path | None:
        """The aggregate from the running slot on, or None when nothing changed or the group is too small."""
        if not self._changed:
            return None
        first_s = slot_at(now_s, self._terms.slot_minutes).start_s
        self._forget_before(first_s)
        totals = tuple(self._totals_wh.get(first_s + i * self._width_s, 0) for i in range(slots))
        if len(self._plans) < self._terms.group_min or max(map(abs, totals)) > PATH_WH_MAX:
            return None
        self._changed = False
        first = slot_at(now_s, self._terms.slot_minutes)
        return Path(
            community=self._terms.community,
            round=max(held.round for held in self._plans.values()),
            first_slot=format_utc(first_s),
            members=len(self._plans),
            net_wh=totals,
            price_micro_per_kwh=tuple(
                indicative_price(net_wh, slot, self._outside(slot))
                for net_wh, slot in ((total, first.shifted(i)) for i, total in enumerate(totals))
            ),
        )

    def _outside(self, slot: Slot) -> OutsidePrices | None:
        """The outside prices of a slot, asked for until they are known."""
        known = self._known.get(slot.start_s)
        if known is None and (known := self._prices.prices(slot)) is not None:
            self._known[slot.start_s] = known
        return known

    def _read(self, frame: bytes, member: Member) -> _Held | Rejected:
        try:
            signature, payload = split(frame)
        except FrameError as error:
            return Rejected(Reason.BAD_FRAME, str(error))
        if not is_signed_by(member.public_key, PlanNotice.kind, self._terms.community, signature, payload):
            return Rejected(Reason.BAD_SIGNATURE, f"not by meter {member.meter}")
        try:
            notice = decode(PlanNotice, payload)
        except DecodeError as error:
            return Rejected(error.code, error.detail, error.field)
        return self._checked(notice, member)

    def _checked(self, notice: PlanNotice, member: Member) -> _Held | Rejected:
        if notice.community != self._terms.community:
            return Rejected(Reason.WRONG_COMMUNITY, notice.community, "community")
        if notice.meter != member.meter:
            return Rejected(Reason.WRONG_METER, notice.meter, "meter")
        slot = slot_of(notice.first_slot, self._terms)
        if isinstance(slot, Rejected):
            return Rejected(slot.code, slot.detail, "first_slot")
        hours = METER_TOLERANCE * self._terms.slot_minutes / 60
        most_wh, least_wh = member.nameplate_import_w * hours, -member.nameplate_export_w * hours
        for i, energy_wh in enumerate(notice.net_wh):
            if not least_wh <= energy_wh <= most_wh:
                return Rejected(Reason.OVER_NAMEPLATE, f"{energy_wh} Wh in one slot", f"net_wh.{i}")
        return _Held(slot.start_s, notice.round, notice.net_wh)

    def _replace(self, meter: str, plan: _Held) -> None:
        if meter in self._plans:
            self._add(self._plans[meter], -1)
        self._plans[meter] = plan
        self._add(plan, 1)
        self._changed = True

    def _add(self, plan: _Held, sign: int) -> None:
        for i, energy_wh in enumerate(plan.net_wh):
            slot_s = plan.first_s + i * self._width_s
            self._totals_wh[slot_s] = self._totals_wh.get(slot_s, 0) + sign * energy_wh

    def _forget_before(self, first_s: int) -> None:
        """A plan that is wholly past no longer counts as a member of the group."""
        for meter, held in list(self._plans.items()):
            if held.first_s + len(held.net_wh) * self._width_s <= first_s:
                del self._plans[meter]
        for past in (self._totals_wh, self._known):
            for slot_s in [s for s in past if s < first_s]:
                del past[slot_s]
