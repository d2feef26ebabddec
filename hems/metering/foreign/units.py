"""Units that devices use, and the factor to the unit in which a quantity is kept."""

from typing import Literal, get_args

Quantity = Literal[
    "power_w",
    "import_wh",
    "export_wh",
    "net_wh",
    "voltage_l1_v",
    "voltage_l2_v",
    "voltage_l3_v",
    "frequency_hz",
    "soc",
    "is_on",
]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)
Unit = Literal["W", "kW", "MW", "Wh", "kWh", "MWh", "V", "mV", "Hz", "%", "fraction", ""]

_FACTORS: dict[str, dict[str, float]] = {
    "w": {"W": 1.0, "kW": 1e3, "MW": 1e6},
    "wh": {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6},
    "v": {"V": 1.0, "mV": 1e-3},
    "hz": {"Hz": 1.0},
    "soc": {"%": 0.01, "fraction": 1.0},
    "on": {"": 1.0},
}
ENERGIES: frozenset[str] = frozenset({"import_wh", "export_wh", "net_wh"})
COUNTERS: frozenset[str] = frozenset({"import_wh", "export_wh"})
LIMITS: dict[str, tuple[float, float]] = {"soc": (0.0, 1.0), "is_on": (0.0, 1.0)}


def factor(quantity: str, unit: str) -> float | None:
    """The factor from a unit to that of the quantity; None when the unit does not measure it."""
    return _FACTORS[quantity.rsplit("_", 1)[-1]].get(unit)


def units_of(quantity: str) -> str:
    """The units of a quantity, for messages."""
    return ", ".join(_FACTORS[quantity.rsplit("_", 1)[-1]])
