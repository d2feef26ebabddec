"""The tables of a home's configuration beside its devices: home, meter, market, tariff, control, clock."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from hems.site.config_fields import FilePath, Hour, Id, Port, Positive, Table, ToHour, above, known_zone, whole
from hems.site.holidays import as_day, day_numbers
from wire.slots import ALLOWED_MINUTES


class HomeTable(Table):
    """`[home]`."""

    meter: Id
    timezone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    slot_minutes: Annotated[Literal[ALLOWED_MINUTES], BeforeValidator(whole)] = 15  # type: ignore[valid-type]
    import_limit_kw: Positive = 17.0
    export_limit_kw: Positive = 17.0
    building: Literal["home", "office"] = "home"
    holidays: tuple[Annotated[date, BeforeValidator(as_day)], ...] = Field(default=(), strict=False)
    state_dir: FilePath

    @property
    def holiday_numbers(self) -> frozenset[int]:
        """The holidays as local days since 1970."""
        return day_numbers(self.holidays)


class FlexibilityTable(Table):
    """`[market.flexibility]`: the home answers calls for flexibility, at its cost and a margin [currency/kWh]."""

    margin_per_kwh: Annotated[float, Field(ge=0, le=1000)] = 0.01


class AncillaryTable(Table):
    """`[market.ancillary]`: the home stands by for ancillary calls, its prices a margin above cost [currency/kWh]."""

    margin_per_kwh: Annotated[float, Field(ge=0, le=1000)] = 0.01


class BlocksTable(Table):
    """`[market.blocks]`: tomorrow's runs of appliances are bid for as blocks, a margin below their worth."""

    margin_per_kwh: Annotated[float, Field(ge=0, le=1000)] = 0.0


class ProposalTable(Table):
    """`[[market.contracts.proposal]]`: daily, a share of what the home plans between two local hours, to a member."""

    counterparty: Id
    side: Literal["buy", "sell"]
    from_hour: Hour
    to_hour: Annotated[Hour, above("from_hour")]
    share: Annotated[float, Field(gt=0, le=1)] = 0.5


class ContractsTable(Table):
    """`[market.contracts]`: proposals that gain at least a margin on each kWh are accepted [currency/kWh]."""

    margin_per_kwh: Annotated[float, Field(ge=0, le=1000)] = 0.01
    proposal: tuple[ProposalTable, ...] = Field(default=(), strict=False)


class StorageTable(Table):
    """`[market.storage]`: the home uses the community's storage, and bids `bid_part` of what a share is worth."""

    bid_part: Annotated[float, Field(ge=0, le=1)] = 0.5


class MarketTable(Table):
    """`[market]`: the community; without it the home only optimises against its tariff.

    `replay`: every round is cleared again by `community-broker verify`; left out, where the clock is the system's.
    The tables in it open further stages, each of which the home leaves alone without its table.
    """

    community: Id
    broker_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    replay: bool | None = None
    flexibility: FlexibilityTable | None = None
    ancillary: AncillaryTable | None = None
    blocks: BlocksTable | None = None
    contracts: ContractsTable | None = None
    storage: StorageTable | None = None

    @model_validator(mode="after")
    def _certificates_are_whole(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: give both, or none")
        if self.cert_file is not None and self.ca_file is None:
            raise ValueError("cert_file needs ca_file, by which the server is known: give the community's ca.pem")
        return self


class PricePeriod(Table):
    """`[[tariff.period]]`: prices between two local hours."""

    from_hour: Hour
    to_hour: ToHour
    import_price_per_kwh: float
    export_price_per_kwh: float


class TariffTable(Table):
    """`[tariff]`: constant prices, with periods of the day, or a CSV of time_utc and both prices."""

    file: FilePath | None = None
    import_price_per_kwh: float | None = None
    export_price_per_kwh: float = 0.0
    period: tuple[PricePeriod, ...] = Field(default=(), strict=False)

    @field_validator("import_price_per_kwh")
    @classmethod
    def _is_told(cls, price: float | None, info: ValidationInfo) -> float | None:
        if price is None and "file" in info.data and info.data["file"] is None:
            raise ValueError("give import_price_per_kwh, or file with the columns of a price CSV")
        return price


class WeatherTable(Table):
    """`[weather]`: forecasts of an Open-Meteo style service for a place, or of a CSV that something else writes."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = None
    file: FilePath | None = None
    latitude_deg: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude_deg: Annotated[float, Field(ge=-180, le=180)] | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.url is None) == (self.file is None):
            raise ValueError("give url or file, one of them; without weather leave the table out")
        if self.url is not None and (self.latitude_deg is None or self.longitude_deg is None):
            raise ValueError("a url needs latitude_deg and longitude_deg of the home")
        return self


class ControlTable(Table):
    """`[control]`: how often devices are told, how long before the gate a home plans [s], over how many futures."""

    tick_s: Annotated[int, Field(ge=1, le=60)] = 20
    plan_lead_s: Annotated[int, Field(ge=5, le=3600)] = 120
    horizon_hours: Annotated[int, Field(ge=2, le=48)] = 24
    futures: Annotated[int, Field(ge=0, le=20)] = 6


class ClockTable(Table):
    """`[clock]`: `driven` only for accelerated demos, where a coordinator announces the time."""

    mode: Literal["system", "driven"] = "system"
