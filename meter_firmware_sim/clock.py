"""The meter's own clock: an oscillator that is a few ppm off, counted in whole nanoseconds."""

from dataclasses import dataclass

NS_PER_S = 1_000_000_000
_PPM = 1_000_000


@dataclass(slots=True, kw_only=True)
class MeterClock:
    """Clock reading `ns` since the Unix epoch; it gains `drift_ppm` microseconds per true second."""

    ns: int
    drift_ppm: int = 0
    is_set: bool = True

    @property
    def epoch_s(self) -> int:
        """Whole seconds shown."""
        return self.ns // NS_PER_S

    def advance(self, elapsed_ms: int) -> None:
        """Run for `elapsed_ms` true milliseconds; exact, so the order of small steps does not matter."""
        self.ns += elapsed_ms * (_PPM + self.drift_ppm)

    def ms_until(self, epoch_s: int) -> int:
        """True milliseconds until the clock shows `epoch_s` or later; at least 1."""
        missing_ns = epoch_s * NS_PER_S - self.ns
        return max(1, -(-missing_ns // (_PPM + self.drift_ppm)))
