"""Terms that several dashboards show, in the units that people read."""

from dashboards.influxql import Term, aggregate
from wire.telemetry import Field

NANO, MICRO, KILO = 1_000_000_000, 1_000_000, 1_000


def amount(field: Field) -> Term:
    """The sum of an amount [currency]."""
    return aggregate("sum", field) / NANO


def price(field: Field) -> Term:
    """The mean of a price [currency/kWh]."""
    return aggregate("mean", field) / MICRO


def energy_kwh(field: Field) -> Term:
    """The sum of an energy [kWh]."""
    return aggregate("sum", field) / KILO


def share_percent(field: Field) -> Term:
    """How often a yes-or-no field is yes [%]."""
    return aggregate("mean", field) * 100
