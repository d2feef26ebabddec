"""The register map as Markdown, out of the same tables that encode and decode it."""

from meter_firmware_sim.faults import FAULTS
from wire.registers.device import DEVICE_MODELS, MODEL_OF_KIND, DeviceKind
from wire.registers.points import Model
from wire.registers.transactive import TRANSACTIVE


def register_tables() -> str:
    """Tables of the transactive block, the device map and the faults."""
    battery = DEVICE_MODELS[DeviceKind.BATTERY]
    kinds = ", ".join(f"{model_id} {kind.value}" for kind, model_id in MODEL_OF_KIND.items())
    return "\n".join(
        [
            f"### Model {TRANSACTIVE.id}: {TRANSACTIVE.title} (L = {TRANSACTIVE.length})",
            "",
            *_model_rows(TRANSACTIVE),
            "",
            f"### Device models {kinds} (L = {battery.length})",
            "",
            *_model_rows(battery),
            "",
            "### Faults",
            "",
            *_fault_rows(),
            "",
        ]
    )


def _model_rows(table: Model) -> list[str]:
    rows = [
        "| offset | words | name | type | unit | access | meaning |",
        "|---|---|---|---|---|---|---|",
    ]
    for point in table.points:
        access = "read, write" if point.writable else "read"
        rows.append(
            f"| {point.offset} | {point.size} | `{point.name}` | {point.kind.value} | {point.unit} "
            f"| {access} | {point.meaning} |"
        )
    return rows


def _fault_rows() -> list[str]:
    rows = ["| code | fault | parameter | default | acts on | what happens |", "|---|---|---|---|---|---|"]
    for kind, info in FAULTS.items():
        acts_on = "meter" if info.meter_only else "meter, devices"
        default = "" if info.parameter == "none" else str(info.default)
        rows.append(f"| {info.code} | `{kind.value}` | {info.parameter} | {default} | {acts_on} | {info.meaning} |")
    return rows
