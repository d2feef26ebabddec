"""The entities of one device: its power, energy and reason, what can be set, and its override."""

from collections.abc import Iterator

from hems.control.home_assistant.entity import Command, Entity
from hems.control.home_assistant.parts import number, option_of, power, total
from hems.control.home_assistant.topics import Topics
from hems.control.household.options import Option
from hems.control.household.overrides import actions
from hems.site.home import BatteryUnit, EvUnit, PvUnit, Unit, ZoneUnit

# every code that hems.dispatch.reason and the household's commands give
REASONS = (
    "award", "cheapest_window", "comfort", "device_limit", "failsafe", "feed_in", "grid_limit", "idle", "manual",
    "occupied", "price_high", "price_low", "reserve", "solar_surplus", "waiting",
)  # fmt: skip
SITE_WORDS = ("grid", "house", "market", "money", "override")  # ids of the site's own entities begin with them
READY_BY = r"^(([01]\d|2[0-3]):[0-5]\d)?$"


def stem(device: str) -> str:
    """How the ids of a device's entities begin; no device takes the name of an entity of the site."""
    return f"{device}-device" if device in SITE_WORDS else device


def energy_keys(unit: Unit) -> tuple[tuple[str, str], ...]:
    """Counters of a unit: the end of the entity's id, and what it is called."""
    match unit:
        case BatteryUnit():
            return (("charged", "charged"), ("discharged", "discharged"))
        case PvUnit():
            return (("generated", "generated"),)
        case _:
            return (("used", "used"),)


def device_entities(unit: Unit, known: tuple[Option, ...], topics: Topics) -> Iterator[Entity]:
    """All entities of a unit."""
    start, name = stem(unit.id), _title(unit.id)
    yield power(f"{start}_power", f"{name} power", topics, f"{start}_w")
    for key, words in energy_keys(unit):
        yield total(f"{start}_{key}", f"{name} {words}", topics, f"{start}_{key}")
    yield _reason(unit, topics)
    match unit:
        case BatteryUnit():
            yield _soc(unit, topics)
            yield _percent(unit.id, "reserve", "reserve", option_of(known, "reserve_soc", unit.id), topics)
        case EvUnit():
            yield from _car(unit, known, topics)
        case ZoneUnit():
            yield _climate(unit, known, topics)
            offset = option_of(known, "offset_k", unit.id)
            yield number(
                f"{start}_offset",
                f"{name} offset",
                topics,
                low=offset.low,
                high=offset.high,
                step=offset.step,
                unit="K",
            )
    yield from _override(unit, topics)


def device_commands(unit: Unit, known: tuple[Option, ...]) -> Iterator[tuple[str, Command]]:
    """The components of a unit that take commands, and what each is for."""
    start = stem(unit.id)
    yield f"{start}_override", Command(kind="override", device=unit.id)
    match unit:
        case BatteryUnit():
            yield f"{start}_reserve", Command(kind="percent", name="reserve_soc", device=unit.id)
        case EvUnit():
            yield f"{start}_ready_by", Command(kind="setting", name="ready_by", device=unit.id)
            if unit.capacity_kwh is not None:
                yield f"{start}_target", Command(kind="percent", name="target_soc", device=unit.id)
        case ZoneUnit():
            yield f"{start}_offset", Command(kind="setting", name="offset_k", device=unit.id)
            yield f"{start}_climate_mode", Command(kind="thermostat", name=unit.mode, device=unit.id)
            name = option_of(known, _edge(unit), unit.id).name
            yield f"{start}_climate_temperature", Command(kind="setting", name=name, device=unit.id)


def _edge(unit: ZoneUnit) -> str:
    """The temperature that a thermostat sets: the lowest of a heated room, the highest of a cooled one."""
    return "temp_min_c" if unit.mode == "heat" else "temp_max_c"


def _title(device: str) -> str:
    words = device.replace("_", " ").replace("-", " ").split() or [device]
    known = [word.upper() if word in ("pv", "ev") else word for word in words]
    return " ".join([known[0][:1].upper() + known[0][1:], *known[1:]])


def _reason(unit: Unit, topics: Topics) -> Entity:
    return Entity(
        id=f"{stem(unit.id)}_reason",
        platform="sensor",
        config={
            "name": f"{_title(unit.id)} reason",
            "device_class": "enum",
            "options": list(REASONS),
            "state_topic": topics.why(unit.id),
            "value_template": "{{ value_json.code }}",
            "json_attributes_topic": topics.why(unit.id),
        },
    )


def _soc(unit: BatteryUnit, topics: Topics) -> Entity:
    key = f"{stem(unit.id)}_soc"
    return Entity(
        id=key,
        platform="sensor",
        config={
            "name": f"{_title(unit.id)} charge",
            "device_class": "battery",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "state_topic": topics.live,
            "value_template": f"{{{{ value_json['{key}'] }}}}",
        },
    )


def _percent(device: str, key: str, words: str, option: Option, topics: Topics) -> Entity:
    return number(
        f"{stem(device)}_{key}",
        f"{_title(device)} {words}",
        topics,
        low=round(100.0 * option.low, 3),
        high=round(100.0 * option.high, 3),
        step=1.0,
        unit="%",
    )


def _car(unit: EvUnit, known: tuple[Option, ...], topics: Topics) -> Iterator[Entity]:
    start, name = stem(unit.id), _title(unit.id)
    yield Entity(
        id=f"{start}_plugged",
        platform="binary_sensor",
        config={
            "name": f"{name} plugged in",
            "device_class": "plug",
            "state_topic": topics.live,
            "value_template": f"{{{{ value_json['{start}_plugged'] }}}}",
        },
    )
    yield Entity(
        id=f"{start}_energy_needed",
        platform="sensor",
        config={
            "name": f"{name} energy needed",
            "unit_of_measurement": "kWh",
            "state_class": "measurement",
            "state_topic": topics.live,
            "value_template": f"{{{{ value_json['{start}_energy_needed'] }}}}",
        },
    )
    yield Entity(
        id=f"{start}_ready_by",
        platform="text",
        config={
            "name": f"{name} ready by",
            "min": 0,
            "max": 5,
            "pattern": READY_BY,
            "entity_category": "config",
            "state_topic": topics.settings,
            "value_template": f"{{{{ value_json['{start}_ready_by'] }}}}",
            "command_topic": topics.command(f"{start}_ready_by"),
        },
    )
    if unit.capacity_kwh is not None:
        yield _percent(unit.id, "target", "target charge", option_of(known, "target_soc", unit.id), topics)


def _climate(unit: ZoneUnit, known: tuple[Option, ...], topics: Topics) -> Entity:
    start, edge = stem(unit.id), option_of(known, _edge(unit), unit.id)
    return Entity(
        id=f"{start}_climate",
        platform="climate",
        config={
            "name": _title(unit.id),
            "modes": ["auto", unit.mode, "off"],
            "mode_state_topic": topics.settings,
            "mode_state_template": f"{{{{ value_json['{start}_climate_mode'] }}}}",
            "mode_command_topic": topics.command(f"{start}_climate_mode"),
            "temperature_state_topic": topics.settings,
            "temperature_state_template": f"{{{{ value_json['{start}_climate_temperature'] }}}}",
            "temperature_command_topic": topics.command(f"{start}_climate_temperature"),
            "current_temperature_topic": topics.live,
            "current_temperature_template": f"{{{{ value_json['{start}_temperature'] }}}}",
            "action_topic": topics.live,
            "action_template": f"{{{{ value_json['{start}_action'] }}}}",
            "min_temp": edge.low,
            "max_temp": edge.high,
            "temp_step": edge.step,
            "temperature_unit": "C",
        },
    )


def _override(unit: Unit, topics: Topics) -> Iterator[Entity]:
    start, name = stem(unit.id), _title(unit.id)
    yield Entity(
        id=f"{start}_override",
        platform="select",
        config={
            "name": f"{name} override",
            "options": ["auto", *actions(unit)],
            "state_topic": topics.settings,
            "value_template": f"{{{{ value_json['{start}_override'] }}}}",
            "command_topic": topics.command(f"{start}_override"),
        },
    )
    yield Entity(
        id=f"{start}_override_until",
        platform="sensor",
        config={
            "name": f"{name} override until",
            "device_class": "timestamp",
            "state_topic": topics.settings,
            "value_template": f"{{{{ value_json['{start}_override_until'] }}}}",
        },
    )
