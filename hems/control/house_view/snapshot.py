"""Everything that the page shows of one moment; immutable, so that it can be drawn while the home goes on."""

from dataclasses import dataclass, field

from hems.control.house_view.notices import Contact, Notice, NoticeCode
from hems.control.house_view.now import NowView
from hems.control.house_view.plan_view import PlanView
from hems.control.house_view.stored import StoredView
from hems.control.household.options import Option
from hems.control.household.overrides import Override
from hems.control.household.settings import HouseholdSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the household has set and can set, and which devices are overridden."""

    settings: HouseholdSettings = field(default_factory=HouseholdSettings)
    options: tuple[Option, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseSnapshot:
    """One moment. `now` is None until the meter has answered once, `plan` until there was a first plan."""

    at_s: int
    slot_minutes: int
    now: NowView | None
    plan: PlanView | None
    contact: Contact
    notices: tuple[Notice, ...]
    wishes: Wishes
    price_now: float | None = None  # retail [currency/kWh]
    feed_in_now: float | None = None
    stored: StoredView | None = None  # of the community's storage; None: it has no part of one

    @property
    def is_stale(self) -> bool:
        """Whether the measurements are old: the meter does not answer."""
        return any(notice.code is NoticeCode.METER_SILENT for notice in self.notices)
