"""SunSpec models 1 (common), 203 (three-phase meter, integers) and 213 (the same in floats) as tables.

Signs: power from the grid into the site (import) is positive, so TotWhImp counts while W > 0.

Source: SunSpec model definitions model_1, model_203 and model_213 (github.com/sunspec/models).
"""

from wire.registers.points import Model, PointSpec, model
from wire.registers.words import PointType as T


def _phases(name: str, kind: T, unit: str, scale: str | None = None, infix: str = "ph") -> list[PointSpec]:
    names = [name, *(f"{name}{infix}{phase}" for phase in "ABC")]
    return [PointSpec(name=n, kind=kind, unit=unit, scale=scale) for n in names]


def _scale(name: str) -> PointSpec:
    return PointSpec(name=name, kind=T.SCALE)


def _currents(kind: T, scale: str | None) -> list[PointSpec]:
    return [PointSpec(name=n, kind=kind, unit="A", scale=scale) for n in ("A", "AphA", "AphB", "AphC")]


def _energies(kind: T, scaled: bool) -> list[PointSpec]:
    rows: list[PointSpec] = []
    for quantity, unit, names in (
        ("TotWh", "Wh", ("TotWhExp", "TotWhImp")),
        ("TotVAh", "VAh", ("TotVAhExp", "TotVAhImp")),
        ("TotVArh", "varh", ("TotVArhImpQ1", "TotVArhImpQ2", "TotVArhExpQ3", "TotVArhExpQ4")),
    ):
        scale = f"{quantity}_SF" if scaled else None
        # Model 213 spells the phases of its reactive energies in lower case, model 203 does not.
        infix = "ph" if quantity == "TotVArh" and not scaled else "Ph"
        for name in names:
            rows += _phases(name, kind, unit, scale, infix)
        rows += [_scale(scale)] if scale else []
    return rows


COMMON: Model = model(
    1,
    "Common",
    [
        PointSpec(name="Mn", kind=T.STRING, size=16, meaning="manufacturer"),
        PointSpec(name="Md", kind=T.STRING, size=16, meaning="model"),
        PointSpec(name="Opt", kind=T.STRING, size=8, meaning="options"),
        PointSpec(name="Vr", kind=T.STRING, size=8, meaning="version"),
        PointSpec(name="SN", kind=T.STRING, size=16, meaning="serial number"),
        PointSpec(name="DA", kind=T.U16, meaning="device address"),
        PointSpec(name="Pad", kind=T.PAD, meaning="absent where L is 65"),
    ],
)

METER_INT: Model = model(
    203,
    "Three-phase meter, integers with scale factors",
    [
        *_currents(T.I16, "A_SF"),
        _scale("A_SF"),
        *_phases("PhV", T.I16, "V", "V_SF"),
        *(PointSpec(name=n, kind=T.I16, unit="V", scale="V_SF") for n in ("PPV", "PhVphAB", "PhVphBC", "PhVphCA")),
        _scale("V_SF"),
        PointSpec(name="Hz", kind=T.I16, unit="Hz", scale="Hz_SF"),
        _scale("Hz_SF"),
        *_phases("W", T.I16, "W", "W_SF"),
        _scale("W_SF"),
        *_phases("VA", T.I16, "VA", "VA_SF"),
        _scale("VA_SF"),
        *_phases("VAR", T.I16, "var", "VAR_SF"),
        _scale("VAR_SF"),
        *_phases("PF", T.I16, "Pct", "PF_SF"),
        _scale("PF_SF"),
        *_energies(T.ACC32, scaled=True),
        PointSpec(name="Evt", kind=T.BITS32, meaning="meter events"),
    ],
)

METER_FLOAT: Model = model(
    213,
    "Three-phase meter, floats",
    [
        *_currents(T.F32, None),
        *_phases("PhV", T.F32, "V"),
        *(PointSpec(name=n, kind=T.F32, unit="V") for n in ("PPV", "PPVphAB", "PPVphBC", "PPVphCA")),
        PointSpec(name="Hz", kind=T.F32, unit="Hz"),
        *_phases("W", T.F32, "W"),
        *_phases("VA", T.F32, "VA"),
        *_phases("VAR", T.F32, "var"),
        *_phases("PF", T.F32, "PF"),
        *_energies(T.F32, scaled=False),
        PointSpec(name="Evt", kind=T.BITS32, meaning="meter events"),
    ],
)

METER_EVENT_POWER_FAILURE = 1 << 2
METER_EVENT_MISSING_SENSOR = 1 << 7
METER_EVENT_OEM_TAMPER = 1 << 16
