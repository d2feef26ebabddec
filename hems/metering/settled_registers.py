"""Registers of a meter that is asked (P1, register maps) as counters that may be settled on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hems.metering.foreign.counter import Counter, restored
from hems.metering.foreign.flags import Flag
from hems.metering.reading import Reading, ReadingQuality

HEADROOM = 1.5


class SettledRegisters:
    """Follows the two registers of one meter; a glitch of the line is left out, a replaced meter counts on."""

    def __init__(self, connection_w: float, kept: Mapping[str, Any] | None = None) -> None:
        """Registers of a connection that can carry so much [W]; `kept` is the state of an earlier run."""
        self._counters = {
            name: restored(Counter(about=name, limit_w=HEADROOM * connection_w), (kept or {}).get(name))
            for name in ("import_wh", "export_wh")
        }
        self.flags: list[Flag] = []

    def state(self) -> dict[str, Any]:
        """What has to be kept over a restart."""
        return {name: counter.state() for name, counter in self._counters.items()}

    def checked(self, reading: Reading) -> Reading:
        """The reading with registers that may be settled on; without those that are in doubt, and then invalid."""
        raw = {"import_wh": reading.import_wh, "export_wh": reading.export_wh}
        shown: dict[str, int | None] = dict.fromkeys(raw)
        self.flags = []
        for name, counter in self._counters.items():
            register = raw[name]
            if register is None:
                continue
            doubt = counter.counted(float(register), float(reading.at_epoch_s))
            if doubt is None:
                shown[name] = None if counter.total_wh is None else round(counter.total_wh)
            else:
                self.flags.append(doubt)
        quality = reading.quality if None not in shown.values() else ReadingQuality.INVALID
        return replace(reading, import_wh=shown["import_wh"], export_wh=shown["export_wh"], quality=quality)
