"""Terms that several dashboards show, in the units that people read."""

from dashboards.asking import Asker
from dashboards.influxql import Query, Term, aggregate, of_inner, shaped
from wire.telemetry import Field, Measurement, Tag

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


def gain(ask: Asker, measurement: type[Measurement], field: Field, *by: Tag) -> Query:
    """How much a counter grew in the time shown; a restart, where it begins at 0 again, is no fall."""
    grown = shaped("non_negative_difference", aggregate("max", field)).named("gain")
    inner = ask(measurement, grown, by=by, every="5m")
    return Query(source=inner, columns=(of_inner("sum", "gain", inner),))
