"""The register map of a meter: `SunS`, models 1, 203, 213, 64850, 64851, 64852, end model."""

from functools import lru_cache

from meter_firmware_sim.measurement import PhaseValues, displayed, frequency_mhz
from meter_firmware_sim.meter import Meter
from wire.registers import IntervalRecord, MeterFlags, build_chain
from wire.registers.device import DEVICE_MODELS, DeviceKind
from wire.registers.history import MeterEvent, encode_events, encode_intervals
from wire.registers.points import Model, encode_model
from wire.registers.sunspec import (
    COMMON,
    METER_EVENT_OEM_TAMPER,
    METER_EVENT_POWER_FAILURE,
    METER_FLOAT,
    METER_INT,
)
from wire.registers.transactive import BLOCK_VERSION, TRANSACTIVE, MarketTerms
from wire.registers.words import Value

MANUFACTURER = "hearthgrid"
METER_MODEL = "meter-sim"
FIRMWARE_VERSION = "1.0"
I16_MAX = 0x7FFF
_HEADROOM = 2
_V_SF, _HZ_SF = -1, -2


def meter_image(meter: Meter) -> list[int]:
    """Words of the whole map of this meter, first word at the base register."""
    phases = displayed(
        meter.front,
        meter.phase_mw,
        meter.phase_mvar,
        seed=meter.config.seed,
        second=meter.true_ms // 1000,
        ppm=meter.config.accuracy_ppm,
    )
    return build_chain(
        [
            common_words(METER_MODEL, meter.config.serial),
            encode_model(METER_INT, _integer_values(meter, phases)),
            encode_model(METER_FLOAT, _float_values(meter, phases)),
            encode_model(TRANSACTIVE, _transactive_values(meter, phases)),
            _interval_words(tuple(meter.intervals.ring)),
            _event_words(tuple(meter.events.entries), meter.events.capacity),
        ]
    )


@lru_cache(maxsize=256)
def common_words(model_name: str, serial: str) -> list[int]:
    """Words of the common model with this model name and serial number."""
    names: dict[str, Value] = {
        "Mn": MANUFACTURER,
        "Md": model_name,
        "Vr": FIRMWARE_VERSION,
        "SN": serial,
        "DA": 1,
    }
    return encode_model(COMMON, names)


def device_title(kind: DeviceKind) -> str:
    """Model name of a simulated device, as in its common model."""
    return DEVICE_MODELS[kind].title


@lru_cache(maxsize=64)
def _interval_words(ring: tuple[IntervalRecord | None, ...]) -> list[int]:
    return encode_intervals(ring)


@lru_cache(maxsize=64)
def _event_words(entries: tuple[MeterEvent, ...], capacity: int) -> list[int]:
    return encode_events(entries, capacity)


def scale_exponent(largest: float, finest: int) -> int:
    """Smallest scale factor, not below `finest`, at which twice `largest` still fits into an int16."""
    exponent = finest
    while largest * _HEADROOM / 10.0**exponent > I16_MAX:
        exponent += 1
    return exponent


def _integer_values(meter: Meter, phases: list[PhaseValues]) -> dict[str, Value]:
    power_sf = scale_exponent(meter.config.power_max_w, 0)
    current_sf = scale_exponent(meter.config.power_max_w / meter.config.nominal_v, -2)
    values: dict[str, Value] = {
        "A_SF": current_sf,
        "V_SF": _V_SF,
        "Hz_SF": _HZ_SF,
        "W_SF": power_sf,
        "VA_SF": power_sf,
        "VAR_SF": power_sf,
        "TotWh_SF": 0,  # whole Wh, so the register rolls over to 0 after 4,294,967,295 Wh
        "TotWhImp": meter.energy.import_wh & 0xFFFFFFFF,
        "TotWhExp": meter.energy.export_wh & 0xFFFFFFFF,
        "Evt": _event_bits(meter),
    }
    for name, number in _display_milli(meter, phases, METER_INT).items():
        scale = METER_INT.point(name).scale
        exponent = values[scale] if scale is not None else 0
        assert isinstance(exponent, int)
        raw = round(number / 10 ** (exponent + 3)) if exponent >= -3 else None
        # More than the register can show is shown as "no value", never as the largest one.
        values[name] = raw if raw is not None and abs(raw) <= I16_MAX else None
    return values


def _float_values(meter: Meter, phases: list[PhaseValues]) -> dict[str, Value]:
    display = _display_milli(meter, phases, METER_FLOAT)
    values: dict[str, Value] = {name: number / 1000 for name, number in display.items()}
    return values | {
        "TotWhImp": float(meter.energy.import_wh),
        "TotWhExp": float(meter.energy.export_wh),
        "Evt": _event_bits(meter),
    }


def _display_milli(meter: Meter, phases: list[PhaseValues], table: Model) -> dict[str, float]:
    """Displayed values in thousandths of their unit, by point name of the model."""
    line_names = ("PPV", "PhVphAB", "PhVphBC", "PhVphCA")
    if table is METER_FLOAT:
        line_names = ("PPV", "PPVphAB", "PPVphBC", "PPVphCA")
    mean_mv = sum(p.voltage_mv for p in phases) / len(phases)
    values: dict[str, float] = dict.fromkeys(line_names, mean_mv * 3**0.5)
    values["PhV"] = mean_mv
    values["A"] = sum(p.current_ma for p in phases)
    values["W"] = sum(p.power_mw for p in phases)
    values["VA"] = sum(p.apparent_mva for p in phases)
    values["VAR"] = sum(p.reactive_mvar for p in phases)
    values["Hz"] = frequency_mhz(meter.config.seed, meter.true_ms // 1000)
    for letter, phase in zip("ABC", phases, strict=True):
        values[f"PhVph{letter}"] = phase.voltage_mv
        values[f"Aph{letter}"] = phase.current_ma
        values[f"Wph{letter}"] = phase.power_mw
        values[f"VAph{letter}"] = phase.apparent_mva
        values[f"VARph{letter}"] = phase.reactive_mvar
    return values


def _transactive_values(meter: Meter, phases: list[PhaseValues]) -> dict[str, Value]:
    last = meter.intervals.last
    values: dict[str, Value] = {
        "Ver": BLOCK_VERSION,
        "SlotLen": meter.config.slot_s,
        "ImpWh": meter.energy.import_wh,
        "ExpWh": meter.energy.export_wh,
        "Clk": meter.clock.epoch_s,
        "Tamper": int(meter.tampered),
        "TamperCnt": meter.tamper_count % 0xFFFF,
        "BootCnt": meter.boot_count % 0xFFFF,
        "Sts": int(meter.flags),
        "EvtCnt": meter.events.count,
        "W": round(sum(p.power_mw for p in phases) / 1000),
        "SN": meter.config.serial,
    }
    if last is not None:
        values["SlotStart"] = last.start_epoch_s
        values["SlotImpWh"], values["SlotExpWh"] = last.import_wh, last.export_wh
        values["SlotFlg"] = int(last.flags)
    return values | _terms_values(meter.terms)


def _terms_values(terms: MarketTerms | None) -> dict[str, Value]:
    if terms is None:
        return {}
    return {
        "Price": terms.price_micro_per_kwh,
        "AwardWh": terms.award_wh,
        "EnvImpW": terms.envelope_import_w,
        "EnvExpW": terms.envelope_export_w,
        "ValidUntil": terms.valid_until_epoch_s,
        "Seq": terms.sequence,
    }


def _event_bits(meter: Meter) -> int:
    bits = METER_EVENT_OEM_TAMPER if meter.tampered else 0
    return bits | (METER_EVENT_POWER_FAILURE if meter.flags & MeterFlags.POWER_LOST else 0)
