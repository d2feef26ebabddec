"""What the meter's front end measures from the true powers: sensor faults, gain error, V, I and P per phase."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from meter_firmware_sim.noise import jitter_ppm, with_error

PHASES = 3
FREQUENCY_MHZ = 50_000
FREQUENCY_SPREAD_MHZ = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEnd:
    """Sensor and supply: nominal voltage, supply impedance, gain error and sensor faults."""

    nominal_v: int = 230
    supply_milliohm: int = 200
    gain_ppm: int = 0
    swapped: bool = False
    offset_w: int = 0

    def measured_mw(self, phase_mw: Sequence[int]) -> list[int]:
        """Phase powers [mW] as the energy counter sees them; the offset is split over the phases."""
        share, rest = divmod(self.offset_w * 1000, PHASES)
        measured = [with_error(p, self.gain_ppm) + share for p in phase_mw]
        measured[0] += rest
        return [-p for p in measured] if self.swapped else measured


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseValues:
    """Displayed values of one phase: mV, mA, mW and mvar."""

    voltage_mv: int
    current_ma: int
    power_mw: int
    reactive_mvar: int

    @property
    def apparent_mva(self) -> int:
        """Apparent power [mVA]."""
        return round(hypot(self.power_mw, self.reactive_mvar))


def displayed(
    front: FrontEnd, phase_mw: Sequence[int], phase_mvar: Sequence[int], *, seed: int, second: int, ppm: int
) -> list[PhaseValues]:
    """Displayed values of the three phases in this second, jitter of the accuracy class included."""
    error = jitter_ppm(seed, second, ppm)
    values: list[PhaseValues] = []
    for power_mw, reactive_mvar in zip(phase_mw, phase_mvar, strict=True):
        shown_mw, shown_mvar = with_error(power_mw, error), with_error(reactive_mvar, error)
        drop_mv = power_mw // front.nominal_v * front.supply_milliohm // 1000
        voltage_mv = max(1, front.nominal_v * 1000 - drop_mv)
        current_ma = round(hypot(shown_mw, shown_mvar) * 1000 / voltage_mv)
        values.append(
            PhaseValues(
                voltage_mv=voltage_mv,
                current_ma=current_ma,
                power_mw=shown_mw,
                reactive_mvar=shown_mvar,
            )
        )
    return values


def frequency_mhz(seed: int, second: int) -> int:
    """Displayed mains frequency [mHz] in this second."""
    return FREQUENCY_MHZ + jitter_ppm(seed + 1, second, 2 * FREQUENCY_SPREAD_MHZ)
