"""How values are shown: units of Grafana, colours with the words that go with them, thresholds."""

from collections.abc import Mapping
from typing import Literal

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models.dashboard import (
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

WATT, KILOWATT, WATT_HOUR = "watt", "kwatt", "watth"
SECOND, PERCENT, FRACTION, CELSIUS = "s", "percent", "percentunit", "celsius"
BYTE, MEGABYTE, BYTES_PER_S, COUNT = "decbytes", "decmbytes", "Bps", "short"
CURRENCY = "EUR"
MONEY, PRICE = f"suffix: {CURRENCY}", f"suffix: {CURRENCY}/kWh"
Colour = Literal["green", "yellow", "orange", "red", "blue", "purple", "text"]
GOOD, WATCH, BAD = "green", "orange", "red"
NEUTRAL: list[tuple[float, Colour]] = []


def limits(*steps: tuple[float, Colour], base: Colour = "green") -> build.ThresholdsConfig:
    """Colours by value: `base` below the first step, then each step's colour from its value on."""
    found = [Threshold(value=None, color=base), *(Threshold(value=value, color=colour) for value, colour in steps)]
    return build.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(found)


def words(said: Mapping[str, tuple[str, Colour]]) -> ValueMap:
    """Values that are shown as words, so that colour is never the only sign."""
    return ValueMap(
        {
            value: ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, (text, colour)) in enumerate(said.items())
        }
    )


YES_IS_GOOD = words({"0": ("no", "red"), "1": ("yes", "green")})
YES_IS_BAD = words({"0": ("no", "green"), "1": ("yes", "red")})
RUNG = words({"0": ("plan", "green"), "1": ("last plan", "orange"), "2": ("rules", "red")})
TRADING = words({"0": ("goes on", "green"), "1": ("trading paused", "red")})
OUTCOME = words(
    {"cleared": ("cleared", "green"), "shared": ("shared", "green"), "no_trade": ("no trade", "blue"),
     "no_market": ("no market", "red")}
)  # fmt: skip
