"""What really happens in a home: load, devices and the site meter, slot by slot."""

from collections.abc import Mapping
from dataclasses import dataclass

from hems.control.transactive_meter import Registers
from hems.metering.image import DeviceImage, SiteImage, Stay
from hems.site.home import BatteryUnit, EvUnit, PvUnit, Unit
from twin.world import CarStay, TwinHome, World

WMS_PER_WH = 3_600_000  # milliwatt-seconds in a Wh, times 1000


@dataclass(slots=True)
class _Car:
    stay: CarStay
    missing_kwh: float


class Plant:
    """One home in motion. `begin` applies a slot's load and weather, `command` sets devices, `finish` integrates."""

    def __init__(self, world: World, twin: TwinHome) -> None:
        self.twin = twin
        self._world = world
        self._index = world.run_from
        self._stored = {u.id: twin.soc_initial[u.id] * u.capacity_kwh for u in self._units(BatteryUnit)}
        self._cars: dict[str, _Car | None] = {u.id: None for u in self._units(EvUnit)}
        self._power_kw: dict[str, float] = {unit.id: 0.0 for unit in twin.home.units}
        self._import_mws = 0
        self._export_mws = 0
        self.unserved_kwh: dict[str, float] = {}

    def _units(self, kind: type) -> list:  # type: ignore[type-arg]
        return [unit for unit in self.twin.home.units if isinstance(unit, kind)]

    def reset_storage(self) -> None:
        """Sets every battery to its initial charge."""
        self._stored = {u.id: self.twin.soc_initial[u.id] * u.capacity_kwh for u in self._units(BatteryUnit)}

    def stored_kwh(self) -> float:
        """Charge of all batteries [kWh]."""
        return float(sum(self._stored.values()))

    def begin(self, index: int) -> None:
        """The slot at `index` starts: cars come and go, generation runs at what is available."""
        self._index = index
        start_s = self._world.slot(index).start_s
        for unit in self._units(EvUnit):
            self._meet(unit.id, start_s)
        for unit in self._units(PvUnit):
            self._power_kw[unit.id] = -float(self.twin.pv_kw[index])

    def _meet(self, unit: str, now_s: int) -> None:
        car = self._cars[unit]
        if car is not None and car.stay.departure_s <= now_s:
            if car.missing_kwh > 1e-6:
                self.unserved_kwh[unit] = self.unserved_kwh.get(unit, 0.0) + car.missing_kwh
            self._cars[unit] = None
        if self._cars[unit] is None:
            self._power_kw[unit] = 0.0
            for stay in self.twin.stays.get(unit, ()):
                if stay.arrival_s <= now_s < stay.departure_s:
                    self._cars[unit] = _Car(stay, stay.energy_kwh)

    def image(self, at_s: int) -> SiteImage:
        """What meter and devices show now."""
        devices = {unit.id: self._device_image(unit) for unit in self.twin.home.units}
        grid_kw = float(self.twin.load_kw[self._index]) + sum(self._power_kw.values())
        return SiteImage(at_s=at_s, grid_w=grid_kw * 1000.0, devices=devices)

    def _device_image(self, unit: Unit) -> DeviceImage:
        power_w = self._power_kw[unit.id] * 1000.0
        match unit:
            case PvUnit():
                return DeviceImage(power_w=power_w, available_w=float(self.twin.pv_kw[self._index]) * 1000.0)
            case BatteryUnit():
                return DeviceImage(power_w=power_w, soc=self._stored[unit.id] / unit.capacity_kwh)
            case EvUnit():
                car = self._cars[unit.id]
                stay = None
                if car is not None:
                    stay = Stay(energy_needed_wh=round(car.missing_kwh * 1000.0), departure_s=car.stay.departure_s)
                return DeviceImage(power_w=power_w, stay=stay)
        raise AssertionError(f"no physics for {unit!r}")

    def command(self, powers_kw: Mapping[str, float]) -> None:
        """Sets device powers [kW, + into the device]; each does what it physically can during the slot."""
        hours = self.twin.home.slot_h
        for unit in self.twin.home.units:
            wanted_kw = powers_kw.get(unit.id, self._power_kw[unit.id])
            self._power_kw[unit.id] = self._possible_kw(unit, wanted_kw, hours)

    def _possible_kw(self, unit: Unit, wanted_kw: float, hours: float) -> float:
        match unit:
            case PvUnit():
                return -min(max(-wanted_kw, 0.0), float(self.twin.pv_kw[self._index]))
            case BatteryUnit():
                room = (unit.soc_max * unit.capacity_kwh - self._stored[unit.id]) / unit.charge_efficiency / hours
                stored = (
                    (self._stored[unit.id] - unit.soc_min * unit.capacity_kwh) * unit.discharge_efficiency / hours
                )
                most, least = min(unit.charge_kw_max, max(room, 0.0)), -min(unit.discharge_kw_max, max(stored, 0.0))
                return float(min(max(wanted_kw, least), most))
            case EvUnit():
                car = self._cars[unit.id]
                return 0.0 if car is None else min(max(wanted_kw, 0.0), unit.charge_kw_max, car.missing_kwh / hours)
        raise AssertionError(f"no physics for {unit!r}")

    def finish(self) -> float:
        """The slot ends: stores, cars and registers move on; returns the net energy [kWh, + import]."""
        hours, seconds = self.twin.home.slot_h, self.twin.home.slot_s
        for unit in self.twin.home.units:
            power = self._power_kw[unit.id]
            if isinstance(unit, BatteryUnit):
                factor = unit.charge_efficiency if power > 0 else 1.0 / unit.discharge_efficiency
                self._stored[unit.id] += power * hours * factor
            elif isinstance(unit, EvUnit) and (car := self._cars[unit.id]) is not None:
                car.missing_kwh = max(0.0, car.missing_kwh - power * hours)
        net_kw = float(self.twin.load_kw[self._index]) + sum(self._power_kw.values())
        energy_mws = round(net_kw * 1e6) * seconds
        if energy_mws >= 0:
            self._import_mws += energy_mws
        else:
            self._export_mws -= energy_mws
        return net_kw * hours

    def used_kwh(self) -> float:
        """What load and devices other than batteries and generation consumed in the finished slot [kWh]."""
        used = sum(self._power_kw[u.id] for u in self.twin.home.units if not isinstance(u, BatteryUnit | PvUnit))
        return (float(self.twin.load_kw[self._index]) + used) * self.twin.home.slot_h

    def registers(self, at_s: int) -> Registers:
        """The meter's cumulative registers [Wh]; fractions stay in the meter."""
        return Registers(
            at_s=at_s, import_wh=self._import_mws // WMS_PER_WH, export_wh=self._export_mws // WMS_PER_WH
        )
