"""The tariff tables of the configuration and the price sources they stand for."""

from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from broker.io.config_table import Table
from broker.io.tariff import PRICE_MAX, ConstantTariff, CsvTariff, Period, TariffFileError, TimeOfUseTariff, micro
from broker.market.terms import OutsidePrices

Price = Annotated[Decimal, Field(ge=-PRICE_MAX, le=PRICE_MAX, allow_inf_nan=False)]
WEEKDAYS = {"all": range(7), "weekday": range(5), "weekend": range(5, 7)}


class ConstantSettings(Table):
    """One price for import and one for export, in currency per kWh."""

    kind: Literal["constant"]
    import_price_per_kwh: Price
    export_price_per_kwh: Price

    def source(self) -> ConstantTariff:
        """The price source."""
        return ConstantTariff(OutsidePrices(micro(self.import_price_per_kwh), micro(self.export_price_per_kwh)))


class PeriodSettings(Table):
    """One row of a time-of-use table; `to` of 00:00 means the end of the day."""

    start: str = Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    end: str = Field(alias="to", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    days: Literal["all", "weekday", "weekend"] = "all"
    import_price_per_kwh: Price
    export_price_per_kwh: Price

    def period(self) -> Period:
        """The row as the tariff uses it."""
        return Period(
            start=time.fromisoformat(self.start),
            end=time.fromisoformat(self.end),
            weekdays=frozenset(WEEKDAYS[self.days]),
            outside=OutsidePrices(micro(self.import_price_per_kwh), micro(self.export_price_per_kwh)),
        )


class TimeOfUseSettings(Table):
    """Prices by local time of day; the first row that covers a slot's start holds."""

    kind: Literal["time_of_use"]
    time_zone: str
    periods: tuple[PeriodSettings, ...] = Field(min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"there is no time zone {value!r}: use a name like Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        gap = self.source().gap()
        if gap is not None:
            day = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[gap[0]]
            raise ValueError(f"no period covers {day} {gap[1]:%H:%M}: add one, the whole week needs prices")
        return self

    def source(self) -> TimeOfUseTariff:
        """The price source."""
        return TimeOfUseTariff(ZoneInfo(self.time_zone), [row.period() for row in self.periods])


class CsvSettings(Table):
    """A CSV file (or .csv.gz) with the columns time_utc, import_price_per_kwh, export_price_per_kwh."""

    kind: Literal["csv"]
    file: Path

    @field_validator("file")
    @classmethod
    def _can_be_read(cls, value: Path, info: ValidationInfo) -> Path:
        path: Path = (info.context or {}).get("directory", Path()) / value
        try:
            CsvTariff(path)
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror or error}: give an existing file") from None
        except TariffFileError as error:
            raise ValueError(str(error)) from None
        return path

    def source(self) -> CsvTariff:
        """The price source."""
        return CsvTariff(self.file)
