"""Lengths of time of alerts, and the query that most of them ask."""

from dashboards.influxql import Query, Term
from wire.telemetry import Measurement, Tag

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def newest(measurement: type[Measurement], term: Term, *by: Tag) -> Query:
    """One value of each series over the alert's window."""
    return Query(source=measurement, columns=(term,), by=by)
