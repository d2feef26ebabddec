"""Queries that follow the variables of their dashboard."""

from dataclasses import dataclass

from dashboards.influxql import Condition, Fill, Query, Term, follows
from wire.telemetry import Measurement, Tag


@dataclass(frozen=True, slots=True)
class Asker:
    """Makes queries of one dashboard: every tag that has a variable of the same name follows it."""

    variables: tuple[str, ...]

    def __call__(
        self,
        measurement: type[Measurement],
        *columns: Term,
        where: tuple[Condition, ...] = (),
        by: tuple[Tag, ...] = (),
        every: str | None = None,
        fill: Fill = "none",
        newest: int | None = None,
    ) -> Query:
        """The query for what the dashboard has chosen."""
        chosen = tuple(follows(tag, name) for name, tag in measurement.tags.items() if name in self.variables)
        return Query(
            source=measurement, columns=columns, where=chosen + where, by=by, every=every, fill=fill, newest=newest
        )
