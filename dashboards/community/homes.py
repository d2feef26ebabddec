"""How homes fare, and how good their data is."""

from dashboards import look
from dashboards.charts import chart
from dashboards.community.naming import RUNGS, SILENT_METERS, SLOT, UNANSWERED, ask
from dashboards.influxql import INTERVAL, aggregate
from dashboards.measures import share_percent
from dashboards.page import Row
from dashboards.panels import rows, states
from wire.telemetry.community import Member, Members, Rejection
from wire.telemetry.house import (
    Device,
    Ladder,
    Managing,
    Metering,
    Planning,
)


def devices() -> Row:
    """One row of the dashboard."""
    return "Devices", [
        chart(
            "State of charge, by home",
            "Mean charge of the batteries and cars of each home. All full at noon or empty at night: storage "
            "is too small or herds.",
            (ask(Device, aggregate("mean", Device.soc), by=(Device.site,), every=INTERVAL), "$tag_site"),
            unit=look.FRACTION, home=True, at_least="5m", zero_based=True,
        ),
        states(
            RUNGS,
            "Rung of the fallback ladder over time. 'rules' that last: read the log of that home's energy manager.",
            (ask(Ladder, aggregate("last", Ladder.level), by=(Ladder.site,), every=INTERVAL), "$tag_site"),
            words=look.RUNG, at_least="5m",
        ),
        rows(
            "Energy managers now",
            "Devices, silent devices, longest delay and age of the plan of each home.",
            ask(
                Managing, aggregate("last", Managing.devices).named("devices"),
                aggregate("last", Managing.silent_devices).named("silent"),
                aggregate("last", Managing.late_s).named("late"),
                aggregate("last", Managing.plan_age_s).named("age of plan"),
                aggregate("last", Managing.history_slots).named("slots of history"), by=(Managing.site,),
            ),
            units={"late": look.SECOND, "age of plan": look.SECOND}, show_time=False,
        ),
        chart(
            "Plans that could not be made",
            "Share of plans of each home that fell back. 0 is normal; above 0: limits contradict each other or "
            "a device is missing.",
            (ask(Planning, share_percent(Planning.is_fallback), by=(Planning.site,), every=INTERVAL), "$tag_site"),
            unit=look.PERCENT, home=True, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip


def quality() -> Row:
    """One row of the dashboard."""
    return "Data quality", [
        chart(
            SILENT_METERS,
            "Highest age of a reading in each interval. Above the line a meter counts as silent.",
            (ask(Metering, aggregate("max", Metering.reading_age_s), by=(Metering.site,), every=INTERVAL),
             "$tag_site"),
            unit=look.SECOND, home=True, at_least="1m", zero_based=True, limit=120, width=8,
        ),
        chart(
            UNANSWERED,
            "Age of the oldest message without a receipt. All homes at once: the broker or its MQTT server; "
            "one: its network.",
            (ask(Metering, aggregate("max", Metering.oldest_unanswered_s), by=(Metering.site,), every=INTERVAL),
             "$tag_site"),
            unit=look.SECOND, home=True, at_least="1m", zero_based=True, limit=1800, width=8,
        ),
        chart(
            "Members heard",
            "Members heard within two slots, and silent ones.",
            (ask(Members, aggregate("last", Members.seen), every=INTERVAL), "heard"),
            (ask(Members, aggregate("last", Members.silent), every=INTERVAL), "silent"),
            unit=look.COUNT, style="steps", at_least="1m", zero_based=True, width=8,
        ),
        rows(
            "Silence of members",
            "Since when each member was not heard. Filled by a broker with `[telemetry] members = true`.",
            ask(
                Member, aggregate("last", Member.silent_s).named("silent for"),
                aggregate("last", Member.is_silent).named("silent"),
                by=(Member.meter,),
            ),
            units={"silent for": look.SECOND}, words={"silent": look.YES_IS_BAD}, show_time=False,
            empty="The broker sends no points of single members",
        ),
        rows(
            "Rejected messages",
            "Messages refused in the time shown, by kind and code. The protocol has a hint for each code.",
            ask(Rejection, aggregate("sum", Rejection.rejections).named("messages"),
                by=(Rejection.message, Rejection.code)),
            units={"messages": look.COUNT}, show_time=False, empty="None in this time",
        ),
    ]  # fmt: skip
