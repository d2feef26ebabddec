"""Settlement registers of a reading, and the last slot boundary as the meter's store keeps it."""

from hems.control.meter_loop import Boundary
from hems.control.transactive_meter import Registers
from hems.io.edge_store import EdgeStore
from hems.metering.reading import Reading, ReadingQuality
from wire.slots import Slot

FACT = "boundary"


def settlement_registers(reading: Reading, now_s: int) -> Registers | None:
    """The settlement registers of a reading; None when the meter did not tell them or they are for display only."""
    bad = reading.quality in (ReadingQuality.DISPLAY_ONLY, ReadingQuality.INVALID)
    if bad or reading.import_wh is None or reading.export_wh is None:
        return None
    return Registers(at_s=now_s, import_wh=reading.import_wh, export_wh=reading.export_wh)


def stored_boundary(store: EdgeStore, minutes: int) -> Boundary | None:
    """The boundary that was kept last; None without one."""
    fact = store.fact(FACT)
    if fact is None:
        return None
    registers = Registers(at_s=fact["at_s"], import_wh=fact["import_wh"], export_wh=fact["export_wh"])
    return Boundary(Slot(fact["slot_s"], minutes), registers, bool(fact["measured"]))


def store_boundary(store: EdgeStore, boundary: Boundary) -> None:
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
        },
    )
