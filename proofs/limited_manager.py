"""The production energy manager of a limited house, without its process: loop, planner, guard, leases, grid limit.

It does in each step what `hems.app.ems` does: what is allowed holds at once, then everything is decided anew.
"""

from collections.abc import Mapping

import numpy as np

from hems.control.energy_manager import EnergyManager, Settings
from hems.control.grid_limit import GridLimit, GridRule, GridSignal
from hems.control.history import History
from hems.control.home_loop import HomeLoop, Timing
from hems.control.live_outlook import LiveOutlook
from hems.dispatch.lease import Lease
from hems.io.device_image import device_command
from hems.metering.image import SiteImage
from hems.planning.outlook import Outlook
from hems.site.tariff import DailyPrices
from proofs.limited_house import START_S, LimitedHouse, Run

TICK_S, HORIZON = 20, 8


class DrawnOutlook:
    """Expects what is now, at drawn prices that make every device want all it can."""

    def __init__(self, run: Run, house: LimitedHouse) -> None:
        self._run, self._house = run, house

    def outlook(self, now_s: int, start_s: int, slots: int) -> Outlook:
        """Expectations from `start_s` on."""
        del now_s
        first = (start_s - START_S) // 900 % 32

        def prices(drawn: tuple[float, ...]) -> np.ndarray:
            return np.resize(np.array(drawn[first:] + drawn[:first]), slots)

        return Outlook(
            start_s=start_s,
            base_kw=np.full(slots, self._house.load_w / 1000.0),
            pv_kw=np.full(slots, self._house.sun_w / 1000.0),
            retail_per_kwh=prices(self._run.retail),
            feed_in_per_kwh=prices(self._run.feed_in),
        )


class LimitedManager:
    """One life of the energy manager. `remembered` is what its predecessor had stored of the operator's signal."""

    def __init__(
        self, run: Run, house: LimitedHouse, clock_s: int, token: int, remembered: GridSignal | None
    ) -> None:
        self._house, self._token = house, token
        self.limit = GridLimit(GridRule(), clock_s, remembered)
        history = History(slot_minutes=15)
        self._loop = HomeLoop(
            EnergyManager(run.home, DrawnOutlook(run, house), settings=Settings(horizon_slots=HORIZON)),
            history,
            LiveOutlook(history, DailyPrices(0.3, 0.1, (), "UTC"), timezone="UTC", slot_s=900),
            Timing(tick_s=TICK_S, plan_lead_s=120),
            trades=False,
            token=token,
            grid=self.limit,
        )
        self._off_s = clock_s - house.true_s
        self._image: SiteImage | None = None
        self._wake_s = clock_s

    def hear(self, clock_s: int, import_kw: float | None, export_kw: float | None) -> None:
        """Takes a signal; what changes is acted on at once."""
        self._follow(clock_s)
        before = self.limit.in_force(clock_s)
        self.limit.hear(GridSignal(heard_s=clock_s, import_kw=import_kw, export_kw=export_kw))
        if self.limit.in_force(clock_s) != before:
            self._wake_s = clock_s

    def live(self, clock_s: int) -> None:
        """Lets a second pass."""
        self._follow(clock_s)
        if clock_s >= self._wake_s:
            self._step(clock_s)
            self._wake_s = self._loop.next_wake_s(clock_s)

    def _follow(self, clock_s: int) -> None:
        off_s = clock_s - self._house.true_s
        if off_s != self._off_s:
            self.limit.clock_moved(off_s - self._off_s)
            self._wake_s += off_s - self._off_s
            self._off_s = off_s

    def _step(self, clock_s: int) -> None:
        self._keep_to_the_limit(clock_s)
        image = self._house.image(clock_s)
        if image is None:
            return
        self._image = image
        self._keep_to_the_limit(clock_s)
        self._give(self._loop.step(clock_s, image).leases)

    def _keep_to_the_limit(self, clock_s: int) -> None:
        if self._image is not None and self._loop.is_limited_anew(clock_s):
            self._give(self._loop.limited(clock_s, self._image))

    def _give(self, leases: Mapping[str, Lease]) -> None:
        house = self._house
        if house.run.trouble("devices", house.at_s) is not None:
            return
        for name, lease in leases.items():
            device = house.devices[name]
            device.tick(house.true_s)
            device.write_command(device_command(lease))
            house.written_s[name] = house.at_s
