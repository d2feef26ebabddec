"""The data source that all panels and alerts read, as Grafana is told of it."""

from typing import Any

from grafana_foundation_sdk.models.dashboard import DataSourceRef

UID = "hearthgrid"
URL_VARIABLE = "HEARTHGRID_INFLUX_URL"
BUCKET_VARIABLE = "HEARTHGRID_INFLUX_BUCKET"
TOKEN_FILE = "/run/secrets/influx_read_token"


def reference() -> DataSourceRef:
    """How a panel, a variable or an alert names the data source."""
    return DataSourceRef(type_val="influxdb", uid=UID)


def provisioned() -> dict[str, Any]:
    """The provisioning file of the data source: InfluxQL on a bucket of InfluxDB 2.

    Grafana itself fills in `$VARIABLE` and `$__file{PATH}`: the file holds no secret. InfluxDB 2 answers InfluxQL for
    a bucket under the bucket's own name without further set-up.
    Source: Grafana documentation, "Configure the InfluxDB data source"; InfluxDB 2.7 documentation, "Query data with
    InfluxQL".
    """
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Hearthgrid",
                "uid": UID,
                "type": "influxdb",
                "access": "proxy",
                "url": f"${URL_VARIABLE}",
                "database": f"${BUCKET_VARIABLE}",  # read by Grafana before 9.4 and by exports
                "isDefault": True,
                "editable": False,
                "jsonData": {
                    "version": "InfluxQL",
                    "dbName": f"${BUCKET_VARIABLE}",
                    "httpMode": "GET",
                    "timeInterval": "10s",
                    "httpHeaderName1": "Authorization",
                },
                "secureJsonData": {"httpHeaderValue1": f"Token $__file{{{TOKEN_FILE}}}"},
            }
        ],
    }
