"""Sizes of a home that nobody has: a number in W where kW is asked for."""

from collections.abc import Iterator

from doctor.finding import Finding, ok, skipped, warn
from hems.commands.doctor_checks.home_place import HomePlace

KW_MAX, KWH_MAX = 400.0, 1_000.0
LARGEST = {"_kw": KW_MAX, "_kw_max": KW_MAX, "_kwh": KWH_MAX}


def sizes_are_plausible(home: HomePlace) -> Finding:
    """Whether limits and devices have sizes that a building has."""
    if home.config is None:
        return skipped("no configuration that could be read")
    found = list(_too_large("home", home.config.home))
    for device in home.config.device:
        found += _too_large(device.id, device)
    if found:
        return warn(
            "; ".join(found), remedy="give kW and kWh, not W and Wh; leave it when the building is that large"
        )
    return ok(f"nothing above {KW_MAX:g} kW or {KWH_MAX:g} kWh")


def _too_large(name: str, table: object) -> Iterator[str]:
    given: set[str] = getattr(table, "model_fields_set", set())
    for key in sorted(given):
        value = getattr(table, key)
        largest = next((most for unit, most in LARGEST.items() if key.endswith(unit)), None)
        if largest is not None and isinstance(value, int | float) and value > largest:
            yield f"{name}.{key} = {value:g}"
