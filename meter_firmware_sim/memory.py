"""The meter's non-volatile memory: its state as plain JSON values, and a meter booted from them."""

from typing import Any

from meter_firmware_sim.intervals import IntervalBuffer
from meter_firmware_sim.meter import Meter, MeterConfig
from wire.registers import IntervalFlags, IntervalRecord, MarketTerms
from wire.registers.history import MeterEvent

MEMORY_VERSION = 1


class MemoryMismatch(ValueError):
    """The memory belongs to another meter or version; the message says which and what to do."""


def to_memory(meter: Meter) -> dict[str, Any]:
    """JSON values of everything that has to survive a loss of power. Integers above 2^53 are strings."""
    buffer = meter.intervals
    return {
        "version": MEMORY_VERSION,
        "serial": meter.config.serial,
        "slot_s": meter.config.slot_s,
        "true_ms": meter.true_ms,
        "clock_ns": str(meter.clock.ns),
        "clock_is_set": meter.clock.is_set,
        "import_uj": str(meter.energy.import_uj),
        "export_uj": str(meter.energy.export_uj),
        "tampered": meter.tampered,
        "tamper_count": meter.tamper_count,
        "boot_count": meter.boot_count,
        "open_interval": [buffer.open_start_s, int(buffer.open_flags)],
        "at_close_wh": [str(buffer.import_at_close_wh), str(buffer.export_at_close_wh)],
        "last_interval": None if buffer.last is None else _interval(buffer.last),
        "intervals": [_interval(record) for record in buffer.ring if record is not None],
        "event_count": meter.events.count,
        "events": [[e.number, e.epoch_s, e.code, e.detail] for e in meter.events.entries],
        "terms": None if meter.terms is None else _terms(meter.terms),
    }


def boot(config: MeterConfig, memory: dict[str, Any], at_epoch_s: float) -> Meter:
    """Meter that starts at `at_epoch_s` on what was kept: registers unchanged, one more boot counted.

    Raises MemoryMismatch when the memory is of another meter, version or interval length.
    """
    _check(config, memory)
    meter = Meter(config, start_epoch_s=memory["true_ms"] / 1000)
    meter.clock.ns, meter.clock.is_set = int(memory["clock_ns"]), memory["clock_is_set"]
    meter.energy.import_uj = int(memory["import_uj"])
    meter.energy.export_uj = int(memory["export_uj"])
    meter.tampered, meter.tamper_count = memory["tampered"], memory["tamper_count"]
    meter.boot_count = memory["boot_count"]
    meter.intervals = _buffer(config, memory)
    meter.events.count = memory["event_count"]
    meter.events.entries = [
        MeterEvent(number=n, epoch_s=at, code=code, detail=detail) for n, at, code, detail in memory["events"]
    ]
    meter.terms = _terms_of(memory["terms"])
    elapsed_ms = max(0, round(at_epoch_s * 1000) - meter.true_ms)
    meter.true_ms += elapsed_ms
    meter.clock.advance(elapsed_ms)
    meter.power_on()
    return meter


def _check(config: MeterConfig, memory: dict[str, Any]) -> None:
    for key, expected in (
        ("version", MEMORY_VERSION),
        ("serial", config.serial),
        ("slot_s", config.slot_s),
    ):
        if memory.get(key) != expected:
            raise MemoryMismatch(
                f"memory has {key} {memory.get(key)!r}, the configuration says {expected!r}: "
                "use another state file or correct the configuration"
            )


def _buffer(config: MeterConfig, memory: dict[str, Any]) -> IntervalBuffer:
    start_s, flags = memory["open_interval"]
    import_wh, export_wh = memory["at_close_wh"]
    buffer = IntervalBuffer(
        length_s=config.slot_s,
        capacity=config.interval_capacity,
        open_start_s=start_s,
        open_flags=IntervalFlags(flags),
        import_at_close_wh=int(import_wh),
        export_at_close_wh=int(export_wh),
    )
    for row in memory["intervals"]:
        record = _interval_of(row)
        buffer.ring[record.start_epoch_s // config.slot_s % config.interval_capacity] = record
    last = memory["last_interval"]
    buffer.last = None if last is None else _interval_of(last)
    return buffer


def _interval(record: IntervalRecord) -> list[int]:
    return [record.start_epoch_s, record.import_wh, record.export_wh, int(record.flags)]


def _interval_of(row: list[int]) -> IntervalRecord:
    start_s, import_wh, export_wh, flags = row
    return IntervalRecord(start_epoch_s=start_s, import_wh=import_wh, export_wh=export_wh, flags=IntervalFlags(flags))


def _terms(terms: MarketTerms) -> list[str]:
    return [
        str(number)
        for number in (
            terms.price_micro_per_kwh,
            terms.award_wh,
            terms.envelope_import_w,
            terms.envelope_export_w,
            terms.valid_until_epoch_s,
            terms.sequence,
        )
    ]


def _terms_of(row: list[str] | None) -> MarketTerms | None:
    if row is None:
        return None
    price, award, import_w, export_w, until, sequence = (int(number) for number in row)
    return MarketTerms(
        price_micro_per_kwh=price,
        award_wh=award,
        envelope_import_w=import_w,
        envelope_export_w=export_w,
        valid_until_epoch_s=until,
        sequence=sequence,
    )
