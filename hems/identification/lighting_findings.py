"""Why a room's data cannot tell what its lamps give, in words, with what to do: before the fit and after it."""

import numpy as np

from hems.identification.clock_shift import apparent_shift_h, clock_findings
from hems.identification.lighting_record import LightingRecord, columns_of, days_of, rated_kw
from hems.identification.plausible import absurd_findings
from hems.identification.room_record import Bools, Floats
from hems.site.finding import Finding

LUX, LAMP, DAYLIGHT = "lux", "lamp", "daylight"  # places: the command puts the columns' names in
DAYS_MIN = 4
STEPS_MIN = 96
CHANGE_MIN = 0.02  # of the rated power: smaller changes are the meter's
RELATIVE_ERROR_MAX = 0.5
LUX_MIN, LUX_MAX = -100.0, 2e5  # a sensor may have an offset; nothing is brighter than the sun
LAMP_KW_MAX = 1e3


def missing_findings(record: LightingRecord, known: Bools) -> list[Finding]:
    """What is missing or cannot be in the data themselves, `known` (n,) being the steps in which all is known."""
    absurd = [
        *absurd_findings(LUX, record.illuminance_lux, LUX_MIN, LUX_MAX, "lux"),
        *absurd_findings(LAMP, record.lamp_kw, -0.1, LAMP_KW_MAX, "kW"),
    ]
    if record.daylight is not None:
        absurd += absurd_findings(DAYLIGHT, record.daylight, LUX_MIN, LUX_MAX, record.daylight_unit)
    if absurd:
        return absurd
    days = len(np.unique(days_of(record)[known]))
    if np.count_nonzero(known) < STEPS_MIN or days < DAYS_MIN:
        wrong = (
            f"is known together with lamp power and daylight on {days} days ({np.count_nonzero(known)} steps) only"
        )
        return [Finding(where=LUX, wrong=wrong, remedy=f"record at least {DAYS_MIN} days, better two weeks")]
    found = []
    lamps = record.lamp_kw[known]
    if float(np.quantile(lamps, 0.99) - np.quantile(lamps, 0.01)) <= CHANGE_MIN * max(rated_kw(record), 1e-9):
        remedy = "switch the lamps on and off or dim them on a few evenings while the sensor records"
        found.append(Finding(where=LAMP, wrong="never changes: the lamps' light cannot be told", remedy=remedy))
    if float(np.ptp(record.illuminance_lux[known])) < 1.0:
        remedy = "check the sensor and the column's unit"
        found.append(Finding(where=LUX, wrong="never changes by more than 1 lux", remedy=remedy))
    return found


def untold_findings(coefficients: Floats, errors: Floats, record: LightingRecord) -> list[Finding]:
    """Reasons when the lamps' light is not told: no effect, or one that could be anything."""
    light, error = float(coefficients[0]), float(errors[0])
    if light > 0.0 and error <= RELATIVE_ERROR_MAX * light:
        return []
    wrong = (
        "adds no light that the sensor sees"
        if light <= 0.0
        else f"adds {light:.3g} lux per kW, give or take {error:.3g}"
    )
    remedy = "check that sensor and lamps are of the same room and that all clocks agree (--shift)"
    found = [Finding(where=LAMP, wrong=wrong, remedy=remedy)]
    columns = np.delete(columns_of(record), 1, axis=1)
    shift_h = apparent_shift_h(record.illuminance_lux, columns, record.step_h, is_rate=False)
    return [*found, *clock_findings(LUX, shift_h)]
