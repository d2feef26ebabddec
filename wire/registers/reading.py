"""The reading of a site meter, as every part of the product understands it."""

from dataclasses import dataclass
from enum import StrEnum

from wire.registers.transactive import MeterFlags

Phases = tuple[float | None, float | None, float | None]
NO_PHASES: Phases = (None, None, None)


class EnergySource(StrEnum):
    """The registers that energies were taken from. A meter never changes it while it is installed."""

    TRANSACTIVE = "transactive_block"
    SUNSPEC_INT = "sunspec_203"
    SUNSPEC_FLOAT = "sunspec_213"
    MQTT = "mqtt"
    P1 = "p1"
    REGISTER_MAP = "register_map"


class ReadingQuality(StrEnum):
    """What a reading may be used for. `estimated`: energies are integrated from power, a second best."""

    GOOD = "good"
    ESTIMATED = "estimated"
    SUSPECT = "suspect"
    DISPLAY_ONLY = "display_only"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One instant of a meter; None in a field means that the meter did not tell.

    Power [W] from the grid is positive. Energies [Wh] are cumulative registers that never decrease
    but roll over to 0 at `modulus_wh` (None: unknown, a decrease cannot be explained).
    `at_epoch_s` is when the reader took it, `meter_clock_epoch_s` what the meter's clock said.
    """

    at_epoch_s: int
    power_w: int | None
    import_wh: int | None
    export_wh: int | None
    voltage_v: Phases = NO_PHASES
    current_a: Phases = NO_PHASES
    frequency_hz: float | None = None
    flags: MeterFlags = MeterFlags.NONE
    quality: ReadingQuality = ReadingQuality.GOOD
    source: EnergySource = EnergySource.TRANSACTIVE
    modulus_wh: int | None = 1 << 64
    meter_clock_epoch_s: int | None = None
