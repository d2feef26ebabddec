"""Cumulative energy registers in integers: sub-Wh remainders are kept, so sums never drift.

Power comes in milliwatts and time in milliseconds; 1 mW x 1 ms = 1 microjoule and
1 Wh = 3.6e9 microjoules exactly.
"""

from dataclasses import dataclass

UJ_PER_WH = 3_600_000_000
REGISTER_MODULUS_WH = 1 << 64


@dataclass(slots=True, kw_only=True)
class EnergyRegisters:
    """Energy [microjoule] from the grid (import) and to the grid (export) since manufacture."""

    import_uj: int = 0
    export_uj: int = 0

    @property
    def import_wh(self) -> int:
        """Import register [Wh] as shown: whole Wh, rolling over at 2^64."""
        return self.import_uj // UJ_PER_WH % REGISTER_MODULUS_WH

    @property
    def export_wh(self) -> int:
        """Export register [Wh] as shown: whole Wh, rolling over at 2^64."""
        return self.export_uj // UJ_PER_WH % REGISTER_MODULUS_WH

    def add(self, power_mw: int, elapsed_ms: int) -> None:
        """Count `power_mw` (from the grid positive) over `elapsed_ms` in the register of its direction."""
        if power_mw >= 0:
            self.import_uj += power_mw * elapsed_ms
        else:
            self.export_uj += -power_mw * elapsed_ms
