"""What is traded, and at which prices."""

from dashboards import look
from dashboards.charts import chart
from dashboards.influxql import INTERVAL, aggregate
from dashboards.market.naming import SLOT, ask
from dashboards.measures import price
from dashboards.page import Row
from wire.telemetry.community import Clearing, Conditions, SettledSlot


def energy() -> Row:
    """One row of the dashboard."""
    volume = ask(Clearing, aggregate("sum", Clearing.volume_wh), by=(Clearing.stage,), every=INTERVAL)
    return "Energy flow", [
        chart(
            "Traded energy",
            "Energy traded for each slot, by stage. 0 at noon with generation on roofs: look at the prices and "
            "at orders.",
            (volume, "$tag_stage"), unit=look.WATT_HOUR, style="bars", at_least=SLOT,
        ),
        chart(
            "Traded energy, $compare earlier",
            "The same so much earlier ('Compare to' above).",
            (volume, "$tag_stage, earlier"), unit=look.WATT_HOUR, style="bars", at_least=SLOT, shift="$compare",
        ),
        chart(
            "Community and grid",
            "Sum of members that took from the grid above 0, of members that gave below 0. What overlaps could "
            "have been traded.",
            (ask(SettledSlot, aggregate("sum", SettledSlot.import_wh), every=INTERVAL), "taken"),
            (ask(SettledSlot, -aggregate("sum", SettledSlot.export_wh), every=INTERVAL), "given"),
            unit=look.WATT_HOUR, style="bars", at_least=SLOT,
        ),
        chart(
            "Demand and generation as published",
            "What the broker told members before each slot: the newest known demand and generation of the community.",
            (ask(Conditions, aggregate("mean", Conditions.last_demand_wh), every=INTERVAL), "demand"),
            (ask(Conditions, aggregate("mean", Conditions.last_generation_wh), every=INTERVAL), "generation"),
            unit=look.WATT_HOUR, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip


def prices() -> Row:
    """One row of the dashboard."""
    return "Plan against actual", [
        chart(
            "Price within its bounds",
            "The price between feed-in and retail; the band holds all prices that would have cleared. Outside "
            "the bounds is an error.",
            (ask(Clearing, price(Clearing.price_low_micro_per_kwh), every=INTERVAL), "lowest"),
            (ask(Clearing, price(Clearing.price_high_micro_per_kwh), every=INTERVAL), "highest"),
            (ask(Clearing, price(Clearing.price_micro_per_kwh), every=INTERVAL), "price"),
            (ask(Conditions, price(Conditions.retail_micro_per_kwh), every=INTERVAL), "retail"),
            (ask(Conditions, price(Conditions.feed_in_micro_per_kwh), every=INTERVAL), "feed-in"),
            unit=look.PRICE, style="steps", at_least=SLOT, decimals=3, band=("lowest", "highest"),
            dashed="retail|feed-in",
        ),
        chart(
            "Awards and imbalance",
            "Energy bought in the market beside what members differed from their awards. Imbalance near the "
            "volume: plans do not hold.",
            (ask(SettledSlot, aggregate("sum", SettledSlot.bought_wh), every=INTERVAL), "awarded"),
            (ask(SettledSlot, aggregate("sum", SettledSlot.imbalance_wh), every=INTERVAL), "imbalance"),
            unit=look.WATT_HOUR, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip
