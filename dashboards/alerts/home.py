"""Alerts of homes."""

from dashboards.alert import Above, Alert
from dashboards.alerts.windows import HOUR, MINUTE, newest
from dashboards.community import naming as community
from dashboards.house import naming as house
from dashboards.influxql import Query, aggregate, equals
from wire.telemetry.house import ForecastError, Ladder, Managing, Metering

HOME = (
    Alert(
        title="Meter silent",
        severity="critical",
        area="home",
        query=newest(Metering, aggregate("min", Metering.reading_age_s), Metering.site, Metering.meter),
        window_s=5 * MINUTE,
        reduce="last",
        fires=Above(value=120),
        pending="1m",
        no_data="OK",
        summary="{{ .Labels.site }}: meter {{ .Labels.meter }} has not answered for more than 2 minutes",
        action="Look at the cable and the power of the meter, then run `hems doctor`. Devices hold safe values "
        "meanwhile.",
        panel=(house.UID, house.METER_AGE),
    ),
    Alert(
        title="Planning fell back",
        severity="warning",
        area="home",
        query=newest(Ladder, aggregate("min", Ladder.level), Ladder.site),
        window_s=30 * MINUTE,
        reduce="last",
        fires=Above(value=0),
        pending="10m",
        no_data="OK",
        summary="{{ .Labels.site }}: no fresh plan for half an hour, devices follow the last plan or fixed rules",
        action="Read the log of the energy manager; limits that contradict each other and missing devices are "
        "the usual causes.",
        panel=(community.UID, community.RUNGS),
    ),
    Alert(
        title="Devices silent",
        severity="warning",
        area="home",
        query=newest(Managing, aggregate("min", Managing.silent_devices), Managing.site),
        window_s=10 * MINUTE,
        reduce="last",
        fires=Above(value=0),
        pending="5m",
        no_data="OK",
        summary="{{ .Labels.site }}: {{ .Values.B }} devices have not answered for 10 minutes",
        action="Check power, network address and device_id of the device; `hems doctor` names it.",
        panel=(house.UID, house.SILENT_DEVICES),
    ),
    Alert(
        title="Receipts outstanding",
        severity="warning",
        area="home",
        query=newest(Metering, aggregate("min", Metering.oldest_unanswered_s), Metering.site, Metering.meter),
        window_s=10 * MINUTE,
        reduce="last",
        fires=Above(value=30 * MINUTE),
        pending="5m",
        no_data="OK",
        summary="{{ .Labels.site }}: the broker has not receipted a message for more than two slots",
        action="One home: its network or its key. All homes: the broker or its MQTT server. Nothing is lost, "
        "it is sent again.",
        panel=(community.UID, community.UNANSWERED),
    ),
    Alert(
        title="Forecast far off",
        severity="warning",
        area="home",
        query=Query(
            source=ForecastError,
            columns=(aggregate("sum", ForecastError.abs_error_kw) / aggregate("sum", ForecastError.measured_kw),),
            where=(equals(ForecastError.quantity, "load"), equals(ForecastError.lead, "last")),
            by=(ForecastError.site,),
        ),
        window_s=12 * HOUR,
        reduce="last",
        fires=Above(value=1),
        pending="30m",
        no_data="OK",
        summary="{{ .Labels.site }}: for 12 hours the load was missed by more than its own size",
        action="Something lasting changed: a device that the home does not know, guests, a swapped sign. "
        "Compare load and plan.",
        panel=(house.UID, house.FORECAST_ERROR),
    ),
)
