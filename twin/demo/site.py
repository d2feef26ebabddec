"""One home of the demo: its physics behind an emulated meter and emulated devices on Modbus TCP."""

from collections.abc import Mapping

from hems.site.home import (
    ApplianceUnit,
    BatteryUnit,
    EvUnit,
    LightingUnit,
    PvUnit,
    Unit,
    ZoneUnit,
)
from meter_firmware_sim.device import Nameplate, SimulatedDevice
from meter_firmware_sim.meter import Meter, MeterConfig
from meter_firmware_sim.server import HomeServer
from twin.plant import Plant
from twin.world import TwinHome, World
from wire.registers import DeviceKind

FIRST_DEVICE_ID = 2
STEP_S = 60
PV_PEAK_KW = 20.0


class DemoSite:
    """Physics, meter and devices of one home. `advance_to` lets virtual time pass under the leases in force."""

    def __init__(self, world: World, twin: TwinHome) -> None:
        self.twin = twin
        self.plant = Plant(world, twin)
        self._world = world
        self._index = world.run_from
        self._now_s = world.slot(world.run_from).start_s
        self.meter = Meter(MeterConfig(serial=twin.name[:16], slot_s=world.first.duration_s), self._now_s)
        self.devices = {unit.id: SimulatedDevice(_kind(unit), _nameplate(unit)) for unit in twin.home.units}
        ids = {number: self.devices[name] for name, number in device_ids(twin).items()}
        self.server = HomeServer(self.meter, ids)
        self.net_kwh: list[float] = []
        self.used_kwh = 0.0
        self.soc: list[float] = []
        self._begin(self._index)

    def advance_to(self, now_s: int) -> None:
        """Integrates up to a moment in steps of at most a minute; at slot starts the new slot's load applies."""
        while self._now_s < now_s:
            slot_end_s = self._world.slot(self._index).end_s
            step_end_s = min(now_s, slot_end_s, self._now_s + STEP_S)
            self._move(step_end_s)
            if step_end_s == slot_end_s:
                self.soc.append(self._charge())
                if self._index + 1 < self._world.end:
                    self._begin(self._index + 1)
        self._report()

    def _begin(self, index: int) -> None:
        self.used_kwh += self.plant.used_kwh()
        self._index = index
        self.plant.begin(index)
        self.net_kwh.append(0.0)
        self._report()

    def _move(self, to_s: int) -> None:
        """Every device applies what it was last told, or its reversion when its lease has ended."""
        commanded = {name: d.commanded_power_w(self._now_s) / 1000.0 for name, d in self.devices.items()}
        self.plant.command({name: kw for name, kw in commanded.items() if self._is_commanded(name)})
        net_kwh = self.plant.advance(self._now_s, to_s - self._now_s)
        self.net_kwh[-1] += net_kwh
        power_w = net_kwh * 3.6e6 / (to_s - self._now_s)
        self.meter.advance(to_s, (power_w / 3.0,) * 3)
        self._now_s = to_s

    def _charge(self) -> float:
        """State of charge of the first battery, 0 without one."""
        charges = [d.soc for d in self.plant.image(self._now_s).devices.values() if d.soc is not None]
        return charges[0] if charges else 0.0

    def _is_commanded(self, name: str) -> bool:
        """An inverter that was never told anything gives what the sun gives."""
        return self.devices[name].kind is not DeviceKind.PV or self.devices[name].state().command is not None

    def _report(self) -> None:
        """Registers show the present: powers, states and the power of the running slot's load."""
        image = self.plant.image(self._now_s)
        self.meter.advance(self._now_s, (image.grid_w / 3.0,) * 3)
        for name, seen in image.devices.items():
            device = self.devices[name]
            device.tick(self._now_s)
            device.report(
                power_w=seen.power_w,
                soc=None if seen.soc is None else min(seen.soc, 1.0),
                temp_c=seen.temp_c,
                available_w=seen.available_w,
                outdoor_temp_c=seen.outdoor_temp_c,
                daylight_lux=seen.daylight_lux,
                required_lux=seen.required_lux,
                done_today=seen.done_today,
            )
            if device.kind is DeviceKind.EV_CHARGER:
                stay = seen.stay
                device.report_car(
                    None if stay is None else stay.energy_needed_wh, None if stay is None else stay.departure_s
                )
            if device.kind is DeviceKind.RELAY:
                device.report_programme(seen.running_since_s)


def device_ids(twin: TwinHome) -> Mapping[str, int]:
    """The Modbus device id of every unit."""
    return {unit.id: FIRST_DEVICE_ID + i for i, unit in enumerate(twin.home.units)}


def _kind(unit: Unit) -> DeviceKind:
    match unit:
        case PvUnit():
            return DeviceKind.PV
        case BatteryUnit():
            return DeviceKind.BATTERY
        case EvUnit():
            return DeviceKind.EV_CHARGER
        case ZoneUnit():
            return DeviceKind.HEAT_PUMP
        case LightingUnit():
            return DeviceKind.LIGHTING
        case ApplianceUnit():
            return DeviceKind.RELAY


def _nameplate(unit: Unit) -> Nameplate:
    match unit:
        case PvUnit():
            return Nameplate(power_in_max_w=0, power_out_max_w=round(PV_PEAK_KW * 1000))
        case BatteryUnit():
            return Nameplate(
                power_in_max_w=round(unit.charge_kw_max * 1000),
                power_out_max_w=round(unit.discharge_kw_max * 1000),
                capacity_wh=round(unit.capacity_kwh * 1000),
            )
        case EvUnit():
            return Nameplate(power_in_max_w=round(unit.charge_kw_max * 1000))
        case ZoneUnit():
            return Nameplate(power_in_max_w=round(unit.electric_kw_max * 1000))
        case LightingUnit():
            return Nameplate(power_in_max_w=round(unit.rated_kw * 1000))
        case ApplianceUnit():
            return Nameplate(power_in_max_w=round(max(unit.quarter_hour_kw) * 1000) + 1)
