"""`[meter]` and `[mqtt]` of a home's configuration: where its meter is read, and how a template is bound to it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo, field_validator

from hems.site.config_fields import FilePath, Id, Port, Table, whole

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
Topic = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^+#\x00]+$")]
MapName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
TemplateName = Annotated[str, Field(pattern=r"^([a-z0-9-]{1,40}|[^\x00]{1,300}\.toml)$")]  # or a file of one's own
Place = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^+#\x00]+$")]


class ValueTable(Table):
    """`value.<quantity>`: keys of a template's value that differ on this device; left out, the template's hold."""

    topic: Topic | None = None
    path: str | None = None
    unit: str | None = None
    sign: Annotated[Literal[1, -1] | None, BeforeValidator(lambda v: v if v is None else whole(v))] = None
    array: Literal["refuse", "sum"] | None = None
    channel: Annotated[int, Field(ge=0, le=63)] | None = None
    unit_path: str | None = None
    constant: float | None = None

    def given(self) -> dict[str, object]:
        """The keys that were given."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class MqttTable(Table):
    """`[mqtt]`: the server on which the home's own meters and devices speak; never the community's.

    `tls` trusts the authorities of the system, `ca_file` those of a file.
    """

    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password_file: FilePath | None = None
    tls: bool = False
    ca_file: FilePath | None = None

    @field_validator("password_file")
    @classmethod
    def _has_a_user(cls, password_file: Path | None, info: ValidationInfo) -> Path | None:
        if password_file is not None and info.data.get("username") is None:
            raise ValueError("needs username beside it")
        return password_file


class ModbusMeterTable(Table):
    """A meter over Modbus TCP: SunSpec, found by walking its models, or a register map of a maker."""

    kind: Literal["modbus"] = "modbus"
    host: str = "127.0.0.1"
    port: Port = 502
    device_id: Annotated[int, Field(ge=1, le=247)] = 1
    power_sign: Annotated[Literal[1, -1], BeforeValidator(whole)] = 1
    map: MapName = "sunspec"


class MqttMeterTable(Table):
    """A meter over MQTT: the template of its kind (a name, or a TOML file of one's own), and a topic of it."""

    kind: Literal["mqtt"]
    template: TemplateName
    topic: Topic | None = None
    fill: dict[Id, Place] = Field(default_factory=dict)
    max_age_s: Annotated[int, Field(ge=5, le=7200)] | None = None
    value: dict[Quantity, ValueTable] = Field(default_factory=dict)


class P1MeterTable(Table):
    """A smart meter's P1 port: a serial device, or the host and port of a serial server."""

    kind: Literal["p1"]
    version: Literal["v2", "v3", "v4", "v5", "belgium", "sweden"] = "v5"
    host: str | None = None
    port: Port = 23
    serial: str | None = None
    max_age_s: Annotated[int, Field(ge=5, le=7200)] = 60

    @field_validator("serial")
    @classmethod
    def _has_one_place(cls, serial: str | None, info: ValidationInfo) -> str | None:
        if "host" in info.data and (serial is None) == (info.data["host"] is None):
            raise ValueError('give serial = "/dev/ttyUSB0", or host and port of a serial server, one of them')
        return serial


def _kind(given: object) -> str:
    """The kind of a meter; files of earlier releases do not name it."""
    kind = given.get("kind", "modbus") if isinstance(given, dict) else getattr(given, "kind", "modbus")
    return kind if isinstance(kind, str) else "modbus"


MeterTable = Annotated[
    Annotated[ModbusMeterTable, Tag("modbus")]
    | Annotated[MqttMeterTable, Tag("mqtt")]
    | Annotated[P1MeterTable, Tag("p1")],
    Discriminator(
        _kind, custom_error_type="meter_kind", custom_error_message='kind has to be "modbus", "mqtt" or "p1"'
    ),
]
