"""A house whose connection is limited, second by second: emulated devices, a network operator, and drawn troubles.

Troubles: the energy manager is killed and comes back, its clock is wrong, devices cannot be reached, the operator's
signal is lost. The emulated devices keep their leases by their own clocks, some of which are wrong, too.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hems.io.device_image import device_image
from hems.metering.image import SiteImage
from hems.site.home import BatteryUnit, ComfortPeriod, EvUnit, Home, PvUnit, Unit, ZoneUnit
from meter_firmware_sim.device import Nameplate, SimulatedDevice
from wire.registers import DeviceKind

START_S = 1_800_000_000
RUN_S, BEAT_S = 2_700, 30
UNITS: tuple[Unit, ...] = (
    BatteryUnit(id="battery", capacity_kwh=6.0, charge_kw_max=5.0, discharge_kw_max=5.0, soc_min=0.1),
    EvUnit(id="car", charge_kw_max=11.0, charge_kw_min=1.4, capacity_kwh=60.0),
    ZoneUnit(
        id="heat",
        mode="heat",
        electric_kw_max=4.0,
        cop=3.0,
        thermal_capacity_kwh_per_k=4.0,
        thermal_resistance_k_per_kw=5.0,
        comfort=(ComfortPeriod(from_hour=0, to_hour=24, temp_min_c=20.0, temp_max_c=23.0),),
    ),
    PvUnit(id="roof"),
)
PLATES = {
    "battery": (DeviceKind.BATTERY, Nameplate(power_in_max_w=5000, power_out_max_w=5000, capacity_wh=6000)),
    "car": (DeviceKind.EV_CHARGER, Nameplate(power_in_max_w=11_000, power_min_w=1380, capacity_wh=60_000)),
    "heat": (DeviceKind.HEAT_PUMP, Nameplate(power_in_max_w=4000)),
    "roof": (DeviceKind.PV, Nameplate(power_in_max_w=0, power_out_max_w=9000)),
}
What = Literal["manager", "clock", "devices", "signal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the operator allows from a second of the run on [kW]; None: everything."""

    from_s: int
    import_kw: float | None
    export_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong in some seconds of the run; `off_s` is how wrong a clock is."""

    what: What
    from_s: int
    until_s: int
    off_s: int = 0

    def holds(self, at_s: int) -> bool:
        """Whether it is so at a second of the run."""
        return self.from_s <= at_s < self.until_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that is drawn for one run; loads and sun [kW] begin at their seconds."""

    home: Home
    told: tuple[Told, ...]
    loads: tuple[tuple[int, float], ...]
    suns: tuple[tuple[int, float], ...]
    retail: tuple[float, ...]
    feed_in: tuple[float, ...]
    troubles: tuple[Trouble, ...]
    device_clocks_s: Mapping[str, int]
    soc: float

    def trouble(self, what: What, at_s: int) -> Trouble | None:
        """The trouble of a kind at a second of the run."""
        return next((t for t in self.troubles if t.what == what and t.holds(at_s)), None)

    def allowed(self, at_s: int) -> Told:
        """What the operator allows at a second of the run."""
        return [told for told in self.told if told.from_s <= at_s][-1]


def drawn_run(seed: int) -> Run:
    """The run of a seed."""
    rng = random.Random(f"limits/{seed}")
    units = tuple(unit for unit in UNITS if rng.random() < 0.8) or UNITS
    troubles = [_trouble(rng) for _ in range(rng.randint(0, 4))]
    wrong_clocks_s = (0,) if seed % 2 else (0, 0, 3600, -3600)  # with right ones a limit has ten seconds, not a step
    return Run(
        home=Home(meter="home-1", units=units, export_limit_kw=rng.choice((17.0, 6.0)), import_limit_kw=17.0),
        told=tuple(_told(rng)),
        loads=_steps(rng, 0.2, 4.0),
        suns=_steps(rng, 0.0, 8.5),
        retail=tuple(rng.choice((0.05, 0.3, 0.6)) for _ in range(64)),
        feed_in=tuple(rng.choice((-0.1, 0.02, 0.04)) for _ in range(64)),
        troubles=tuple(troubles),
        device_clocks_s={unit.id: rng.choice(wrong_clocks_s) for unit in units},
        soc=rng.uniform(0.1, 1.0),
    )


def _told(rng: random.Random) -> list[Told]:
    found, at_s = [], 0
    while at_s < RUN_S:
        limits = {key: rng.choice((None, 0.0, 1.0, 4.2, 8.0)) for key in ("import_kw", "export_kw")}
        found.append(Told(from_s=at_s, **limits))
        at_s += rng.randint(60, 900)
    return found


def _steps(rng: random.Random, low: float, high: float) -> tuple[tuple[int, float], ...]:
    changes = sorted({0, *(rng.randrange(RUN_S) for _ in range(rng.randint(0, 6)))})
    return tuple((at_s, rng.uniform(low, high)) for at_s in changes)


def _trouble(rng: random.Random) -> Trouble:
    what: What = rng.choice(("manager", "clock", "devices", "signal"))
    from_s = rng.randrange(RUN_S)
    lasts_s = rng.choice((1, 20, 90, 300, 800))
    return Trouble(what=what, from_s=from_s, until_s=from_s + lasts_s, off_s=rng.choice((-7200, -600, 600, 9000)))


class LimitedHouse:
    """The devices and their physics; `at_s` is the second of the run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.at_s = 0
        self.devices = {
            unit.id: SimulatedDevice(*PLATES[unit.id], clock_offset_s=run.device_clocks_s[unit.id])
            for unit in run.home.units
        }
        self.soc, self.car_wh = run.soc, 12_000.0
        self.written_s = dict.fromkeys(self.devices, -(10**6))
        self.powers_w: dict[str, float] = {}
        self.apply()

    @property
    def true_s(self) -> int:
        """The time that is right [s since 1970]."""
        return START_S + self.at_s

    @property
    def load_w(self) -> float:
        """What the house draws beside its devices [W]."""
        return 1000.0 * _now(self.run.loads, self.at_s)

    @property
    def sun_w(self) -> float:
        """What the roof could give [W]."""
        return 1000.0 * _now(self.run.suns, self.at_s)

    @property
    def net_w(self) -> float:
        """What the connection carries [W, + from the grid]."""
        return self.load_w + sum(self.powers_w.values())

    def move(self, at_s: int) -> None:
        """Lets time pass to a second of the run: what devices did until then stays in battery and car."""
        passed_h, self.at_s = (at_s - self.at_s) / 3600.0, at_s
        self.soc = min(1.0, max(0.0, self.soc + self.powers_w.get("battery", 0.0) * passed_h / 6000.0))
        self.car_wh = max(0.0, self.car_wh - self.powers_w.get("car", 0.0) * passed_h)
        self.apply()

    def apply(self) -> None:
        """Devices do what they are told, as far as they can, and show it."""
        for name, device in self.devices.items():
            told_w = float(device.commanded_power_w(self.true_s))
            power_w = self._possible_w(name, told_w, is_told=device.state().command is not None)
            self.powers_w[name] = power_w
            self._report(name, device, power_w)

    def _possible_w(self, name: str, told_w: float, *, is_told: bool) -> float:
        if name == "roof":
            return max(told_w, -self.sun_w) if is_told else -self.sun_w
        if name == "battery" and ((told_w > 0 and self.soc >= 1.0) or (told_w < 0 and self.soc <= 0.0)):
            return 0.0
        if name == "car" and self.car_wh <= 0.0:
            return 0.0
        return told_w

    def _report(self, name: str, device: SimulatedDevice, power_w: float) -> None:
        device.report(power_w=power_w)
        match name:
            case "battery":
                device.report(soc=self.soc)
            case "car":
                device.report_car(round(self.car_wh), START_S + 3 * 3600)
            case "heat":
                device.report(temp_c=20.3, outdoor_temp_c=2.0)
            case "roof":
                device.report(available_w=self.sun_w)

    def image(self, clock_s: int) -> SiteImage | None:
        """What is measured, with the time of a clock; None while nothing can be reached."""
        if self.run.trouble("devices", self.at_s) is not None:
            return None
        seen = {name: device_image(device.state()) for name, device in self.devices.items()}
        return SiteImage(at_s=clock_s, grid_w=float(round(self.net_w)), devices=seen)

    @property
    def told_in_vain(self) -> tuple[int, ...]:
        """What devices were told that end every lease at once, by clocks that are wrong."""
        commands = [d.state().command for d in self.devices.values() if d.clock_offset_s]
        return tuple(0 if command is None else command.setpoint_w for command in commands)

    @property
    def is_bound(self) -> bool:
        """Whether a device cannot do what it was told: full, empty, or without sun."""
        return any(abs(self.powers_w[n] - d.commanded_power_w(self.true_s)) > 1 for n, d in self.devices.items())


def _now(steps: tuple[tuple[int, float], ...], at_s: int) -> float:
    return [value for from_s, value in steps if from_s <= at_s][-1]
