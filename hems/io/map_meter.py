"""A Modbus meter with a maker's register map as a source of readings."""

import time
from collections.abc import Callable

from hems.io.modbus_link import ModbusLink
from hems.metering.reading import Reading
from hems.metering.register_map import RegisterMap, reading_of


class MapMeter:
    """Meter at a device id of a link, read by a map; `power_sign` is -1 where its clamps are mounted backwards."""

    def __init__(
        self,
        link: ModbusLink,
        device_id: int,
        table: RegisterMap,
        *,
        power_sign: int = 1,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Meter that is connected at the first reading."""
        self._link, self._device_id, self._map = link, device_id, table
        self._power_sign, self._now = power_sign, now

    async def reading(self) -> Reading:
        """Present reading. Raises MeterUnreachable, MeterSilent, RegisterMapMismatch or RequestRefused."""
        words: dict[int, int] = {}
        for first, count in self._map.spans():
            read = await self._link.read(self._device_id, first, count, inputs=self._map.registers == "input")
            words.update(enumerate(read, first))
        return reading_of(self._map, words, int(self._now()), power_sign=self._power_sign)

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        self._link.close()
