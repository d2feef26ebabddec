"""A plan of a home with what it was made of: how long it holds, and what reasons say of it."""

from dataclasses import dataclass

import numpy as np

from hems.control.as_decided import AsDecided
from hems.control.grid_limit import InForce
from hems.control.household.wishes import Wishes
from hems.control.kept_reserve import Standbys, same_standby, standby_words, standbys_from
from hems.control.market_view import MarketView
from hems.control.promised import Promises, promise_words, promises_kept, same_awards
from hems.dispatch.reason import Prices
from hems.metering.image import SiteImage
from hems.planning.futures.future import Future
from hems.planning.home_problem import stored_value_per_kwh
from hems.planning.outlook import Outlook
from hems.planning.plan import Plan
from hems.planning.problem import Problem
from wire.slots import Slot


@dataclass(slots=True)
class Prepared:
    """A plan with all that it was made of; `weighed` is the outlook with prices as the household weighs them."""

    slot: Slot
    problem: Problem
    futures: tuple[Future, ...]
    outlook: Outlook
    plan: Plan
    image: SiteImage
    trades: bool
    promises: Promises
    standbys: Standbys
    wishes: Wishes
    grid: InForce
    weighed: Outlook
    decided: AsDecided | None = None  # None until a slot is decided with this plan

    def is_as_promised(self, view: MarketView) -> bool:
        """Whether it was made for everything that is promised by now."""
        slot = self.slot
        standbys = standbys_from(view.standbys(slot), slot, self.problem.slots)
        promises = promises_kept(self.outlook, view.promises(slot))
        return same_awards(self.promises, promises) and same_standby(self.standbys, standbys)

    def said_of_calls(self, slot: Slot) -> str:
        """What is promised or stands by in a slot, in words; empty without."""
        promise, standby = self.promises.get(slot.start_s), self.standbys.get(slot.start_s)
        if promise is not None:
            return promise_words(promise)
        return "" if standby is None else standby_words(standby)

    def prices(self, marginal: float) -> Prices:
        """The prices [per kWh] that reasons name, beside the marginal one of the running slot."""
        outlook, plan = self.outlook, self.plan
        later = float(np.median(plan.marginal_price_per_kwh)) if len(plan.marginal_price_per_kwh) else marginal
        return Prices(
            now=marginal,
            retail=float(outlook.retail_per_kwh[0]),
            feed_in=float(outlook.feed_in_per_kwh[0]),
            later=max(later, stored_value_per_kwh(outlook, 1.0)),
        )
