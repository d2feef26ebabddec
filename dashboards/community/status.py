"""Who is silent, and who gains."""

from dashboards import look
from dashboards.charts import chart
from dashboards.community.naming import SILENT, SLOT, ask
from dashboards.influxql import INTERVAL, Query, aggregate, of_inner, shaped
from dashboards.measures import NANO, amount
from dashboards.page import Row
from dashboards.panels import NONE_YET, TODAY, alerts, rows, stat
from wire.telemetry.community import MemberMoney, Members, SettledSlot
from wire.telemetry.house import (
    HomeMoney,
    Ladder,
    Managing,
)


def status() -> Row:
    """One row of the dashboard."""
    return "Status and alerts", [
        stat(
            "Members enrolled",
            "Members that may trade.",
            ask(Members, aggregate("last", Members.enrolled)), unit=look.COUNT, width=3,
        ),
        stat(
            SILENT,
            "Members that the broker has not heard for two slots. They are settled on estimates; see the alert "
            "'Members are silent'.",
            ask(Members, aggregate("last", Members.silent)), unit=look.COUNT,
            limits=look.limits((1, "orange"), (5, "red")), width=3,
        ),
        stat(
            "Members suspended",
            "Members whose orders are refused by the operator's decision.",
            ask(Members, aggregate("last", Members.suspended)), unit=look.COUNT, limits=look.limits((1, "orange")),
            width=3,
        ),
        stat(
            "Worst rung of the ladder",
            "The lowest rung on which any home stood in the last hour. 'rules': a home plans no more; the rows "
            "below say which.",
            ask(Ladder, aggregate("max", Ladder.level)), unit="none", words=look.RUNG, since="1h", width=3,
        ),
        stat(
            "Silent devices",
            "Devices of all homes that did not answer in their last step.",
            _sum_of_newest(ask(Managing, aggregate("last", Managing.silent_devices).named("silent"),
                by=(Managing.site,)),
                           "silent"),
            unit=look.COUNT, limits=look.limits((1, "orange")), width=3,
        ),
        alerts("Alerts of the fleet", "Alerts of all homes that fire or are about to. Empty is good.", "home",
            width=9),
    ]  # fmt: skip


def _sum_of_newest(newest: Query, column: str) -> Query:
    return Query(source=newest, columns=(of_inner("sum", column, newest),))


def money() -> Row:
    """One row of the dashboard."""
    return "Money today", [
        stat(
            "Paid today",
            "What all members together paid for today's settled slots, negative when they earned.",
            ask(SettledSlot, amount(SettledSlot.total_nano)), unit=look.MONEY, decimals=2, since=TODAY,
            empty=NONE_YET, width=6,
        ),
        stat(
            "Saved today",
            "Tariffs alone less paid, all members together.",
            ask(SettledSlot, amount(SettledSlot.saved_nano)), unit=look.MONEY, decimals=2, since=TODAY,
            empty=NONE_YET,
            limits=look.limits((0, "green"), base="red"), width=6,
        ),
        stat(
            "Saved in 30 days",
            "The same over the last 30 days.",
            ask(SettledSlot, amount(SettledSlot.saved_nano)), unit=look.MONEY, decimals=2, since="30d",
            limits=look.limits((0, "green"), base="red"), width=6,
        ),
        stat(
            "Imbalance today",
            "Energy by which members differed from their awards today, without sign. Much of the traded "
            "energy: plans do not hold.",
            ask(SettledSlot, aggregate("sum", SettledSlot.imbalance_wh)), unit=look.WATT_HOUR, decimals=1,
            since=TODAY,
            empty=NONE_YET, width=6,
        ),
        chart(
            "Saved so far, by home",
            "Savings of each home that sends telemetry, added up over the time shown. A home that falls pays "
            "for plans it does not keep.",
            (ask(HomeMoney, shaped("cumulative_sum", aggregate("sum", HomeMoney.saved_nano)) / NANO,
             by=(HomeMoney.site,),
                 every=INTERVAL), "$tag_site"),
            unit=look.MONEY, home=True, style="steps", at_least=SLOT, decimals=2,
        ),
        rows(
            "Money of members",
            "What each member paid, the tariff alone and the difference, in the time shown. Filled by a broker with "
            "`[telemetry] members = true`.",
            ask(
                MemberMoney, amount(MemberMoney.total_nano).named("paid"),
                amount(MemberMoney.tariff_nano).named("tariff alone"),
                amount(MemberMoney.saved_nano).named("saved"),
                aggregate("sum", MemberMoney.imbalance_wh).named("imbalance"),
                by=(MemberMoney.meter,),
            ),
            units={"paid": look.MONEY, "tariff alone": look.MONEY, "saved": look.MONEY, "imbalance": look.WATT_HOUR},
            show_time=False, empty="The broker sends no points of single members",
        ),
    ]  # fmt: skip
