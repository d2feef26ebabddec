"""Settlement registers of a reading, and the last slot boundary as the meter's store keeps it."""

from hems.control.meter_loop import Boundary
from hems.control.transactive_meter import Registers
from hems.io.edge_store import EdgeStore
from hems.metering.reading import EnergySource, Reading, ReadingQuality
from hems.site.config_meter import MeterTable, ModbusMeterTable, MqttMeterTable, P1MeterTable
from wire.slots import Slot

FACT = "boundary"
SPEAK_BY_THEMSELVES = (EnergySource.MQTT, EnergySource.P1)


def settlement_registers(reading: Reading, now_s: int) -> Registers | None:
    """The settlement registers of a reading; None when the meter did not tell them or they are for display only.

    A meter that sends by itself (MQTT, P1) is dated by when it spoke, one that is asked by when it was asked.
    """
    bad = reading.quality in (ReadingQuality.DISPLAY_ONLY, ReadingQuality.INVALID)
    if bad or reading.import_wh is None or reading.export_wh is None:
        return None
    at_s = min(now_s, reading.at_epoch_s) if reading.source in SPEAK_BY_THEMSELVES else now_s
    return Registers(at_s=at_s, import_wh=reading.import_wh, export_wh=reading.export_wh)


def meter_identity(table: MeterTable) -> str:
    """What tells one way of reading a meter from another: registers of two must not be subtracted.

    Addresses are left out: a meter that moves to another one goes on counting.
    """
    match table:
        case ModbusMeterTable():
            return f"modbus {table.map}"
        case MqttMeterTable():
            return f"mqtt {table.template} {table.topic or ''}"
        case P1MeterTable():
            return "p1"


def stored_boundary(store: EdgeStore, minutes: int, meter: str) -> Boundary | None:
    """The boundary that was kept last of this meter; None without one."""
    fact = store.fact(FACT)
    if fact is None or fact.get("meter", meter) != meter:
        return None
    registers = Registers(at_s=fact["at_s"], import_wh=fact["import_wh"], export_wh=fact["export_wh"])
    return Boundary(Slot(fact["slot_s"], minutes), registers, bool(fact["measured"]))


def store_boundary(store: EdgeStore, boundary: Boundary, meter: str) -> None:
    """Keeps a boundary over a restart."""
    r = boundary.registers
    store.set_fact(
        FACT,
        {
            "slot_s": boundary.slot.start_s,
            "at_s": r.at_s,
            "import_wh": r.import_wh,
            "export_wh": r.export_wh,
            "measured": boundary.measured,
            "meter": meter,
        },
    )
