"""Writes the generated parts of the documents: `python scripts/documents.py`. A test compares them with the code.

A generated part stands between `<!-- begin NAME -->` and `<!-- end NAME -->`.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from broker.commands.doctor_checks.catalogue import community_checks  # noqa: E402
from broker.commands.doctor_checks.community_place import community_at  # noqa: E402
from broker.io.config import BrokerConfig  # noqa: E402
from broker.market.sessions.session import diagram  # noqa: E402
from broker.mechanisms.catalogue import MECHANISMS  # noqa: E402
from conformance.command import judged_numbers  # noqa: E402
from conformance.requirements import GROUPS, REQUIREMENTS  # noqa: E402
from doctor.report import catalogue  # noqa: E402
from hems.commands.doctor_checks.catalogue import home_checks  # noqa: E402
from hems.commands.doctor_checks.home_place import home_at  # noqa: E402
from hems.io.map_files import map_names, register_map  # noqa: E402
from hems.io.template_files import template, template_names  # noqa: E402
from hems.site.config import HomeConfig  # noqa: E402
from meter_firmware_sim.config import SimulatorConfig  # noqa: E402
from wire.telemetry import MEASUREMENTS, Measurement  # noqa: E402

Schema = dict[str, Any]


def slot_states() -> str:
    """The states of a slot as a Mermaid diagram."""
    return f"```mermaid\n{diagram()}\n```"


def mechanisms() -> str:
    """The table of the market mechanisms; each name leads to its page."""
    names = ("name", "live", "budget balance", "individually rational", "truthful", "welfare", "source")
    rows: list[tuple[str, ...]] = [names, ("---",) * len(names)]
    for m in MECHANISMS.values():
        promises = (m.budget_balance, m.individual_rationality, m.truthfulness, m.welfare)
        rows.append((f"[`{m.name}`](markets/{m.name}.md)", "yes" if m.is_offered else "no", *promises, m.source))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def protocol_requirements() -> str:
    """The numbered requirements of the protocol by group, with whose runs of the test kit judge each."""
    judged = judged_numbers()
    parts = []
    for group in GROUPS:
        rows = [
            f'| <a id="{s.id.lower()}"></a>{s.id} | {s.subject.value} | {s.text} | {judged.get(s.id, "no")} |'
            for s in group.requirements
        ]
        head = [
            f"### {group.title}",
            "",
            "| number | who | what has to hold | judged in a run against |",
            "|---|---|---|---|",
        ]
        parts.append("\n".join([*head, *rows]))
    parts.append(f"{len(REQUIREMENTS)} requirements, {len(judged)} of them judged by the test kit.")
    return "\n\n".join(parts)


def meter_templates() -> str:
    """The table of the templates for meters and devices on MQTT."""
    rows = ["| name | device | is | topic, for example | tells |", "|---|---|---|---|---|"]
    for found in (template(name) for name in template_names()):
        tells = ", ".join(f"`{v.quantity}`" for v in found.value if not v.quantity.startswith("voltage"))
        note = f"<br>{found.note}" if found.note else ""
        rows.append(
            f"| `{found.name}` | {found.title}{note} | {', '.join(found.roles)} | `{found.example}` | {tells} |"
        )
    return "\n".join(rows)


def register_maps() -> str:
    """The table of the register maps for Modbus meters."""
    rows = ["| name | meter | registers | word order | source |", "|---|---|---|---|---|"]
    for found in (register_map(name) for name in map_names()):
        note = f"<br>{found.note}" if found.note else ""
        order = found.word_order.replace("_", " ")
        rows.append(f"| `{found.name}` | {found.title}{note} | {found.registers} | {order} | {found.source} |")
    return "\n".join(rows)


def configuration(model: type[BaseModel]) -> str:
    """Every table and key of a configuration file, with what each takes and its default."""
    schema = model.model_json_schema(by_alias=True)
    return "\n\n".join(_sections("", schema, schema.get("$defs", {})))


def _sections(path: str, schema: Schema, tables: Schema) -> list[str]:
    """One section for the plain keys of a table, then one for each table inside it."""
    plain, inner = [], []
    required = schema.get("required", [])
    for key, found in schema["properties"].items():
        name, nested = f"{path}.{key}".strip("."), _tables_of(found, tables)
        if not nested and "const" not in found:
            plain.append(f"| `{key}` | {_takes(found, tables)} | {_default(key, found, required)} |")
        for table in nested:
            title = f"[[{name}]]" if _is_list(found) else f"[{name}]"
            inner.append((f"{title}{_kind_of(table)}", name, table))
    title = [] if not plain else ["\n".join(["| key | takes | default |", "|---|---|---|", *plain])]
    for heading, name, table in inner:
        first, *rest = _sections(name, table, tables) or ["no keys"]
        title += [f"**`{heading}`**\n\n{first}", *rest]
    return title


def _tables_of(found: Schema, tables: Schema) -> list[Schema]:
    options = _options(found.get("items", found))
    return [tables[o["$ref"].rsplit("/", 1)[1]] for o in options if "$ref" in o and _is_table(o, tables)]


def _options(found: Schema) -> list[Schema]:
    """What a value may be, kinds of kinds as well."""
    inner = found.get("oneOf") or found.get("anyOf")
    return [found] if inner is None else [option for part in inner for option in _options(part)]


def _is_table(option: Schema, tables: Schema) -> bool:
    return "properties" in tables[option["$ref"].rsplit("/", 1)[1]]


def _is_list(found: Schema) -> bool:
    return found.get("type") == "array"


def _kind_of(table: Schema) -> str:
    kind = table["properties"].get("kind", {}).get("const")
    return f' kind = "{kind}"' if kind else ""


def _default(key: str, found: Schema, required: list[str]) -> str:
    if key in required:
        return "has to be given"
    value = found.get("default")
    if value is None:
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _takes(found: Schema, tables: Schema) -> str:
    """What a key takes; an exact decimal, which may also come as text, counts as a number."""
    options = [o for o in found.get("anyOf", [found]) if o.get("type") != "null"]
    numbers = [o for o in options if o.get("type") == "number"]
    return " or ".join(_one(option, tables) for option in numbers or options)


def _one(found: Schema, tables: Schema) -> str:
    if "$ref" in found:
        return _one(tables[found["$ref"].rsplit("/", 1)[1]], tables)
    if "enum" in found:
        return ", ".join(f"`{value}`" for value in found["enum"])
    if _is_list(found):
        return f"list of: {_one(found['items'], tables)}"
    low = found.get("minimum", found.get("exclusiveMinimum"))
    high = found.get("maximum", found.get("exclusiveMaximum"))
    above = "above " if "exclusiveMinimum" in found else ""
    limits = f" {above}{_number(low)} to {_number(high)}" if low is not None and high is not None else ""
    if "pattern" in found:
        escaped = found["pattern"].replace("|", "\\|")
        return f"text `{escaped}`"
    kind = found["format"] if found.get("format") in ("path", "date", "date-time") else found.get("type", "value")
    words = {
        "date-time": "date and time with its zone",
        "integer": "whole number",
        "string": "text",
        "boolean": "true or false",
        "object": "table",
    }
    return words.get(kind, kind) + limits


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


NOWHERE = Path("nowhere.toml")


def telemetry() -> str:
    """Every measurement with its tags and fields."""
    return "\n\n".join(_measurement(measurement) for measurement in MEASUREMENTS)


def _measurement(measurement: type[Measurement]) -> str:
    words = " ".join((measurement.__doc__ or "").split())
    rows = [f"| `{tag.name}` | tag | {tag.meaning} |" for tag in measurement.tags.values()]
    rows += [
        f"| `{field.name}` | {' '.join(filter(None, (field.kind, field.unit)))} | {field.meaning} |"
        for field in measurement.fields.values()
    ]
    head = f"**`{measurement.name}`** ({measurement.writer}, at its {measurement.stamp}): {words}"
    return "\n".join([head, "", "| name | type and unit | meaning |", "|---|---|---|", *rows])


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "slot states": ("docs/architecture.md", slot_states),
    "mechanisms": ("docs/markets.md", mechanisms),
    "protocol requirements": ("docs/protocol/specification.md", protocol_requirements),
    "home checks": ("docs/doctor.md", lambda: catalogue(home_checks(home_at(NOWHERE, 0)))),
    "community checks": ("docs/doctor.md", lambda: catalogue(community_checks(community_at(NOWHERE, 0)))),
    "meter templates": ("docs/meters.md", meter_templates),
    "register maps": ("docs/meters.md", register_maps),
    "telemetry": ("docs/telemetry.md", telemetry),
    "home configuration": ("docs/configuration.md", lambda: configuration(HomeConfig)),
    "broker configuration": ("docs/configuration.md", lambda: configuration(BrokerConfig)),
    "simulator configuration": ("docs/configuration.md", lambda: configuration(SimulatorConfig)),
}


def filled(text: str, name: str, content: str) -> str:
    """The text with one generated part replaced.

    Raises: ValueError when the text has no such part.
    """
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no part {name!r}: add {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def main() -> None:
    """Rewrites every generated part."""
    for name, (file, content) in PARTS.items():
        path = ROOT / file
        path.write_text(filled(path.read_text("utf-8"), name, content()), "utf-8")


if __name__ == "__main__":
    main()
