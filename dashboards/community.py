"""The dashboard of all members and homes of a community: the fleet."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import look
from dashboards.asking import Asker
from dashboards.influxql import INTERVAL, Query, aggregate, equals, follows, of_inner, shaped, values_of
from dashboards.measures import NANO, money, share_percent
from dashboards.page import Row, choice, compare_to, page
from dashboards.panels import NONE_YET, TODAY, alerts, chart, rows, stat, states
from wire.telemetry.community import Member, MemberMoney, Members, Rejection, SettledSlot
from wire.telemetry.house import (
    Device,
    ForecastError,
    Grid,
    HomeMoney,
    Ladder,
    Managing,
    Metering,
    PlanError,
    Planning,
)

UID = "hearthgrid-community"
SLOT = "15m"
SILENT = "Silent members"
SILENT_METERS = "Age of the newest reading, by home"
RUNGS = "Rung of the ladder, by home"
UNANSWERED = "Oldest unanswered message, by home"
ERRORS = "Forecast error of the load, by home"
ask = Asker(("community", "site", "meter"))


def community() -> Dashboard:
    """The fleet: who is silent, who gains, who draws power, whose plan does not hold."""
    return page(
        UID,
        "Community",
        "All members of a community and all homes that send telemetry: silence, money, power, plans, devices, data quality.",
        variables=[
            choice("community", "Community", "The community that is shown",
                   values_of(Members.community, Members), everything=False),
            choice("site", "Homes", "Homes that send telemetry", values_of(Grid.site, Grid)),
            choice("meter", "Meters", "Meters of these homes", values_of(Grid.meter, Grid, follows(Grid.site, "site"))),
            compare_to(),
        ],
        rows=[_status(), _money(), _power(), _plan(), _devices(), _quality()],
    )  # fmt: skip


def _status() -> Row:
    return "Status and alerts", [
        stat(
            "Members enrolled",
            "Members that may trade.",
            ask(Members, aggregate("last", Members.enrolled)), unit=look.COUNT, width=3,
        ),
        stat(
            SILENT,
            "Members that the broker has not heard for two slots. They are settled on estimates; see the alert 'Members are silent'.",
            ask(Members, aggregate("last", Members.silent)), unit=look.COUNT,
            limits=look.limits((1, "orange"), (5, "red")), width=3,
        ),
        stat(
            "Members suspended",
            "Members whose orders are refused by the operator's decision.",
            ask(Members, aggregate("last", Members.suspended)), unit=look.COUNT, limits=look.limits((1, "orange")), width=3,
        ),
        stat(
            "Worst rung of the ladder",
            "The lowest rung on which any home stood in the last hour. 'rules': a home plans no more; the rows below say which.",
            ask(Ladder, aggregate("max", Ladder.level)), unit="none", words=look.RUNG, since="1h", width=3,
        ),
        stat(
            "Silent devices",
            "Devices of all homes that did not answer in their last step.",
            _sum_of_newest(ask(Managing, aggregate("last", Managing.silent_devices).named("silent"), by=(Managing.site,)),
                           "silent"),
            unit=look.COUNT, limits=look.limits((1, "orange")), width=3,
        ),
        alerts("Alerts of the fleet", "Alerts of all homes that fire or are about to. Empty is good.", "home", width=9),
    ]  # fmt: skip


def _sum_of_newest(newest: Query, column: str) -> Query:
    return Query(source=newest, columns=(of_inner("sum", column, newest),))


def _money() -> Row:
    return "Money today", [
        stat(
            "Paid today",
            "What all members together paid for today's settled slots, negative when they earned.",
            ask(SettledSlot, money(SettledSlot.total_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET, width=6,
        ),
        stat(
            "Saved today",
            "Tariffs alone less paid, all members together.",
            ask(SettledSlot, money(SettledSlot.saved_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
            limits=look.limits((0, "green"), base="red"), width=6,
        ),
        stat(
            "Saved in 30 days",
            "The same over the last 30 days.",
            ask(SettledSlot, money(SettledSlot.saved_nano)), unit=look.MONEY, decimals=2, since="30d",
            limits=look.limits((0, "green"), base="red"), width=6,
        ),
        stat(
            "Imbalance today",
            "Energy by which members differed from their awards today, without sign. Much of the traded energy: plans do not hold.",
            ask(SettledSlot, aggregate("sum", SettledSlot.imbalance_wh)), unit=look.WATT_HOUR, decimals=1, since=TODAY,
            empty=NONE_YET, width=6,
        ),
        chart(
            "Saved so far, by home",
            "Savings of each home that sends telemetry, added up over the time shown. A home that falls pays for plans it does not keep.",
            (ask(HomeMoney, shaped("cumulative_sum", aggregate("sum", HomeMoney.saved_nano)) / NANO, by=(HomeMoney.site,),
                 every=INTERVAL), "$tag_site"),
            unit=look.MONEY, style="steps", at_least=SLOT, decimals=2,
        ),
        rows(
            "Money of members",
            "What each member paid, the tariff alone and the difference, in the time shown. Filled by a broker with "
            "`[telemetry] members = true`.",
            ask(
                MemberMoney, money(MemberMoney.total_nano).named("paid"), money(MemberMoney.tariff_nano).named("tariff alone"),
                money(MemberMoney.saved_nano).named("saved"), aggregate("sum", MemberMoney.imbalance_wh).named("imbalance"),
                by=(MemberMoney.meter,),
            ),
            units={"paid": look.MONEY, "tariff alone": look.MONEY, "saved": look.MONEY, "imbalance": look.WATT_HOUR},
            show_time=False, empty="The broker sends no points of single members",
        ),
    ]  # fmt: skip


def _power() -> Row:
    power = ask(Grid, aggregate("mean", Grid.power_w), by=(Grid.site,), every=INTERVAL)
    return "Power flow", [
        chart(
            "Power at the grid, by home",
            "Each home from the grid above 0, into it below 0. Homes that mirror each other could trade.",
            (power, "$tag_site"),
            unit=look.WATT,
            at_least="1m",
        ),
        chart(
            "Power at the grid, $compare earlier",
            "The same homes so much earlier ('Compare to' above).",
            (power, "$tag_site, earlier"),
            unit=look.WATT,
            at_least="1m",
            shift="$compare",
        ),
    ]


def _plan() -> Row:
    return "Plan against actual", [
        chart(
            "Metered less planned, by home",
            "Difference of each slot. One home far off: its forecast or a device; all at once: weather or prices.",
            (ask(PlanError, aggregate("sum", PlanError.error_wh), where=(equals(PlanError.lead, "last"),), by=(PlanError.site,),
                 every=INTERVAL), "$tag_site"),
            unit=look.WATT_HOUR, style="steps", at_least=SLOT,
        ),
        chart(
            ERRORS,
            "Mean size of the load's forecast error. A home that stays above the others has changed; its forecast learns in days.",
            (ask(ForecastError, aggregate("mean", ForecastError.abs_error_kw),
                 where=(equals(ForecastError.quantity, "load"), equals(ForecastError.lead, "last")), by=(ForecastError.site,),
                 every=INTERVAL), "$tag_site"),
            unit=look.KILOWATT, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip


def _devices() -> Row:
    return "Devices", [
        chart(
            "State of charge, by home",
            "Mean charge of the batteries and cars of each home. All full at noon or empty at night: storage is too small or herds.",
            (ask(Device, aggregate("mean", Device.soc), by=(Device.site,), every=INTERVAL), "$tag_site"),
            unit=look.FRACTION, at_least="5m", zero_based=True,
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
                aggregate("last", Managing.silent_devices).named("silent"), aggregate("last", Managing.late_s).named("late"),
                aggregate("last", Managing.plan_age_s).named("age of plan"),
                aggregate("last", Managing.history_slots).named("slots of history"), by=(Managing.site,),
            ),
            units={"late": look.SECOND, "age of plan": look.SECOND}, show_time=False,
        ),
        chart(
            "Plans that could not be made",
            "Share of plans of each home that fell back. 0 is normal; above 0: limits contradict each other or a device is missing.",
            (ask(Planning, share_percent(Planning.is_fallback), by=(Planning.site,), every=INTERVAL), "$tag_site"),
            unit=look.PERCENT, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip


def _quality() -> Row:
    return "Data quality", [
        chart(
            SILENT_METERS,
            "Highest age of a reading in each interval. Above the line a meter counts as silent.",
            (ask(Metering, aggregate("max", Metering.reading_age_s), by=(Metering.site,), every=INTERVAL), "$tag_site"),
            unit=look.SECOND, at_least="1m", zero_based=True, limits=look.limits((120, "red"), base="text"), width=8,
        ),
        chart(
            UNANSWERED,
            "Age of the oldest message without a receipt. All homes at once: the broker or its MQTT server; one: its network.",
            (ask(Metering, aggregate("max", Metering.oldest_unanswered_s), by=(Metering.site,), every=INTERVAL), "$tag_site"),
            unit=look.SECOND, at_least="1m", zero_based=True, limits=look.limits((1800, "red"), base="text"), width=8,
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
                Member, aggregate("last", Member.silent_s).named("silent for"), aggregate("last", Member.is_silent).named("silent"),
                by=(Member.meter,),
            ),
            units={"silent for": look.SECOND}, words={"silent": look.YES_IS_BAD}, show_time=False,
            empty="The broker sends no points of single members",
        ),
        rows(
            "Rejected messages",
            "Messages refused in the time shown, by kind and code. The protocol has a hint for each code.",
            ask(Rejection, aggregate("sum", Rejection.rejections).named("messages"), by=(Rejection.message, Rejection.code)),
            units={"messages": look.COUNT}, show_time=False, empty="None in this time",
        ),
    ]  # fmt: skip
