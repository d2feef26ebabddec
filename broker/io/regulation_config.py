"""The regulation tables of the configuration, and the profile that they stand for."""

from datetime import date, datetime, time
from decimal import Decimal
from itertools import combinations
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from broker.io.config_table import Table
from broker.io.tariff import PRICE_MAX
from broker.io.tariff_config import WEEKDAYS
from broker.settlement.regulation import WHOLE, Band, Charge, Energy, Regulation, Subscription, Tax
from wire.messages import SettlementItem
from wire.quantities import NANO_PER_UNIT
from wire.slots import epoch_s

DAY_MINUTES = 24 * 60
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
Payee = Literal["network_operator", "state", "supplier", "community"]
Label = Annotated[str, Field(min_length=1, max_length=100)]
Rate = Annotated[Decimal, Field(ge=-PRICE_MAX, le=PRICE_MAX, allow_inf_nan=False)]
Percent = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False)]
TaxedItem = Literal["award", "imbalance", "outside", "penalty", "network_charge", "levy", "fee", "tax"]


def _whole(value: Decimal, per_unit: int, digits: int) -> int:
    exact = value * per_unit
    if exact != int(exact):
        raise ValueError(f"{value} has more than {digits} decimals: round it as your law says")
    return int(exact)


def _nano(value: Decimal) -> int:
    return _whole(value, NANO_PER_UNIT, 9)


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError(f'{value} is negative: what members receive is an item = "incentive" with a positive rate')
    _nano(value)
    return value


class BandSettings(Table):
    """Another rate in some hours of the local day; `to` of 00:00 means the end of the day."""

    start: str = Field(alias="from", pattern=CLOCK)
    end: str = Field(alias="to", pattern=CLOCK)
    days: Literal["all", "weekday", "weekend"] = "all"
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = tuple(range(1, 13))
    rate_per_kwh: Rate

    _rate = field_validator("rate_per_kwh")(_not_negative)

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if self.minutes()[0] >= self.minutes()[1]:
            raise ValueError(f"{self.start} to {self.end} is no time of one day: split a band that passes midnight")
        return self

    def minutes(self) -> tuple[int, int]:
        """First and end minute of the local day."""
        start, end = (int(t[:2]) * 60 + int(t[3:]) for t in (self.start, self.end))
        return start, end or DAY_MINUTES

    def band(self, sign: int) -> Band:
        """The row as the profile uses it."""
        start, end = self.minutes()
        return Band(
            start_minute=start,
            end_minute=end,
            weekdays=tuple(WEEKDAYS[self.days]),
            months=tuple(sorted(set(self.months))),
            rate_nano_per_kwh=sign * _nano(self.rate_per_kwh),
        )


class ChargeSettings(Table):
    """A price per kWh of what a member draws or feeds in; an incentive is received, all others are paid."""

    item: Literal["network_charge", "levy", "tax", "fee", "incentive"]
    label: Label
    payee: Payee
    on: Energy
    rate_per_kwh: Rate
    local_reduction_percent: Percent = Decimal(0)
    bands: tuple[BandSettings, ...] = ()

    _rate = field_validator("rate_per_kwh")(_not_negative)

    @field_validator("local_reduction_percent")
    @classmethod
    def _two_decimals(cls, value: Decimal) -> Decimal:
        _whole(value, WHOLE // 100, 2)
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = []
        if self.local_reduction_percent and self.on.endswith("_outside"):
            wrong.append(f'local_reduction_percent changes nothing on = "{self.on}": remove it')
        bands = [(i, row.band(1)) for i, row in enumerate(self.bands)]
        wrong += [f"bands[{i}] and bands[{j}] overlap" for (i, a), (j, b) in combinations(bands, 2) if a.meets(b)]
        if wrong:
            raise ValueError(
                "; ".join(wrong) + ("" if len(wrong) == 1 and "remove" in wrong[0] else ": keep one each")
            )
        return self

    def charge(self) -> Charge:
        """The table as the profile uses it."""
        sign = -1 if self.item == "incentive" else 1
        return Charge(
            item=SettlementItem(self.item),
            label=self.label,
            payee=self.payee,
            on=self.on,
            rate_nano_per_kwh=sign * _nano(self.rate_per_kwh),
            local_reduction=int(self.local_reduction_percent * 100),
            bands=tuple(row.band(sign) for row in self.bands),
        )


class SubscriptionSettings(Table):
    """A fixed amount per local day, or per calendar month (posted on its last day)."""

    item: Literal["network_charge", "levy", "fee"] = "fee"
    label: Label
    payee: Payee
    per: Literal["day", "month"]
    amount: Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]

    @field_validator("amount")
    @classmethod
    def _is_whole_nano(cls, value: Decimal) -> Decimal:
        _nano(value)
        return value


class TaxSettings(Table):
    """A tax in percent of what a member pays for some items, such as a value added tax."""

    label: Label
    payee: Payee = "state"
    percent: Percent
    on: tuple[TaxedItem, ...] = Field(min_length=1)

    @field_validator("percent")
    @classmethod
    def _two_decimals(cls, value: Decimal) -> Decimal:
        _whole(value, WHOLE // 100, 2)
        return value


class RegulationSettings(Table):
    """What law and operators add to energy in one place, from a local day on; `source` says by which text."""

    name: Label
    valid_from: date
    source: str = Field(min_length=1, max_length=2_000)
    time_zone: str
    charges: tuple[ChargeSettings, ...] = ()
    subscriptions: tuple[SubscriptionSettings, ...] = ()
    taxes: tuple[TaxSettings, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"there is no time zone {value!r}: use a name like Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _labels_are_unique(self) -> Self:
        labels = [*(c.label for c in self.charges), *(s.label for s in self.subscriptions)]
        labels += [t.label for t in self.taxes]
        if twice := sorted({label for label in labels if labels.count(label) > 1}):
            raise ValueError(f"label {', '.join(twice)} stands more than once: a statement has to tell them apart")
        return self

    def regulation(self) -> Regulation:
        """The profile."""
        return Regulation(
            name=self.name,
            valid_from_s=epoch_s(datetime.combine(self.valid_from, time(), ZoneInfo(self.time_zone))),
            source=self.source,
            time_zone=self.time_zone,
            charges=tuple(row.charge() for row in self.charges),
            subscriptions=tuple(
                Subscription(
                    item=SettlementItem(row.item),
                    label=row.label,
                    payee=row.payee,
                    per=row.per,
                    amount_nano=_nano(row.amount),
                )
                for row in self.subscriptions
            ),
            taxes=tuple(
                Tax(
                    label=row.label,
                    payee=row.payee,
                    share=int(row.percent * 100),
                    on=tuple(SettlementItem(item) for item in row.on),
                )
                for row in self.taxes
            ),
        )
