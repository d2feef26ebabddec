"""What really happens in a home: load, devices and the site meter, step by step."""

from collections.abc import Mapping
from dataclasses import asdict

from hems.control.transactive_meter import Registers
from hems.dispatch.rules import comfort_at
from hems.metering.image import DeviceImage, SiteImage, Stay
from hems.site.home import ApplianceUnit, BatteryUnit, EvUnit, LightingUnit, PvUnit, Unit, ZoneUnit
from twin.physics import appliance, battery, ev, lighting, zone
from twin.world import TwinHome, World

UJ_PER_WH = 3_600_000_000
State = battery.BatteryState | ev.EvState | zone.ZoneState | lighting.LightingState | appliance.ApplianceState | None


class Plant:
    """One home in motion: `begin` a slot, `command` devices, `advance` time. Powers in kW, + into the device."""

    def __init__(self, world: World, twin: TwinHome) -> None:
        self.twin = twin
        self.unserved_kwh: dict[str, float] = {}
        self.discomfort = 0.0
        self.taken_kwh: dict[str, float] = {}
        self.given_kwh: dict[str, float] = {}
        self.runs: dict[str, list[tuple[int, int]]] = {}
        self._world = world
        self._index = world.run_from
        self._wanted_kw: dict[str, float] = {unit.id: 0.0 for unit in twin.home.units}
        self._power_kw: dict[str, float] = {unit.id: 0.0 for unit in twin.home.units}
        self._state: dict[str, State] = {unit.id: self._initial(unit) for unit in twin.home.units}
        self._started_s: dict[str, int] = {}
        self._import_uj = 0
        self._export_uj = 0
        self._used_kwh = 0.0

    def _initial(self, unit: Unit) -> State:
        match unit:
            case BatteryUnit():
                return battery.BatteryState(energy_kwh=self.twin.soc_initial[unit.id] * unit.capacity_kwh)
            case EvUnit():
                return ev.EvState()
            case ZoneUnit():
                return zone.ZoneState(temp_c=self.twin.temp_initial_c[unit.id])
            case LightingUnit():
                return lighting.LightingState()
            case ApplianceUnit():
                return appliance.ApplianceState()
            case PvUnit():
                return None

    def start_counting(self) -> None:
        """Sets every battery and zone to its initial state, as in every scheme, and forgets what went before."""
        for unit in self.twin.home.units:
            if isinstance(unit, BatteryUnit | ZoneUnit):
                self._state[unit.id] = self._initial(unit)
        self.discomfort, self.unserved_kwh = 0.0, {}
        self.taken_kwh, self.given_kwh, self.runs = {}, {}, {}

    def stored_kwh(self) -> float:
        """Charge of all batteries [kWh]."""
        return sum(state.energy_kwh for state in self._state.values() if isinstance(state, battery.BatteryState))

    def begin(self, index: int) -> None:
        """The slot at `index` starts: cars come and go, a new day loads appliances, the sun gives what it gives."""
        self._index, self._used_kwh = index, 0.0
        start_s = self._world.slot(index).start_s
        for unit in self.twin.home.units:
            state = self._state[unit.id]
            if isinstance(unit, PvUnit):
                self._wanted_kw[unit.id] = self._power_kw[unit.id] = -float(self.twin.pv_kw[index])
            elif isinstance(state, ev.EvState):
                self._meet(unit.id, state, start_s)
            elif isinstance(unit, ApplianceUnit) and isinstance(state, appliance.ApplianceState):
                self._load(unit, state, start_s)

    def _meet(self, unit: str, state: ev.EvState, now_s: int) -> None:
        sessions = [
            ev.Session(arrival_epoch_s=s.arrival_s, departure_epoch_s=s.departure_s, energy_kwh=s.energy_kwh)
            for s in self.twin.stays.get(unit, ())
        ]
        after = ev.at(state, now_s, sessions)
        if after is not state:
            self._note_unserved(unit, state)
            self._state[unit] = after
            self._wanted_kw[unit] = self._power_kw[unit] = 0.0

    def _note_unserved(self, unit: str, state: ev.EvState) -> None:
        counted_s = self._world.slot(self._world.count_from).start_s
        if state.session is not None and state.session.departure_epoch_s > counted_s and state.remaining_kwh > 1e-6:
            self.unserved_kwh[unit] = self.unserved_kwh.get(unit, 0.0) + state.remaining_kwh

    def _load(self, unit: ApplianceUnit, state: appliance.ApplianceState, now_s: int) -> None:
        started_s = self._started_s.get(unit.id)
        is_old = started_s is not None and self.twin.home.local_day(started_s) != self.twin.home.local_day(now_s)
        if is_old and appliance.finished(state, _appliance(unit)):
            self._state[unit.id] = appliance.ApplianceState()
            del self._started_s[unit.id]

    def signal(self, name: str, otherwise: float = 0.0) -> float:
        """A weather or presence signal in the running slot."""
        values = self.twin.signals.get(name)
        return otherwise if values is None else float(values[self._index])

    def image(self, at_s: int) -> SiteImage:
        """What meter and devices show now."""
        devices = {unit.id: self._device_image(unit) for unit in self.twin.home.units}
        return SiteImage(at_s=at_s, grid_w=self.net_kw() * 1000.0, devices=devices)

    def net_kw(self) -> float:
        """Net power of the home now [kW, + from the grid]."""
        return float(self.twin.load_kw[self._index]) + sum(self._power_kw.values())

    def _device_image(self, unit: Unit) -> DeviceImage:
        power_w, state = self._power_kw[unit.id] * 1000.0, self._state[unit.id]
        match unit, state:
            case PvUnit(), _:
                return DeviceImage(power_w=power_w, available_w=float(self.twin.pv_kw[self._index]) * 1000.0)
            case BatteryUnit(), battery.BatteryState():
                return DeviceImage(power_w=power_w, soc=state.energy_kwh / unit.capacity_kwh)
            case EvUnit(), ev.EvState():
                return DeviceImage(power_w=power_w, stay=_stay(state))
            case ZoneUnit(), zone.ZoneState():
                outdoor = self.signal(f"{unit.id}.outdoor_temp_c")
                return DeviceImage(power_w=power_w, temp_c=state.temp_c, outdoor_temp_c=outdoor)
            case LightingUnit(), _:
                daylight, required = self._lux(unit)
                return DeviceImage(power_w=power_w, daylight_lux=daylight, required_lux=required)
            case ApplianceUnit(), appliance.ApplianceState():
                ended = appliance.finished(state, _appliance(unit))
                since = None if ended else self._started_s.get(unit.id)
                return DeviceImage(power_w=power_w, running_since_s=since, done_today=ended)
        raise AssertionError(f"no physics for {unit!r}")

    def _lux(self, unit: LightingUnit) -> tuple[float, float]:
        return self.signal(f"{unit.id}.daylight_lux"), self.signal(f"{unit.id}.required_lux")

    def command(self, powers_kw: Mapping[str, float]) -> None:
        """Sets what devices shall do from now on [kW]; what is not named goes on as before."""
        self._wanted_kw |= {name: kw for name, kw in powers_kw.items() if name in self._wanted_kw}

    def advance(self, at_s: int, seconds: int) -> float:
        """Time passes from `at_s` on with every device doing what it physically can; returns net energy [kWh]."""
        hours = seconds / 3600.0
        for unit in self.twin.home.units:
            self._move(unit, at_s, hours)
        net_kw = self.net_kw()
        energy_uj = round(net_kw * 1e9) * seconds
        if energy_uj >= 0:
            self._import_uj += energy_uj
        else:
            self._export_uj -= energy_uj
        for unit_id, power_kw in self._power_kw.items():
            total = self.taken_kwh if power_kw > 0 else self.given_kwh
            total[unit_id] = total.get(unit_id, 0.0) + abs(power_kw) * hours
        used = sum(self._power_kw[u.id] for u in self.twin.home.units if not isinstance(u, BatteryUnit | PvUnit))
        self._used_kwh += (float(self.twin.load_kw[self._index]) + used) * hours
        return net_kw * hours

    def finish(self) -> float:
        """The whole slot passes at once; returns its net energy [kWh, + import]."""
        slot = self._world.slot(self._index)
        return self.advance(slot.start_s, slot.duration_s)

    def _move(self, unit: Unit, at_s: int, hours: float) -> None:
        wanted, state = self._wanted_kw[unit.id], self._state[unit.id]
        match unit, state:
            case PvUnit(), _:
                self._power_kw[unit.id] = -min(max(-wanted, 0.0), float(self.twin.pv_kw[self._index]))
                return
            case BatteryUnit(), battery.BatteryState():
                moved: tuple[State, float] = battery.step(state, wanted, hours, _battery(unit))
            case EvUnit(), ev.EvState():
                moved = ev.step(state, wanted, hours, ev.Charger(charge_kw_max=unit.charge_kw_max))
            case ZoneUnit(), zone.ZoneState():
                moved = self._heat(unit, state, wanted, at_s, hours)
            case LightingUnit(), lighting.LightingState():
                moved = self._light(unit, state, wanted, hours)
            case ApplianceUnit(), appliance.ApplianceState():
                moved = appliance.step(state, wanted, hours, _appliance(unit))
                if moved[0] is not state:
                    self._started_s.setdefault(unit.id, at_s)
                    self._note_run(unit, state, moved[0], at_s + round(hours * 3600))
            case _:
                raise AssertionError(f"no physics for {unit!r}")
        self._state[unit.id], self._power_kw[unit.id] = moved

    def _note_run(self, unit: ApplianceUnit, before: State, after: State, at_s: int) -> None:
        assert isinstance(before, appliance.ApplianceState) and isinstance(after, appliance.ApplianceState)
        if appliance.finished(after, _appliance(unit)) and not appliance.finished(before, _appliance(unit)):
            self.runs.setdefault(unit.id, []).append((self._started_s[unit.id], at_s))

    def _heat(
        self, unit: ZoneUnit, state: zone.ZoneState, wanted_kw: float, at_s: int, hours: float
    ) -> tuple[State, float]:
        after, power = zone.step(
            state,
            wanted_kw,
            hours,
            _zone(unit),
            outdoor_temp_c=self.signal(f"{unit.id}.outdoor_temp_c"),
            gain_kw=self.signal(f"{unit.id}.gain_kw", unit.gain_kw),
        )
        band = comfort_at(unit.comfort, self.twin.home.local_hour(at_s))
        if band is not None and unit.discomfort_per_k_hour is not None:
            outside_k = max(0.0, band.temp_min_c - after.temp_c) + max(0.0, after.temp_c - band.temp_max_c)
            self.discomfort += unit.discomfort_per_k_hour * outside_k * hours
        return after, power

    def _light(
        self, unit: LightingUnit, state: lighting.LightingState, wanted_kw: float, hours: float
    ) -> tuple[State, float]:
        lamps = lighting.Lighting(rated_kw=unit.rated_kw, lux_at_rated=unit.lux_at_rated)
        daylight, required = self._lux(unit)
        after, power = lighting.step(state, wanted_kw, hours, lamps, required_lux=required, daylight_lux=daylight)
        missing_kw = lighting.power_kw(lamps, required - daylight) - power
        self.discomfort += unit.discomfort_per_kwh * missing_kw * hours
        return after, power

    def missed_kwh(self) -> float:
        """What cars that have left, or leave at the end of the world, did not get in the counted slots [kWh]."""
        last_s = self._world.slot(self._world.end).start_s
        missed = sum(self.unserved_kwh.values())
        for state in self._state.values():
            if isinstance(state, ev.EvState) and state.session is not None:
                missed += state.remaining_kwh if state.session.departure_epoch_s <= last_s else 0.0
        return missed

    def used_kwh(self) -> float:
        """What load and devices other than batteries and generation consumed since the slot began [kWh]."""
        return self._used_kwh

    def registers(self, at_s: int) -> Registers:
        """The meter's cumulative registers [Wh]; fractions stay in the meter."""
        return Registers(at_s=at_s, import_wh=self._import_uj // UJ_PER_WH, export_wh=self._export_uj // UJ_PER_WH)


def _stay(state: ev.EvState) -> Stay | None:
    if state.session is None:
        return None
    needed_wh = round(state.remaining_kwh * 1000.0)
    return Stay(energy_needed_wh=needed_wh, departure_s=state.session.departure_epoch_s)


def _battery(unit: BatteryUnit) -> battery.Battery:
    static = {k: v for k, v in asdict(unit).items() if k not in ("id", "wear_per_kwh", "reserve_soc")}
    return battery.Battery(**static)


def _zone(unit: ZoneUnit) -> zone.Zone:
    return zone.Zone(
        mode="heat" if unit.mode == "heat" else "cool",
        electric_kw_max=unit.electric_kw_max,
        electric_kw_min=unit.electric_kw_min,
        cop=unit.cop,
        thermal_capacity_kwh_per_k=unit.thermal_capacity_kwh_per_k,
        thermal_resistance_k_per_kw=unit.thermal_resistance_k_per_kw,
    )


def _appliance(unit: ApplianceUnit) -> appliance.Appliance:
    return appliance.Appliance(profile_kw=unit.quarter_hour_kw, part_h=0.25)
