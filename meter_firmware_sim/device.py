"""A simulated device: what it measures, the lease it was given, and what it applies now.

The lease rules live here, in the device, because they have to hold when nothing else does.
"""

from dataclasses import dataclass, replace

from meter_firmware_sim.image import common_words, device_title
from wire.registers import DeviceCommand, DeviceFlags, DeviceKind, DeviceState, build_chain, encode_state
from wire.registers.device import DEVICE_MODELS
from wire.registers.points import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameplate:
    """Limits of a device [W, Wh]: it runs at 0, or between `power_min_w` and its largest power."""

    power_in_max_w: int
    power_out_max_w: int = 0
    power_min_w: int = 0
    capacity_wh: int | None = None
    serial: str = "DEV00000001"

    def allows(self, power_w: int) -> bool:
        """Whether the device can run at this power, into the device positive."""
        if not -self.power_out_max_w <= power_w <= self.power_in_max_w:
            return False
        return power_w == 0 or abs(power_w) >= self.power_min_w


NAMEPLATES = {
    DeviceKind.BATTERY: Nameplate(power_in_max_w=5000, power_out_max_w=5000, capacity_wh=10_000),
    DeviceKind.EV_CHARGER: Nameplate(power_in_max_w=11_000, power_min_w=1380, capacity_wh=60_000),
    DeviceKind.HEAT_PUMP: Nameplate(power_in_max_w=4000),
    DeviceKind.LIGHTING: Nameplate(power_in_max_w=800),
    DeviceKind.RELAY: Nameplate(power_in_max_w=2300),
    DeviceKind.PV: Nameplate(power_in_max_w=0, power_out_max_w=10_000),
}


class SimulatedDevice:
    """One device with the register map of its kind.

    `clock_offset_s` makes its own clock wrong; `default_power_w` is applied before any command.
    Its owner applies `commanded_power_w` to the physics and tells with `report` what came of it.
    """

    def __init__(
        self,
        kind: DeviceKind,
        nameplate: Nameplate | None = None,
        *,
        clock_offset_s: int = 0,
        default_power_w: int = 0,
    ) -> None:
        """Device that was never commanded. Raises ValueError for a default power outside the nameplate."""
        self.kind = kind
        self.nameplate = NAMEPLATES[kind] if nameplate is None else nameplate
        if not self.nameplate.allows(default_power_w):
            raise ValueError(f"default_power_w {default_power_w} is outside the nameplate of the {kind}")
        self.clock_offset_s = clock_offset_s
        self.default_power_w = default_power_w
        self._now_s = 0.0
        self._written_s = 0.0
        self._lease_open = False
        self._state = DeviceState(
            kind=kind,
            power_w=0,
            applied_w=default_power_w,
            clock_epoch_s=0,
            flags=DeviceFlags.NONE,
            power_in_max_w=self.nameplate.power_in_max_w,
            power_out_max_w=self.nameplate.power_out_max_w,
            power_min_w=self.nameplate.power_min_w,
            capacity_wh=self.nameplate.capacity_wh,
            lease_ends=0,
            refused_writes=0,
        )

    @property
    def model(self) -> Model:
        """Register table of this kind."""
        return DEVICE_MODELS[self.kind]

    def tick(self, now_epoch_s: float) -> None:
        """Let the device's time pass to `now_epoch_s` (true time) and end a lease that ran out."""
        self._now_s = max(self._now_s, now_epoch_s)
        command = self._state.command
        if command is None or not self._lease_open or self._lease_holds(command):
            return
        self._lease_open = False
        self._state = replace(self._state, lease_ends=_count(self._state.lease_ends))

    def commanded_power_w(self, now_epoch_s: float) -> int:
        """Power [W] the device applies at this true time: setpoint in the lease, reversion after it."""
        self.tick(now_epoch_s)
        command = self._state.command
        if command is None:
            return self.default_power_w
        return command.setpoint_w if self._lease_open else command.reversion_w

    def report(
        self,
        *,
        power_w: float | None = None,
        soc: float | None = None,
        plugged: bool | None = None,
        temp_c: float | None = None,
        lux: float | None = None,
        on: bool | None = None,
        available_w: float | None = None,
        outdoor_temp_c: float | None = None,
        daylight_lux: float | None = None,
        required_lux: float | None = None,
        done_today: bool | None = None,
    ) -> None:
        """Set what the device measures; None leaves a value as it is."""
        given = {
            "power_w": None if power_w is None else round(power_w),
            "soc": soc,
            "plugged": plugged,
            "temp_c": temp_c,
            "illuminance_lux": None if lux is None else round(lux),
            "on": on,
            "available_w": None if available_w is None else round(available_w),
            "outdoor_temp_c": outdoor_temp_c,
            "daylight_lux": None if daylight_lux is None else round(daylight_lux),
            "required_lux": None if required_lux is None else round(required_lux),
            "done_today": done_today,
        }
        self._state = replace(self._state, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]

    def report_car(self, energy_needed_wh: int | None, departure_epoch_s: int | None) -> None:
        """Set what the plugged-in car needs and when it leaves; None for both when none is there."""
        self._state = replace(
            self._state,
            plugged=departure_epoch_s is not None,
            energy_needed_wh=energy_needed_wh,
            departure_epoch_s=departure_epoch_s,
        )

    def report_programme(self, running_since_epoch_s: int | None) -> None:
        """Set when the running programme started, None when none is running."""
        self._state = replace(
            self._state, on=running_since_epoch_s is not None, running_since_epoch_s=running_since_epoch_s
        )

    def set_fault(self, faulty: bool) -> None:
        """Raise or clear the device's fault flag."""
        flags = self._state.flags | DeviceFlags.FAULT if faulty else self._state.flags & ~DeviceFlags.FAULT
        self._state = replace(self._state, flags=flags)

    def write_command(self, command: DeviceCommand) -> bool:
        """True when the command was taken; False (and counted) when it is refused, changing nothing else."""
        newest = self._state.command
        stale = newest is not None and command.token < newest.token
        impossible = not (self.nameplate.allows(command.setpoint_w) and self.nameplate.allows(command.reversion_w))
        if stale or impossible or command.reversion_s == 0:
            self._state = replace(self._state, refused_writes=_count(self._state.refused_writes))
            return False
        self._state = replace(self._state, command=command)
        self._written_s, self._lease_open = self._now_s, True
        self.tick(self._now_s)
        return True

    def state(self) -> DeviceState:
        """State as shown in the registers at the device's present time."""
        applied_w = self.commanded_power_w(self._now_s)
        flags = self._state.flags & DeviceFlags.FAULT
        if self._state.command is not None:
            flags |= DeviceFlags.LEASE_ACTIVE if self._lease_open else DeviceFlags.REVERTED
        return replace(self._state, applied_w=applied_w, clock_epoch_s=self._clock_s(), flags=flags)

    def registers(self) -> list[int]:
        """Words of the whole register map, first word at register 40000."""
        common = common_words(device_title(self.kind), self.nameplate.serial)
        return build_chain([common, encode_state(self.state())])

    def _clock_s(self) -> int:
        return max(0, int(self._now_s) + self.clock_offset_s)

    def _lease_holds(self, command: DeviceCommand) -> bool:
        in_time = self._now_s - self._written_s < command.reversion_s
        return in_time and self._clock_s() < command.valid_until_epoch_s


def _count(counter: int | None) -> int:
    return ((counter or 0) + 1) % 0xFFFF
