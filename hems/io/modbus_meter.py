"""A SunSpec meter over Modbus TCP as a source of readings."""

from collections.abc import Callable
from dataclasses import replace

from hems.io.modbus_link import DeviceMap, ModbusLink, RegisterMapMismatch
from hems.metering.reading import Reading
from wire.registers import (
    IntervalRecord,
    MarketTerms,
    RegisterMapError,
    TransactiveBlock,
    decode_models,
    decode_transactive,
    encode_terms,
)
from wire.registers.chain import Layout, ModelSpan
from wire.registers.decoding import READING_MODELS
from wire.registers.history import INTERVALS_MODEL, decode_intervals
from wire.registers.sunspec import METER_FLOAT, METER_INT
from wire.registers.transactive import TRANSACTIVE

# Single phase, split phase, wye and delta meters differ in the phases that they fill in, not in their points.
# Source: SunSpec model definitions model_201 to model_204 and model_211 to model_214 (github.com/sunspec/models).
SAME_LAYOUT = {METER_INT.id: (201, 202, 204), METER_FLOAT.id: (211, 212, 214)}


class ModbusMeter:
    """Meter at a host, port and device id. Settles on the transactive block, else on model 203.

    `now` dates readings; without it the meter's own clock does, which only meters with a transactive block
    have. `power_sign` is -1 for meters that show export as positive power; energies have names and
    need no sign.
    """

    def __init__(
        self,
        host: str,
        port: int = 502,
        device_id: int = 1,
        *,
        timeout_s: float = 3.0,
        now: Callable[[], int] | None = None,
        power_sign: int = 1,
        link: ModbusLink | None = None,
    ) -> None:
        """Meter that is connected at the first reading; give `link` to share a connection."""
        if power_sign not in {1, -1}:
            raise ValueError(f"power_sign is {power_sign}, allowed is 1 or -1")
        self._link = ModbusLink(host, port, timeout_s=timeout_s) if link is None else link
        self._map = DeviceMap(self._link, device_id)
        self._now = now
        self._power_sign = power_sign

    async def reading(self) -> Reading:
        """Present reading. Raises MeterUnreachable, MeterSilent, RegisterMapMismatch or RequestRefused."""
        spans = _reading_spans(await self._map.layout())
        bodies = {table: await self._map.words(span) for table, span in spans.items()}
        try:
            reading = decode_models(bodies, at_epoch_s=None if self._now is None else self._now())
        except RegisterMapError as error:
            raise RegisterMapMismatch(f"meter at {self._link.where}: {error}") from None
        if reading.power_w is None or self._power_sign == 1:
            return reading
        return replace(reading, power_w=-reading.power_w)

    async def block(self) -> TransactiveBlock:
        """Transactive block of the meter. Raises RegisterMapMismatch when it has none."""
        return decode_transactive(await self._map.words(await self._span(TRANSACTIVE.id)))

    async def intervals(self) -> list[IntervalRecord]:
        """Closed intervals that the meter still holds, oldest first; fills gaps after an outage."""
        return decode_intervals(await self._map.words(await self._span(INTERVALS_MODEL)))

    async def write_terms(self, terms: MarketTerms) -> None:
        """Show the market's terms on the meter. Raises RequestRefused for an old sequence."""
        span = await self._span(TRANSACTIVE.id)
        offset, _ = TRANSACTIVE.writable_span
        await self._map.write(span, offset, encode_terms(terms))

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        self._link.close()

    async def _span(self, model_id: int) -> ModelSpan:
        span = (await self._map.layout()).span(model_id)
        if span is None:
            raise RegisterMapMismatch(
                f"meter at {self._link.where} has no model {model_id}: it is no transactive meter"
            )
        return span


def _reading_spans(layout: Layout) -> dict[int, ModelSpan]:
    """Models to read, by the table that decodes them: the one that settles, and one for voltages (203 before 213)."""
    found: dict[int, ModelSpan] = {}
    for model_id in READING_MODELS:
        spans = (layout.span(same) for same in (model_id, *SAME_LAYOUT.get(model_id, ())))
        span = next((span for span in spans if span is not None), None)
        if span is not None:
            found[model_id] = span
    if METER_INT.id in found:
        found.pop(METER_FLOAT.id, None)
    if not found:
        ids = ", ".join(str(span.id) for span in layout.models) or "none"
        raise RegisterMapMismatch(f"no meter model among {ids}: expected 64850, 201 to 204 or 211 to 214")
    return found
