"""Is the home well, and what does today cost."""

from dashboards import look
from dashboards.charts import chart
from dashboards.house.naming import METER_AGE, RUNG, SILENT_DEVICES, SLOT, UNANSWERED, ask
from dashboards.influxql import INTERVAL, aggregate, shaped
from dashboards.measures import MICRO, amount
from dashboards.page import Row
from dashboards.panels import NONE_YET, TODAY, alerts, stat
from wire.telemetry.house import (
    HomeAward,
    HomeMoney,
    Ladder,
    Managing,
    Metering,
    Price,
)


def status() -> Row:
    """One row of the dashboard."""
    return "Status and alerts", [
        stat(
            METER_AGE,
            "Age of the newest reading of the site meter. Green below 30 s. Orange or red: the meter, its "
            "cable or its "
            "process is silent; see the alert 'Meter silent'.",
            ask(Metering, aggregate("last", Metering.reading_age_s)),
            unit=look.SECOND, limits=look.limits((30, "orange"), (120, "red")), width=3,
        ),
        stat(
            RUNG,
            "On which rung of the fallback ladder the home is steered. 'plan' is normal; 'last plan' and "
            "'rules' mean that "
            "planning failed and that money is lost, not safety.",
            ask(Ladder, aggregate("last", Ladder.level)),
            unit="none", words=look.RUNG, width=3,
        ),
        stat(
            "Market connection",
            "Whether the meter process is connected to the community's MQTT server. 'no': the home runs on its "
            "tariff.",
            ask(Metering, aggregate("last", Metering.is_mqtt_connected)),
            unit="none", words=look.YES_IS_GOOD, width=3,
        ),
        stat(
            UNANSWERED,
            "Age of the oldest message that the broker has not receipted. It should fall back to 0 within a slot.",
            ask(Metering, aggregate("last", Metering.oldest_unanswered_s)),
            unit=look.SECOND, limits=look.limits((900, "orange"), (1800, "red")), width=3,
        ),
        stat(
            SILENT_DEVICES,
            "Devices that did not answer in the last step. Anything but 0: look at their cable and address.",
            ask(Managing, aggregate("last", Managing.silent_devices)),
            unit="none", limits=look.limits((1, "red")), width=3,
        ),
        alerts("Alerts of homes", "Alerts of homes that fire or are about to. Empty is good.", "home", width=9),
    ]  # fmt: skip


def money() -> Row:
    """One row of the dashboard."""
    return "Money today", [
        stat(
            "Paid today",
            "What today's settled slots cost with the market, negative when the home earned. A slot counts "
            "once it is settled.",
            ask(HomeMoney, amount(HomeMoney.total_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
        ),
        stat(
            "Tariff alone today",
            "What the same metered energy would have cost at retail and feed-in prices without a market.",
            ask(HomeMoney, amount(HomeMoney.tariff_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
        ),
        stat(
            "Saved today",
            "Tariff alone less paid. Below 0 the market cost money: look at the imbalance below, a plan that "
            "was not kept is paid.",
            ask(HomeMoney, amount(HomeMoney.saved_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
            limits=look.limits((0, "green"), base="red"),
        ),
        stat(
            "Saved in 30 days",
            "The same over the last 30 days.",
            ask(HomeMoney, amount(HomeMoney.saved_nano)), unit=look.MONEY, decimals=2, since="30d",
            limits=look.limits((0, "green"), base="red"),
        ),
        stat(
            "Bought today",
            "Energy bought in the market today.",
            ask(HomeAward, aggregate("sum", HomeAward.bought_wh)), unit=look.WATT_HOUR, decimals=1, since=TODAY,
            empty=NONE_YET,
        ),
        stat(
            "Sold today",
            "Energy sold in the market today.",
            ask(HomeAward, aggregate("sum", HomeAward.sold_wh)), unit=look.WATT_HOUR, decimals=1, since=TODAY,
            empty=NONE_YET,
        ),
        chart(
            "Saved so far",
            "Savings against the tariff alone, added up over the time shown. A step down is a slot that cost "
            "more than the tariff.",
            (ask(HomeMoney, shaped("cumulative_sum", aggregate("sum", HomeMoney.saved_nano)) / 1_000_000_000,
             every=INTERVAL),
             "saved"),
            unit=look.MONEY, style="steps", at_least=SLOT, decimals=2,
        ),
        chart(
            "Prices",
            "Retail and feed-in price bound the market; the local price expected by the plan and the price "
            "paid lie between them. "
            "Paid outside the bounds would be an error.",
            (ask(Price, aggregate("mean", Price.retail_per_kwh), every=INTERVAL), "retail"),
            (ask(Price, aggregate("mean", Price.feed_in_per_kwh), every=INTERVAL), "feed-in"),
            (ask(Price, aggregate("mean", Price.local_per_kwh), every=INTERVAL), "expected"),
            (ask(HomeAward, aggregate("mean", HomeAward.price_micro_per_kwh) / MICRO, every=INTERVAL), "awarded"),
            unit=look.PRICE, style="steps", at_least=SLOT, decimals=3, dashed="expected",
        ),
    ]  # fmt: skip
