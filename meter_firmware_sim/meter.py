"""A site meter as its firmware behaves, advanced by whoever owns time.

Energy is counted on the sum of the phases, as settlement meters do: export on one phase
offsets import on another at the same instant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from meter_firmware_sim.clock import NS_PER_S, MeterClock
from meter_firmware_sim.energy import UJ_PER_WH, EnergyRegisters
from meter_firmware_sim.events import EventLog
from meter_firmware_sim.intervals import IntervalBuffer
from meter_firmware_sim.measurement import PHASES, FrontEnd
from meter_firmware_sim.noise import gain_error_ppm
from wire.registers import IntervalFlags, MarketTerms, MeterFlags
from wire.registers.history import EventCode


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterConfig:
    """What is fixed when a meter leaves the factory. `accuracy_ppm` 0 measures exactly."""

    serial: str = "SIM00000001"
    slot_s: int = 900
    interval_capacity: int = 96
    event_capacity: int = 32
    power_max_w: int = 30_000
    nominal_v: int = 230
    accuracy_ppm: int = 0
    seed: int = 1
    drift_ppm: int = 0
    rtc_battery: bool = True
    import_start_wh: int = 0
    export_start_wh: int = 0


class Meter:
    """State of one meter. `advance` integrates power; `image.meter_image` is what a client reads.

    Not safe for use from several threads; every change raises `revision`.
    """

    def __init__(self, config: MeterConfig, start_epoch_s: float = 0) -> None:
        """Meter that is powered up for the first time at `start_epoch_s`, its clock set right."""
        self.config = config
        self.true_ms = round(start_epoch_s * 1000)
        self.clock = MeterClock(ns=self.true_ms * (NS_PER_S // 1000), drift_ppm=config.drift_ppm)
        self.energy = EnergyRegisters(
            import_uj=config.import_start_wh * UJ_PER_WH, export_uj=config.export_start_wh * UJ_PER_WH
        )
        self.front = FrontEnd(nominal_v=config.nominal_v, gain_ppm=gain_error_ppm(config.seed, config.accuracy_ppm))
        self.events = EventLog(capacity=config.event_capacity)
        self.intervals = self._first_interval()
        self.phase_mw = [0] * PHASES
        self.phase_mvar = [0] * PHASES
        self.tampered = False
        self.tamper_count = 0
        self.boot_count = 0
        self.faulty = False
        self.terms: MarketTerms | None = None
        self.off_until_ms: int | None = None
        self.revision = 0
        self._log(EventCode.POWER_UP)

    @property
    def now_epoch_s(self) -> float:
        """True time up to which power was integrated (not the meter's clock)."""
        return self.true_ms / 1000

    @property
    def powered(self) -> bool:
        """Whether the firmware runs and answers."""
        return self.off_until_ms is None

    @property
    def power_w(self) -> int:
        """Power counted now [W], from the grid positive."""
        return round(sum(self.phase_mw) / 1000)

    @property
    def flags(self) -> MeterFlags:
        """Status bits as shown in the transactive block."""
        flags = MeterFlags.TAMPER if self.tampered else MeterFlags.NONE
        flags |= MeterFlags.FAULT if self.faulty else MeterFlags.NONE
        flags |= MeterFlags.NONE if self.clock.is_set else MeterFlags.CLOCK_NOT_SET
        if self.intervals.open_flags & IntervalFlags.CLOCK_STEPPED:
            flags |= MeterFlags.CLOCK_STEPPED
        if self.intervals.open_flags & IntervalFlags.POWER_LOST:
            flags |= MeterFlags.POWER_LOST
        return flags

    def advance(
        self,
        to_epoch_s: float,
        phase_powers_w: Sequence[float],
        phase_reactive_var: Sequence[float] = (0, 0, 0),
    ) -> None:
        """Integrate constant phase powers [W, from the grid positive] from the last instant to this one.

        Raises ValueError when time goes backwards or the number of phases is not three.
        """
        to_ms = round(to_epoch_s * 1000)
        if to_ms < self.true_ms:
            raise ValueError(f"time goes backwards: {to_epoch_s} is before {self.now_epoch_s}")
        if len(phase_powers_w) != PHASES or len(phase_reactive_var) != PHASES:
            raise ValueError("give three phase powers; a single-phase site has 0 on two of them")
        true_mw = [round(p * 1000) for p in phase_powers_w]
        self.phase_mvar = [round(q * 1000) for q in phase_reactive_var]
        while True:
            self.phase_mw = self.front.measured_mw(true_mw) if self.powered else [0] * PHASES
            if self.true_ms >= to_ms:
                break
            self._step(min(to_ms - self.true_ms, self._ms_to_next_change()))
        self.revision += 1

    def set_clock(self, epoch_s: int) -> None:
        """Set the meter's clock; the open interval is flagged, and closed when the clock leaves it."""
        self.clock.ns, self.clock.is_set = epoch_s * NS_PER_S, True
        self._log(EventCode.CLOCK_SET)
        self.intervals.open_flags |= IntervalFlags.CLOCK_STEPPED
        self._reopen(IntervalFlags.CLOCK_STEPPED)

    def set_drift(self, drift_ppm: int) -> None:
        """Let the clock gain `drift_ppm` from now on."""
        self.clock.drift_ppm = drift_ppm
        self.revision += 1

    def set_tamper(self, opened: bool) -> None:
        """Open or close the case; every opening counts."""
        if opened != self.tampered:
            self.tampered = opened
            self.tamper_count += opened
            self._log(EventCode.TAMPER_OPENED if opened else EventCode.TAMPER_CLOSED)

    def set_faulty(self, faulty: bool) -> None:
        """Raise or clear the meter's own fault flag."""
        if faulty != self.faulty:
            self.faulty = faulty
            self._log(EventCode.FAULT_RAISED if faulty else EventCode.FAULT_CLEARED)

    def set_sensor(self, *, swapped: bool | None = None, offset_w: int | None = None) -> None:
        """Reverse the current sensors or give them an offset; None leaves the property as it is."""
        if swapped is not None:
            self.front = replace(self.front, swapped=swapped)
        if offset_w is not None:
            self.front = replace(self.front, offset_w=offset_w)
        self.revision += 1

    def write_terms(self, terms: MarketTerms) -> bool:
        """True when the terms were taken or are held already; False for an old or reused sequence."""
        if self.terms is not None and terms != self.terms and terms.sequence <= self.terms.sequence:
            return False
        if terms != self.terms:
            self.terms = terms
            self._log(EventCode.TERMS_WRITTEN)
        return True

    def power_off(self, duration_s: float) -> None:
        """Lose the supply for `duration_s`: nothing is measured or answered, then the firmware boots."""
        self._log(EventCode.POWER_DOWN)
        self.off_until_ms = self.true_ms + max(1, round(duration_s * 1000))
        self.phase_mw = [0] * PHASES

    def power_on(self) -> None:
        """Boot at the present true time: registers are kept, the clock only with a battery."""
        self.off_until_ms = None
        self.boot_count += 1
        if not self.config.rtc_battery:
            self.clock.ns, self.clock.is_set = 0, False
        self._log(EventCode.POWER_UP)
        self.intervals.open_flags |= IntervalFlags.POWER_LOST
        self._reopen(IntervalFlags.POWER_LOST)

    def _step(self, elapsed_ms: int) -> None:
        self.true_ms += elapsed_ms
        self.clock.advance(elapsed_ms)
        if self.off_until_ms is not None:
            if self.true_ms >= self.off_until_ms:
                self.power_on()
            return
        self.energy.add(sum(self.phase_mw), elapsed_ms)
        if self.clock.epoch_s >= self.intervals.open_end_s:
            self._reopen(IntervalFlags.NONE)

    def _ms_to_next_change(self) -> int:
        if self.off_until_ms is not None:
            return self.off_until_ms - self.true_ms
        return self.clock.ms_until(self.intervals.open_end_s)

    def _reopen(self, next_flags: IntervalFlags) -> None:
        """Close the open interval when the clock is no longer in it."""
        start_s = self.intervals.slot_start(self.clock.epoch_s)
        if start_s != self.intervals.open_start_s:
            partial = IntervalFlags.PARTIAL if next_flags else IntervalFlags.NONE
            self.intervals.open_flags |= partial
            self.intervals.close(self.energy.import_wh, self.energy.export_wh, start_s, next_flags | partial)
        self.revision += 1

    def _first_interval(self) -> IntervalBuffer:
        length_s = self.config.slot_s
        start_s = self.clock.epoch_s // length_s * length_s
        on_boundary = self.clock.ns == start_s * NS_PER_S
        return IntervalBuffer(
            length_s=length_s,
            capacity=self.config.interval_capacity,
            open_start_s=start_s,
            open_flags=IntervalFlags.NONE if on_boundary else IntervalFlags.PARTIAL,
            import_at_close_wh=self.energy.import_wh,
            export_at_close_wh=self.energy.export_wh,
        )

    def _log(self, code: EventCode, detail: int = 0) -> None:
        self.events.add(self.clock.epoch_s, code, detail)
        self.revision += 1
