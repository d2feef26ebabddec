"""The query model of Grafana's InfluxDB data source, which the sdk does not have."""

from typing import Any, Literal, Self

from grafana_foundation_sdk.cog import builder, runtime, variants
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from dashboards.influxql import Query
from dashboards.source import reference

Format = Literal["time_series", "table"]
KEYS = frozenset(
    {"refId", "datasource", "query", "rawQuery", "resultFormat", "alias", "hide", "intervalMs", "maxDataPoints"}
)


class InfluxQuery(variants.Dataquery):
    """One raw InfluxQL query of a panel or of an alert.

    Source: grafana/grafana 11.6, pkg/tsdb/influxdb/models/model_parser.go (the names of the keys).
    """

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload = payload

    def to_json(self) -> dict[str, object]:
        """The model as JSON."""
        return self.payload

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The model that a file holds.

        Raises: ValueError when a key is not one that the data source reads, or the query is missing.
        """
        unknown = set(data) - KEYS
        if unknown or not data.get("query") or data.get("rawQuery") is not True:
            raise ValueError(f"no raw InfluxQL query: unknown keys {sorted(unknown)} in {data}")
        return cls(dict(data))


class Target(builder.Builder[InfluxQuery]):
    """Builds the query of a panel. `alias` names the series: `$tag_site`, `$col` and plain text."""

    def __init__(self, query: Query, *, ref: str, alias: str | None = None, shape: Format = "time_series") -> None:
        self._model = InfluxQuery(
            {
                "refId": ref,
                "datasource": DataSourceRef.to_json(reference()),
                "query": query.text(),
                "rawQuery": True,
                "resultFormat": shape,
            }
        )
        if alias is not None:
            self._model.payload["alias"] = alias

    def build(self) -> InfluxQuery:
        """The model."""
        return self._model


def register() -> None:
    """Lets the sdk read the data source's queries with this model."""
    config = runtime.DataqueryConfig(identifier="influxdb", from_json_hook=InfluxQuery.from_json)
    runtime.register_dataquery_variant(config)
