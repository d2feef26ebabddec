"""The site meter as the meter's process reads it: what is kept, reported, missed, and shown on the meter."""

import logging
from collections.abc import Callable

from hems.app.boundaries import meter_identity, settlement_registers, store_boundary, stored_boundary
from hems.app.meter_telemetry import MeterTelemetry
from hems.control.meter.frames import Frame
from hems.control.meter_loop import MeterLoop
from hems.control.transactive_meter import TransactiveMeter
from hems.io.edge_store import EdgeStore
from hems.io.modbus_link import MeterError
from hems.io.site_devices import SiteDevices
from hems.metering.reading import ReadingQuality
from hems.site.config import HomeConfig
from wire.registers import MarketTerms
from wire.slots import Slot, slot_at

LOG = logging.getLogger(__name__)


class SiteReadings:
    """Readings of one home's meter. `loop` makes reports of them, `send` takes these to the market."""

    def __init__(
        self,
        config: HomeConfig,
        *,
        devices: SiteDevices,
        store: EdgeStore,
        session: TransactiveMeter,
        telemetry: MeterTelemetry,
        send: Callable[[list[Frame]], None],
    ) -> None:
        self._home, self._devices, self._store = config.home, devices, store
        self._session, self._telemetry, self._send = session, telemetry, send
        self._minutes, self._meter = config.home.slot_minutes, meter_identity(config.meter)
        self.loop = MeterLoop(session, self._minutes, stored_boundary(store, self._minutes, self._meter))
        self._is_silent = False
        self._shown_s = 0

    def next_s(self, now_s: int) -> int:
        """When the meter has to be read next [s since 1970]."""
        return self.loop.next_wake_s(now_s)

    def is_due(self, now_s: int) -> bool:
        """Whether a slot has ended since the meter was last read at a boundary."""
        boundary = self.loop.boundary
        return boundary is None or self.next_s(boundary.slot.start_s) <= now_s

    async def read(self, now_s: int, *, may_report: bool) -> None:
        """Reads the meter; at a slot's start the ended slots are reported, where the clock can name them."""
        try:
            reading = await self._devices.reading()
        except MeterError as error:
            self._missed(f"{error}; readings are missing until it answers")
            self._telemetry.failed()
            return
        self._telemetry.read(now_s)
        registers = settlement_registers(reading, now_s)
        if registers is None:
            self._missed(f"no settlement registers in its answer ({reading.quality}): check the meter")
            return
        if self._is_silent:
            LOG.warning("meter: answers again")
        self._is_silent = False
        if may_report:
            is_estimated = reading.quality is ReadingQuality.ESTIMATED
            self._send(self.loop.read(registers, is_estimated=is_estimated))
        boundary = self.loop.boundary
        if boundary is not None and boundary.slot.start_s == slot_at(now_s, self._minutes).start_s:
            store_boundary(self._store, boundary, self._meter)
            await self._show_terms(boundary.slot)
        row = (now_s, reading.power_w, registers.import_wh, registers.export_wh, reading.quality.value)
        self._store.add("readings", [row])

    def _missed(self, why: str) -> None:
        """There is no reading to settle on: said when it begins."""
        if not self._is_silent:
            LOG.warning("meter: %s", why)
        self._is_silent = True

    async def _show_terms(self, slot: Slot) -> None:
        """Shows price, award and connection limits of the running slot on the meter."""
        view, home = self._session.view, self._home
        award, conditions = view.awards.get(slot.label), view.conditions.get(slot.label)
        price = award.price_micro_per_kwh if award is not None else None
        if price is None and conditions is not None:
            price = conditions.retail_micro_per_kwh
        if price is None or slot.start_s == self._shown_s:
            return
        self._shown_s = slot.start_s
        terms = MarketTerms(
            price_micro_per_kwh=price,
            award_wh=view.position_wh(slot),
            envelope_import_w=round(home.import_limit_kw * 1000),
            envelope_export_w=round(home.export_limit_kw * 1000),
            valid_until_epoch_s=slot.end_s,
            sequence=slot.start_s // slot.duration_s,
        )
        await self._devices.show_terms(terms)
