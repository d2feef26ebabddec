"""The broker's configuration: unknown keys are errors, and what does not fit together is said with its remedy."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from broker.clearing.outcome import Role
from broker.clearing.preferences import preferences_text
from broker.io.config_table import Table
from broker.io.market_config import MarketSettings
from broker.io.member_config import MemberSettings
from broker.io.network_config import TimedNetworkSettings
from broker.io.page_config import PageSettings
from broker.io.process_config import ClockSettings, MqttSettings, PrivacySettings, QueueSettings
from broker.io.regulation_config import RegulationSettings
from broker.io.settlement_config import SettlementSettings
from broker.io.storage_config import StorageSettings, storage_findings
from broker.io.tariff_config import ConstantSettings, CsvSettings, TimeOfUseSettings
from broker.io.telemetry_config import TelemetrySettings
from broker.market.events import Enrolled, NetworkAgreed
from broker.market.terms import Terms
from broker.settlement.as_delivered import AS_TRADED
from broker.settlement.regulation import NOTHING, Regulation
from broker.sharing.roles import roles_text
from wire.fields import Community
from wire.messages import StageKind

DONATION = "energy_donation"


class BrokerConfig(Table):
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


def between_findings(config: BrokerConfig) -> list[str]:
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
