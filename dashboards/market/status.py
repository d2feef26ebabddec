"""Do rounds end well, and who gains."""

from dashboards import look
from dashboards.charts import chart
from dashboards.influxql import INTERVAL, aggregate, shaped
from dashboards.market.naming import CHECKPOINT, LATE, LEDGER, SLOT, TRADING, VOID, ask
from dashboards.measures import NANO, amount, energy_kwh, price
from dashboards.page import Row
from dashboards.panels import NONE_YET, TODAY, alerts, rows, stat
from wire.telemetry.community import Clearing, Ledger, Round, SettledSlot, Trading


def status() -> Row:
    """One row of the dashboard."""
    return "Status and alerts", [
        stat(
            TRADING,
            "Whether the operator has stopped trading. While it is paused every round ends as 'no market'; "
            "`community-broker resume` lets the next gate trade again.",
            ask(Trading, aggregate("last", Trading.is_paused)), unit="none", words=look.TRADING, width=3,
        ),
        stat(
            "Last round",
            "How the newest round ended. 'no trade': nobody met. 'no market': the round was void; see the "
            "alert 'Rounds are void'.",
            ask(Clearing, aggregate("last", Clearing.outcome)),
            unit="none", words=look.OUTCOME, is_text=True, width=3,
        ),
        stat(
            LATE,
            "Rounds in the time shown whose awards came more than 5 s after the gate. 0 is promised.",
            ask(Round, aggregate("sum", Round.is_late)), unit=look.COUNT, limits=look.limits((1, "red")), width=3,
        ),
        stat(
            VOID,
            "Rounds in the time shown without a market: no prices, feed-in above retail, or cleared too late.",
            ask(Clearing, aggregate("sum", Clearing.is_no_market)), unit=look.COUNT,
            limits=look.limits((1, "orange")), width=3,
        ),
        stat(
            LEDGER,
            "Sum of all balances. Anything but 0 is an error of ours: settlement halts, see the alert 'Ledger "
            "does not sum'.",
            ask(Ledger, aggregate("last", Ledger.sum_nano)), unit="suffix: nano", decimals=0,
            limits=look.limits((0, "green"), (1, "red"), base="red"), width=3,
        ),
        stat(
            CHECKPOINT,
            "Since the newest signed checkpoint of the log was published. Members compare it; it should not be "
            "older than two slots.",
            ask(Ledger, aggregate("last", Ledger.checkpoint_age_s)), unit=look.SECOND,
            limits=look.limits((1800, "orange"), (3600, "red")), width=3,
        ),
        alerts("Alerts of the market", "Alerts of the market that fire or are about to. Empty is good.", "market",
            width=6),
    ]  # fmt: skip


def money() -> Row:
    """One row of the dashboard."""
    return "Money today", [
        stat(
            "Traded today",
            "Energy that members traded with each other today.",
            ask(Clearing, aggregate("sum", Clearing.volume_wh)), unit=look.WATT_HOUR, decimals=1, since=TODAY,
            empty=NONE_YET,
        ),
        stat(
            "Mean price today",
            "Mean of today's prices, each round counted once.",
            ask(Clearing, price(Clearing.price_micro_per_kwh)), unit=look.PRICE, decimals=3, since=TODAY,
            empty=NONE_YET,
        ),
        stat(
            "Saved today",
            "What all members together saved today against their tariffs alone; only settled slots.",
            ask(SettledSlot, amount(SettledSlot.saved_nano)), unit=look.MONEY, decimals=2, since=TODAY,
            empty=NONE_YET,
            limits=look.limits((0, "green"), base="red"),
        ),
        stat(
            "Saved in 30 days",
            "The same over the last 30 days.",
            ask(SettledSlot, amount(SettledSlot.saved_nano)), unit=look.MONEY, decimals=2, since="30d",
            limits=look.limits((0, "green"), base="red"),
        ),
        stat(
            "Left to the community",
            "What rounds left to the community account today, negative where they asked of it. 0 with "
            "budget-balanced mechanisms.",
            ask(Clearing, amount(Clearing.surplus_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
        ),
        stat(
            "Orders today",
            "Orders in the books of today's rounds.",
            ask(Clearing, aggregate("sum", Clearing.orders)), unit=look.COUNT, since=TODAY, empty=NONE_YET,
        ),
        chart(
            "Saved so far",
            "Savings of all members against their tariffs, added up over the time shown.",
            (ask(SettledSlot, shaped("cumulative_sum", aggregate("sum", SettledSlot.saved_nano)) / NANO,
             every=INTERVAL), "saved"),
            unit=look.MONEY, style="steps", at_least=SLOT, decimals=2,
        ),
        rows(
            "Mechanisms side by side",
            "Rounds, energy and mean price of each mechanism in the time shown. More than one row: the "
            "calendar has several stages "
            "or the mechanism was changed.",
            ask(
                Clearing, aggregate("count", Clearing.orders).named("rounds"),
                energy_kwh(Clearing.volume_wh).named("energy"),
                price(Clearing.price_micro_per_kwh).named("mean price"),
                aggregate("sum", Clearing.orders).named("orders"),
                by=(Clearing.mechanism, Clearing.stage),
            ),
            units={"energy": "kwatth", "mean price": look.PRICE}, show_time=False,
        ),
    ]  # fmt: skip
