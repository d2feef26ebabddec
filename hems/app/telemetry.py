"""What the energy manager keeps for telemetry beside its tables: devices, plans, forecasts, errors, health."""

from pathlib import Path

from hems.control.energy_manager import EnergyManager
from hems.control.home_loop import Actions
from hems.control.live_outlook import LiveOutlook
from hems.control.market_view import MarketView
from hems.control.telemetry.devices import device_points
from hems.control.telemetry.hindsight import Hindsight
from hems.control.telemetry.plans import forecast_points, plan_points, price_points
from hems.io.telemetry_sources import EMS_BUFFER
from hems.metering.image import SiteImage
from hems.site.config import HomeConfig
from telemetry.point_buffer import PointBuffer
from telemetry.vitals import Vitals
from wire.slots import slot_at
from wire.telemetry import Field, Value, point
from wire.telemetry.house import Managing


class EmsTelemetry:
    """The points of one energy manager; nothing here can stop it."""

    def __init__(self, config: HomeConfig, state_dir: Path) -> None:
        self._site = config.site
        self._kinds = {device.id: device.kind for device in config.device}
        self._minutes = config.home.slot_minutes
        self._buffer = PointBuffer(state_dir / EMS_BUFFER)
        self._hindsight = Hindsight(config.site)
        self._planned_s: int | None = None
        self._step_s = self._late_s = 0.0
        self._silent = self._leases = 0
        self.vitals = Vitals(config.site, "ems")

    def seen(self, image: SiteImage, actions: Actions) -> None:
        """Takes what a step saw and does."""
        now_s = image.at_s
        self._silent, self._leases = len(self._kinds) - len(image.devices), len(actions.leases)
        self._buffer.add(device_points(self._site, self._kinds, image, actions.leases), now_s)
        self._buffer.add(self._hindsight.seen(slot_at(now_s, self._minutes), image), now_s)
        if actions.slot_means is not None:
            self._buffer.add(self._hindsight.ended(actions.slot_means), now_s)

    def planned(self, now_s: int, manager: EnergyManager, outlook: LiveOutlook, view: MarketView) -> None:
        """Takes a plan that was made, and what it was made from."""
        plan, slot, expected = manager.plan, manager.planned_slot, manager.outlook
        if plan is None or slot is None or expected is None:
            return
        self._planned_s = now_s
        self._buffer.add(plan_points(self._site, now_s, slot, plan, self._kinds), now_s)
        self._buffer.add(price_points(self._site, slot, expected, view.path), now_s)
        self._hindsight.planned(slot, plan)
        for quantity, forecast in outlook.newest.items():
            self._buffer.add(forecast_points(self._site, quantity, forecast), now_s)
            self._hindsight.expected(quantity, forecast)

    def stepped(self, step_s: float, late_s: float) -> None:
        """Takes how long a step took and how late it began [s]."""
        self._step_s, self._late_s = max(self._step_s, step_s), max(self._late_s, late_s)

    def minute(self, now_s: int, others: dict[Field, Value | None]) -> bool:
        """Writes once a minute how the process fares; true when it did.

        `others` are fields of `managing` that only the caller knows.
        """
        if not self.vitals.is_due(now_s):
            return False
        fares = point(
            Managing,
            now_s,
            {Managing.site: self._site},
            {
                Managing.devices: len(self._kinds),
                Managing.silent_devices: self._silent,
                Managing.leases: self._leases,
                Managing.step_s: self._step_s,
                Managing.late_s: self._late_s,
                Managing.plan_age_s: None if self._planned_s is None else float(now_s - self._planned_s),
                **others,
            },
        )
        self._step_s = self._late_s = 0.0
        self._buffer.add([fares, self.vitals.process(now_s)], now_s)
        return True

    def close(self) -> None:
        """Writes what is held."""
        self.vitals.close()
        self._buffer.close()
