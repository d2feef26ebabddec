"""What stands behind the simulator's devices: a battery that fills and empties, panels that follow the day."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from meter_firmware_sim.device import SimulatedDevice

SOC_START = 0.5
EFFICIENCY = 0.95  # each way
J_PER_WH = 3600.0


class Physics(Protocol):
    """What a device does with the power that it is told."""

    def advance(self, device: SimulatedDevice, now_epoch_s: float, elapsed_s: float) -> float:
        """Lets time pass up to a moment and reports to the device; its power now [W, into the device positive]."""


class Follows:
    """A device without physics: it does exactly what it is told."""

    def advance(self, device: SimulatedDevice, now_epoch_s: float, elapsed_s: float) -> float:
        """The power that the device is told [W]."""
        power_w = float(device.commanded_power_w(now_epoch_s))
        device.report(power_w=power_w)
        return power_w


@dataclass(slots=True)
class Storage:
    """A battery: what it is told, until it is full or empty."""

    capacity_wh: float
    soc: float = SOC_START

    def advance(self, device: SimulatedDevice, now_epoch_s: float, elapsed_s: float) -> float:
        """The power that goes in [W], negative out; the charge moves by it, less the losses."""
        wanted_w = float(device.commanded_power_w(now_epoch_s))
        power_w = 0.0 if self._is_at_end(wanted_w) else wanted_w
        stored_w = power_w * EFFICIENCY if power_w > 0 else power_w / EFFICIENCY
        self.soc = min(1.0, max(0.0, self.soc + stored_w * elapsed_s / J_PER_WH / self.capacity_wh))
        device.report(power_w=power_w, soc=self.soc)
        return power_w

    def _is_at_end(self, wanted_w: float) -> bool:
        return (wanted_w > 0 and self.soc >= 1.0) or (wanted_w < 0 and self.soc <= 0.0)


@dataclass(frozen=True, slots=True)
class Panels:
    """Photovoltaics: what the sun gives, or less when the inverter is told so. `sun` is the share of the peak."""

    peak_w: float
    sun: Callable[[float], float]

    def advance(self, device: SimulatedDevice, now_epoch_s: float, elapsed_s: float) -> float:
        """The power that comes out, negative [W]."""
        available_w = self.peak_w * self.sun(now_epoch_s)
        told_w = device.commanded_power_w(now_epoch_s)
        is_told = device.state().command is not None
        power_w = -available_w if not is_told else max(float(told_w), -available_w)
        device.report(power_w=power_w, available_w=available_w)
        return power_w
