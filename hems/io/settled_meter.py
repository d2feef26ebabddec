"""A meter that is asked, with its registers followed: for the process that settles on them."""

import logging

from hems.io.meter_port import Memory, SiteMeter
from hems.metering.foreign.flags import Flag
from hems.metering.reading import Reading
from hems.metering.settled_registers import SettledRegisters

LOG = logging.getLogger(__name__)


class SettledMeter:
    """`meter` with checked registers, kept in `memory` under a name."""

    def __init__(self, meter: SiteMeter, name: str, *, connection_w: float, memory: Memory) -> None:
        self._meter, self._memory, self._name = meter, memory, f"settled_registers:{name}"
        kept = memory.fact(self._name)
        self._registers = SettledRegisters(connection_w, kept if isinstance(kept, dict) else None)
        self._kept: object = None
        self._told: set[str] = set()

    @property
    def flags(self) -> list[Flag]:
        """What was doubtful at the last reading."""
        return list(self._registers.flags)

    async def reading(self) -> Reading:
        """The meter's reading, registers checked. Raises as the meter does."""
        reading = self._registers.checked(await self._meter.reading())
        state = self._registers.state()
        if state != self._kept:
            self._memory.set_fact(self._name, state)
            self._kept = state
        for flag in self._registers.flags:
            if flag.code not in self._told:
                self._told.add(flag.code)
                LOG.warning("meter: %s", flag)
        if not self._registers.flags:
            self._told.clear()
        return reading

    def close(self) -> None:
        """Drops the connection."""
        self._meter.close()
