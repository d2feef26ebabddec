"""The broker's configuration: one TOML file, unknown keys are errors, everything that is wrong is said at once."""

import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from broker.clearing.outcome import Role
from broker.clearing.preferences import preferences_text
from broker.io.member_config import MemberSettings
from broker.io.network_config import TimedNetworkSettings
from broker.io.page_config import PageSettings
from broker.io.regulation_config import RegulationSettings
from broker.io.settlement_config import SettlementSettings
from broker.io.stage_config import KINDS, StageSettings, calendar_findings, live_mechanism, sealed_problem
from broker.io.storage_config import StorageSettings, storage_findings
from broker.io.tariff_config import ConstantSettings, CsvSettings, TimeOfUseSettings
from broker.io.telemetry_config import TelemetrySettings
from broker.market.events import Enrolled, NetworkAgreed
from broker.market.terms import Terms
from broker.settlement.as_delivered import AS_TRADED
from broker.settlement.regulation import NOTHING, Regulation
from broker.sharing.roles import roles_text
from tls import TlsFileError, TlsFiles, client_tls
from wire.fields import Community, Id
from wire.messages import StageKind
from wire.slots import ALLOWED_MINUTES

DONATION = "energy_donation"


class ConfigError(Exception):
    """A configuration that cannot be used; `findings` hold one line each with file, key, what is wrong and remedy."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


SHORT_FORM = ("stage", "mechanism", "gate_lead_s", "horizon_slots", "k_permille", "sealed", "reveal_within_s")


class MarketSettings(_Table):
    """The rules of the community, as in `broker.market.terms.Terms`.

    `stage`, `mechanism`, `gate_lead_s`, `horizon_slots`, `k_permille`, `sealed` and `reveal_within_s` are the short
    form of a calendar with one intraday stage; `[[market.stages]]` lists a calendar of several.
    """

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
    path_rounds_max: int = Field(default=20, ge=1, le=10_000)
    blocks_max: int = Field(default=20, ge=0, le=1_000)
    sealed: bool = False
    reveal_within_s: int = Field(default=20, ge=1, le=3_600)
    stages: tuple[StageSettings, ...] = ()

    @field_validator("slot_minutes")
    @classmethod
    def _divides_an_hour(cls, value: int) -> int:
        if value not in ALLOWED_MINUTES:
            raise ValueError(f"a slot of {value} min does not divide an hour: use one of {ALLOWED_MINUTES}")
        return value

    @field_validator("mechanism")
    @classmethod
    def _exists(cls, value: str) -> str:
        return live_mechanism(value)

    @model_validator(mode="after")
    def _can_be_sealed(self) -> Self:
        problem = sealed_problem(
            self.mechanism, is_sealed=self.sealed, reveal_within_s=self.reveal_within_s, gate_lead_s=self.gate_lead_s
        )
        if problem is not None:
            raise ValueError(problem)
        return self

    def findings(self) -> list[str]:
        """What does not hold between the keys, each with key, problem and remedy."""
        stages = [settings.as_stage() for settings in self.stages]
        found = [
            f"market.stages{'' if place is None else f'[{place}]'}: {problem}"
            for place, problem in calendar_findings(stages)
        ]
        both = [key for key in SHORT_FORM if key in self.model_fields_set] if stages else []
        return found + [f"market.{key}: stands beside [[market.stages]]; say it in the stage itself" for key in both]


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
    frames_per_meter_max: int = Field(default=400, ge=1, le=100_000)
    kilobytes_per_slot_max: int = Field(default=8_000, ge=100, le=1_000_000)
    outgoing_max: int = Field(default=500_000, ge=1_000, le=10_000_000)
    batch_frames: int = Field(default=500, ge=1, le=10_000)


class PrivacySettings(_Table):
    """`people_kept_days` after a revocation who the member was is erased; None: by `forget-member` alone.

    Journal and records older than `records_kept_days` are erased once a day; None: they stay.
    """

    people_kept_days: int | None = Field(default=None, ge=1, le=36_500)
    records_kept_days: int | None = Field(default=None, ge=1, le=36_500)


class BrokerConfig(_Table):
    """Everything that `community-broker run` needs."""

    community: Community
    state_dir: Path = Path("state")
    market: MarketSettings = MarketSettings()
    settlement: SettlementSettings = SettlementSettings()
    storage: StorageSettings | None = None
    regulation: RegulationSettings | None = None
    mqtt: MqttSettings = MqttSettings()
    clock: ClockSettings = ClockSettings()
    queue: QueueSettings = QueueSettings()
    privacy: PrivacySettings = PrivacySettings()
    page: PageSettings = PageSettings()
    network: TimedNetworkSettings = TimedNetworkSettings()
    telemetry: TelemetrySettings | None = None
    tariff: Annotated[ConstantSettings | TimeOfUseSettings | CsvSettings, Field(discriminator="kind")]
    members: tuple[MemberSettings, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for key in ("meter", "public_key"):
            counts = Counter(getattr(member, key) for member in self.members)
            twice = sorted(value for value, count in counts.items() if count > 1)
            if twice:
                raise ValueError(f"members: {key} {', '.join(twice)} stands more than once: keep one entry each")
        both = sorted({m.meter for m in self.members} & {m.gateway for m in self.members})
        if both:
            raise ValueError(f"members: {', '.join(both)} is a meter and a gateway: rename the gateway")
        return self

    @model_validator(mode="after")
    def _network_fits_the_members(self) -> Self:
        problems = self.network.unknown_meters(member.meter for member in self.members)
        if problems:
            raise ValueError(f"network: {'; '.join(problems)}: every member in one zone, and only members")
        problem = self.network.file_problem(member.meter for member in self.members)
        if problem is not None:
            raise ValueError(f"network: {problem}")
        return self

    def enrolments(self, at_s: int) -> list[Enrolled]:
        """The members as the market enrols them."""
        keys = {"meter", "public_key", "nameplate_import_w", "nameplate_export_w", "gateway"}
        return [Enrolled(at_s=at_s, **member.model_dump(include=keys)) for member in self.members]

    def network_agreed(self, at_s: int) -> NetworkAgreed:
        """The network, the preferences and the roles of members as the market agrees on them."""
        rows = {member.meter: row for member in self.members if (row := member.preference_row()) is not None}
        return NetworkAgreed(
            at_s=at_s, network=self.network.text(), preferences=preferences_text(rows), roles=roles_text(self.roles())
        )

    def roles(self) -> dict[str, Role]:
        """The roles of the members that have one."""
        return {member.meter: role for member in self.members if (role := member.role()) != Role()}

    def terms(self) -> Terms:
        """The rules of the community for the market."""
        plain = self.market.model_dump(exclude={"stages"}) | self.settlement.model_dump()
        stages = tuple(settings.as_stage() for settings in self.market.stages)
        storage = "" if self.storage is None else self.storage.terms().text()
        return Terms(community=self.community, **plain, stages=stages, storage=storage)

    def agreed_regulation(self) -> Regulation:
        """The regulation profile."""
        return NOTHING if self.regulation is None else self.regulation.regulation()


def load(path: Path) -> BrokerConfig:
    """The configuration of a TOML file; relative paths in it start at the file's directory.

    Raises: ConfigError with every finding.
    """
    document = _read(path)
    regulation, source = document.get("regulation"), path
    if isinstance(regulation, dict) and "file" in regulation:
        source = path.parent / str(regulation["file"])
        if len(regulation) > 1:
            rest = ", ".join(sorted(regulation.keys() - {"file"}))
            raise ConfigError([f"{path}: regulation: has file and {rest}; keep the file or the keys, not both"])
        document["regulation"] = _read(source).get("regulation", {})
    try:
        config = BrokerConfig.model_validate(document, context={"directory": path.parent})
    except ValidationError as error:
        items = error.errors(include_url=False)
        raise ConfigError(
            [_finding(source if item["loc"][:1] == ("regulation",) else path, item) for item in items]
        ) from None
    files = _absolute(config.mqtt, path.parent)
    missing = [f"{path}: {finding}" for finding in (*config.market.findings(), *_between(config))]
    missing += [
        f"{path}: mqtt.{key}: {file} is no file; give an existing one"
        for key, file in files.items()
        if not file.is_file()
    ]
    missing += [] if missing else _unusable(files, path)
    if missing:
        raise ConfigError(missing)
    mqtt = config.mqtt.model_copy(update=files)
    return config.model_copy(update={"state_dir": path.parent / config.state_dir, "mqtt": mqtt})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(
            [f"{path}: {error.strerror}; give the path of a readable file (--config, regulation.file)"]
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: is not TOML: {error}; correct that line"]) from None


def _unusable(files: dict[str, Path], path: Path) -> list[str]:
    """What is wrong with the certificates that are there."""
    ca, cert, key = (files.get(name) for name in ("ca_file", "cert_file", "key_file"))
    try:
        client_tls(TlsFiles(ca_file=ca, cert_file=cert, key_file=key))
    except TlsFileError as error:
        return [f"{path}: mqtt.{error.key}: {error}"]
    return []


def _between(config: BrokerConfig) -> list[str]:
    """What does not hold between the market and its settlement, each with key, problem and remedy."""
    terms = config.terms()
    found = []
    if terms.stage_of_kind(StageKind.BALANCING) is not None and "imbalance" in config.settlement.model_fields_set:
        found.append("settlement.imbalance: stands beside a stage of kind balancing; say it in one of them")
    has_trades = any(s.takes_orders or s.kind is StageKind.BILATERAL for s in terms.trading)
    if config.settlement.allocation != AS_TRADED and not has_trades:
        found.append("settlement.allocation: nothing is traded that could be allocated; remove it, or add an auction")
    kept, least = config.privacy.records_kept_days, terms.least_kept_days
    if kept is not None and kept < least:
        found.append(
            f"privacy.records_kept_days: {kept} is less than settlements can be corrected; use at least {least}"
        )
    nameplates_w = {m.meter: (m.nameplate_import_w, m.nameplate_export_w) for m in config.members}
    found += storage_findings(config.storage, terms, nameplates_w)
    return [*found, *_donations(config, terms.balancing)]


def _donations(config: BrokerConfig, rule: str) -> list[str]:
    """What does not hold between the roles of members, the price of gifts and the balancing rule."""
    roles = config.roles()
    if rule != DONATION:
        used = [f"members: {meter} has a role" for meter in sorted(roles)]
        used += ["settlement: solidarity_micro_per_kwh is set"] if config.settlement.solidarity_micro_per_kwh else []
        return [f'{what}, but nothing is given; balance by "{DONATION}" or remove it' for what in used]
    if not roles:
        return []
    missing = [] if any(role.is_donor for role in roles.values()) else ["donates: set donates = true"]
    missing += [] if any(role.rank for role in roles.values()) else ["receives: set receives_rank = 1"]
    return [f"members: nobody {what} for a member, or remove all roles" for what in missing]


def _absolute(mqtt: MqttSettings, directory: Path) -> dict[str, Path]:
    keys = ("password_file", "ca_file", "cert_file", "key_file")
    return {key: directory / value for key in keys if (value := getattr(mqtt, key)) is not None}


_REMEDIES = {
    "extra_forbidden": ("is no known key", "remove it or correct its spelling"),
    "missing": ("is missing", "add it"),
    "union_tag_not_found": ("has no kind", "add kind = {kinds}"),
    "union_tag_invalid": ("has an unknown kind", "use kind = {kinds}"),
}
_TARIFFS = ("constant", "time_of_use", "csv")


def _finding(path: Path, item: Any) -> str:
    tags = KINDS if item["loc"][:1] == ("market",) else _TARIFFS
    where = ""
    for i, part in enumerate(item["loc"]):
        is_tag = part in tags and (isinstance(item["loc"][i - 1], int) or item["loc"][i - 1] == "tariff")
        if not is_tag:
            where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    problem, remedy = _REMEDIES.get(item["type"], (item["msg"].removeprefix("Value error, "), "correct the value"))
    remedy = remedy.format(kinds=" or ".join(f'"{tag}"' for tag in tags)) if "{kinds}" in remedy else remedy
    if item["type"] == "value_error":
        return f"{path}: {where or '(top)'}: {problem}"
    return f"{path}: {where or '(top)'}: {problem}; {remedy}"
