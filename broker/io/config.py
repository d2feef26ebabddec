"""The broker's configuration: one TOML file, unknown keys are errors, everything that is wrong is said at once."""

import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from broker.io.tariff_config import ConstantSettings, CsvSettings, TimeOfUseSettings
from broker.market.terms import Terms
from broker.mechanisms.catalogue import LIVE
from wire.fields import Community, Hex32, Id
from wire.slots import ALLOWED_MINUTES

NAMEPLATE_W_MAX = 10_000_000


class ConfigError(Exception):
    """A configuration that cannot be used; `findings` hold one line each with file, key, what is wrong and remedy."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MarketSettings(_Table):
    """The rules of the community, as in `broker.market.terms.Terms`."""

    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    slot_minutes: int = 15
    stage: Id = "intraday"
    mechanism: str = "uniform_price_k_double_auction"
    gate_lead_s: int = Field(default=60, ge=0, le=86_400)
    horizon_slots: int = Field(default=96, ge=1, le=1_000)
    k_permille: int = Field(default=500, ge=0, le=1_000)
    steps_max: int = Field(default=60, ge=1, le=200)
    messages_per_slot_max: int = Field(default=20, ge=1, le=10_000)
    report_within_s: int = Field(default=900, ge=0, le=7 * 86_400)
    group_min: int = Field(default=10, ge=1, le=1_000_000)
    sealed: bool = False
    reveal_within_s: int = Field(default=20, ge=1, le=3_600)

    @field_validator("slot_minutes")
    @classmethod
    def _divides_an_hour(cls, value: int) -> int:
        if value not in ALLOWED_MINUTES:
            raise ValueError(f"a slot of {value} min does not divide an hour: use one of {ALLOWED_MINUTES}")
        return value

    @field_validator("mechanism")
    @classmethod
    def _exists(cls, value: str) -> str:
        if value not in LIVE:
            raise ValueError(f"there is no mechanism {value!r}: use one of {', '.join(LIVE)}")
        return value

    @model_validator(mode="after")
    def _clears_before_the_slot(self) -> Self:
        if self.sealed and self.reveal_within_s >= self.gate_lead_s:
            raise ValueError("a sealed market clears before its slot: set reveal_within_s below gate_lead_s")
        return self


class MqttSettings(_Table):
    """The MQTT server; the password stands in a file, never in the configuration."""

    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65_535)
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=120)


class ClockSettings(_Table):
    """`system`: the machine's clock; `driven`: a coordinator announces virtual time (accelerated demos, tests)."""

    mode: Literal["system", "driven"] = "system"


class QueueSettings(_Table):
    """Bounds of the frames that wait to be handled and of the messages that wait to be sent."""

    frames_max: int = Field(default=50_000, ge=10, le=1_000_000)
    megabytes_max: int = Field(default=64, ge=1, le=4_096)
    frames_per_meter_max: int = Field(default=200, ge=1, le=100_000)
    outgoing_max: int = Field(default=500_000, ge=1_000, le=10_000_000)
    batch_frames: int = Field(default=500, ge=1, le=10_000)


class MemberSettings(_Table):
    """An enrolled meter: its public key and the nameplate power of its connection [W]."""

    meter: Id
    public_key: Hex32
    nameplate_import_w: int = Field(ge=0, le=NAMEPLATE_W_MAX)
    nameplate_export_w: int = Field(ge=0, le=NAMEPLATE_W_MAX)


class BrokerConfig(_Table):
    """Everything that `community-broker run` needs."""

    community: Community
    state_dir: Path = Path("state")
    market: MarketSettings = MarketSettings()
    mqtt: MqttSettings = MqttSettings()
    clock: ClockSettings = ClockSettings()
    queue: QueueSettings = QueueSettings()
    tariff: Annotated[ConstantSettings | TimeOfUseSettings | CsvSettings, Field(discriminator="kind")]
    members: tuple[MemberSettings, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for key in ("meter", "public_key"):
            counts = Counter(getattr(member, key) for member in self.members)
            twice = sorted(value for value, count in counts.items() if count > 1)
            if twice:
                raise ValueError(f"members: {key} {', '.join(twice)} stands more than once: keep one entry each")
        return self

    def terms(self) -> Terms:
        """The rules of the community for the market."""
        return Terms(community=self.community, **self.market.model_dump())


def load(path: Path) -> BrokerConfig:
    """The configuration of a TOML file; relative paths in it start at the file's directory.

    Raises: ConfigError with every finding.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}; give the path of a readable file with --config"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: is not TOML: {error}; correct that line"]) from None
    try:
        config = BrokerConfig.model_validate(document, context={"directory": path.parent})
    except ValidationError as error:
        raise ConfigError([_finding(path, item) for item in error.errors(include_url=False)]) from None
    files = _absolute(config.mqtt, path.parent)
    missing = [
        f"{path}: mqtt.{key}: {file} is no file; give an existing one"
        for key, file in files.items()
        if not file.is_file()
    ]
    if missing:
        raise ConfigError(missing)
    mqtt = config.mqtt.model_copy(update=files)
    return config.model_copy(update={"state_dir": path.parent / config.state_dir, "mqtt": mqtt})


def _absolute(mqtt: MqttSettings, directory: Path) -> dict[str, Path]:
    keys = ("password_file", "ca_file", "cert_file", "key_file")
    return {key: directory / value for key in keys if (value := getattr(mqtt, key)) is not None}


_REMEDIES = {
    "extra_forbidden": ("is no known key", "remove it or correct its spelling"),
    "missing": ("is missing", "add it"),
    "union_tag_not_found": ("has no kind", 'add kind = "constant", "time_of_use" or "csv"'),
    "union_tag_invalid": ("has an unknown kind", 'use kind = "constant", "time_of_use" or "csv"'),
}


def _finding(path: Path, item: Any) -> str:
    tags = ("constant", "time_of_use", "csv")
    where = ""
    for part in item["loc"]:
        if part not in tags:
            where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    problem, remedy = _REMEDIES.get(item["type"], (item["msg"].removeprefix("Value error, "), "correct the value"))
    if item["type"] == "value_error":
        return f"{path}: {where or '(top)'}: {problem}"
    return f"{path}: {where or '(top)'}: {problem}; {remedy}"
