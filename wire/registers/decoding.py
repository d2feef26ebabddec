"""Readings out of register words: the transactive block settles, else model 203, else 213 for display."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wire.registers.chain import RegisterMapError, body, walk
from wire.registers.points import Model, decode_model, integer, scaled
from wire.registers.reading import NO_PHASES, EnergySource, Phases, Reading, ReadingQuality
from wire.registers.sunspec import (
    METER_EVENT_MISSING_SENSOR,
    METER_EVENT_OEM_TAMPER,
    METER_EVENT_POWER_FAILURE,
    METER_FLOAT,
    METER_INT,
)
from wire.registers.transactive import TRANSACTIVE, MeterFlags, decode_transactive
from wire.registers.words import Value

READING_MODELS = (TRANSACTIVE.id, METER_INT.id, METER_FLOAT.id)
_SUSPECT = MeterFlags.TAMPER | MeterFlags.FAULT | MeterFlags.SENSOR_MISSING
_EVENT_FLAGS = {
    METER_EVENT_POWER_FAILURE: MeterFlags.POWER_LOST,
    METER_EVENT_MISSING_SENSOR: MeterFlags.SENSOR_MISSING,
    METER_EVENT_OEM_TAMPER: MeterFlags.TAMPER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registers:
    """Power and energies with their origin, before flags and time are joined."""

    power_w: int | None
    import_wh: int | None
    export_wh: int | None
    modulus_wh: int | None
    source: EnergySource


def decode(words: Sequence[int], *, at_epoch_s: int | None = None) -> Reading:
    """Reading out of a whole map that begins with `SunS`.

    Without `at_epoch_s` the meter's own clock dates the reading.
    Raises RegisterMapError when the words are no map, hold no meter model, or no time is known.
    """
    layout = walk(words)
    bodies = {span.id: body(words, layout, span) for span in reversed(layout.models)}
    return decode_models(bodies, at_epoch_s=at_epoch_s)


def decode_models(bodies: Mapping[int, Sequence[int]], *, at_epoch_s: int | None = None) -> Reading:
    """Reading out of the words of single models by id, each with its header.

    The energies come from one source, chosen by which models exist and never by which values are
    valid: registers of two models count differently and must not be subtracted from each other.
    """
    display = _display_values(bodies)
    registers = _registers(bodies)
    flags, clock_epoch_s = _status(bodies)
    taken_epoch_s = clock_epoch_s if at_epoch_s is None else at_epoch_s
    if taken_epoch_s is None:
        raise RegisterMapError("the meter has no clock: pass the time at which it was read")
    return Reading(
        at_epoch_s=taken_epoch_s,
        power_w=registers.power_w,
        import_wh=registers.import_wh,
        export_wh=registers.export_wh,
        voltage_v=_phases(display, "PhVph"),
        current_a=_phases(display, "Aph"),
        frequency_hz=None if display is None else scaled(display[0], display[1], "Hz"),
        flags=flags,
        quality=_quality(registers, flags),
        source=registers.source,
        modulus_wh=registers.modulus_wh,
        meter_clock_epoch_s=clock_epoch_s,
    )


def _registers(bodies: Mapping[int, Sequence[int]]) -> _Registers:
    if TRANSACTIVE.id in bodies:
        block = decode_transactive(bodies[TRANSACTIVE.id])
        return _Registers(
            power_w=block.power_w,
            import_wh=block.import_wh,
            export_wh=block.export_wh,
            modulus_wh=1 << 64,
            source=EnergySource.TRANSACTIVE,
        )
    if METER_INT.id in bodies:
        return _integer_registers(decode_model(METER_INT, bodies[METER_INT.id]))
    if METER_FLOAT.id in bodies:
        return _float_registers(decode_model(METER_FLOAT, bodies[METER_FLOAT.id]))
    found = ", ".join(str(model_id) for model_id in bodies) or "none"
    raise RegisterMapError(f"no meter model among {found}: expected 64850, 203 or 213")


def _integer_registers(values: Mapping[str, Value]) -> _Registers:
    exponent = integer(values, "TotWh_SF")
    power = scaled(METER_INT, values, "W")
    return _Registers(
        power_w=None if power is None else round(power),
        import_wh=_whole_wh(integer(values, "TotWhImp"), exponent),
        export_wh=_whole_wh(integer(values, "TotWhExp"), exponent),
        # Finer than 1 Wh the counter wraps at a fraction of a Wh: such a drop is left unexplained.
        modulus_wh=None if exponent is None or exponent < 0 else int(10**exponent) << 32,
        source=EnergySource.SUNSPEC_INT,
    )


def _whole_wh(raw: int | None, exponent: int | None) -> int | None:
    if raw is None or exponent is None:
        return None
    return raw * int(10**exponent) if exponent >= 0 else raw // int(10**-exponent)


def _float_registers(values: Mapping[str, Value]) -> _Registers:
    def whole(name: str) -> int | None:
        value = values[name]
        return int(value) if isinstance(value, float) else None

    power = scaled(METER_FLOAT, values, "W")
    return _Registers(
        power_w=None if power is None else round(power),
        import_wh=whole("TotWhImp"),
        export_wh=whole("TotWhExp"),
        modulus_wh=None,
        source=EnergySource.SUNSPEC_FLOAT,
    )


def _display_values(bodies: Mapping[int, Sequence[int]]) -> tuple[Model, dict[str, Value]] | None:
    for table in (METER_INT, METER_FLOAT):
        if table.id in bodies:
            return table, decode_model(table, bodies[table.id])
    return None


def _phases(display: tuple[Model, dict[str, Value]] | None, prefix: str) -> Phases:
    if display is None:
        return NO_PHASES
    table, values = display
    a, b, c = (scaled(table, values, f"{prefix}{phase}") for phase in "ABC")
    return a, b, c


def _status(bodies: Mapping[int, Sequence[int]]) -> tuple[MeterFlags, int | None]:
    if TRANSACTIVE.id in bodies:
        block = decode_transactive(bodies[TRANSACTIVE.id])
        return block.flags, block.clock_epoch_s
    display = _display_values(bodies)
    events = None if display is None else integer(display[1], "Evt")
    if events is None:
        return MeterFlags.NONE, None
    flags = MeterFlags.NONE
    for event, flag in _EVENT_FLAGS.items():
        flags |= flag if events & event else MeterFlags.NONE
    return flags, None


def _quality(registers: _Registers, flags: MeterFlags) -> ReadingQuality:
    if registers.power_w is None or registers.import_wh is None or registers.export_wh is None:
        return ReadingQuality.INVALID
    if registers.source is EnergySource.SUNSPEC_FLOAT:
        return ReadingQuality.DISPLAY_ONLY
    return ReadingQuality.SUSPECT if flags & _SUSPECT else ReadingQuality.GOOD
