"""The dashboard of the market: rounds, prices, volume, promises of the operator."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import look
from dashboards.asking import Asker
from dashboards.influxql import INTERVAL, aggregate, follows, raw, shaped, values_of
from dashboards.measures import MICRO, NANO, energy_kwh, money, price
from dashboards.page import Row, choice, compare_to, page
from dashboards.panels import NONE_YET, TODAY, alerts, chart, rows, stat, states
from wire.telemetry.community import Award, Clearing, Conditions, Intake, Ledger, Rejection, Round, SettledSlot

UID = "hearthgrid-market"
SLOT = "15m"
LATE = "Late rounds"
VOID = "Void rounds"
LEDGER = "Sum of the ledger"
CHECKPOINT = "Age of the checkpoint"
LATENCY = "From gate to award"
REJECTED = "Rejections by code"
ask = Asker(("community", "stage", "mechanism"))


def market() -> Dashboard:
    """The community's market: do rounds end, at which prices, who gains, does the ledger sum."""
    stage = values_of(Clearing.stage, Clearing, follows(Clearing.community, "community"))
    mechanism = values_of(Clearing.mechanism, Clearing, follows(Clearing.community, "community"))
    return page(
        UID,
        "Market",
        "The community's market: rounds, money, energy, prices against their bounds, orders, rejected messages.",
        variables=[
            choice("community", "Community", "The community that is shown",
                   values_of(Clearing.community, Clearing), everything=False),
            choice("stage", "Stage", "Stages of the market calendar", stage),
            choice("mechanism", "Mechanism", "How rounds were cleared", mechanism),
            compare_to(),
        ],
        rows=[_status(), _money(), _energy(), _prices(), _rounds(), _quality()],
    )  # fmt: skip


def _status() -> Row:
    return "Status and alerts", [
        stat(
            "Last round",
            "How the newest round ended. 'no trade': nobody met. 'no market': the round was void; see the alert 'Rounds are void'.",
            ask(Clearing, aggregate("last", Clearing.outcome)),
            unit="none", words=look.OUTCOME, width=3,
        ),
        stat(
            LATE,
            "Rounds in the time shown whose awards came more than 5 s after the gate. 0 is promised.",
            ask(Round, aggregate("sum", Round.is_late)), unit=look.COUNT, limits=look.limits((1, "red")), width=3,
        ),
        stat(
            VOID,
            "Rounds in the time shown without a market: no prices, feed-in above retail, or cleared too late.",
            ask(Clearing, aggregate("sum", Clearing.is_no_market)), unit=look.COUNT, limits=look.limits((1, "orange")), width=3,
        ),
        stat(
            LEDGER,
            "Sum of all balances. Anything but 0 is an error of ours: settlement halts, see the alert 'Ledger does not sum'.",
            ask(Ledger, aggregate("last", Ledger.sum_nano)), unit="suffix: nano", decimals=0,
            limits=look.limits((0, "green"), (1, "red"), base="red"), width=3,
        ),
        stat(
            CHECKPOINT,
            "Since the newest signed checkpoint of the log was published. Members compare it; it should not be older than two slots.",
            ask(Ledger, aggregate("last", Ledger.checkpoint_age_s)), unit=look.SECOND,
            limits=look.limits((1800, "orange"), (3600, "red")), width=3,
        ),
        alerts("Alerts of the market", "Alerts of the market that fire or are about to. Empty is good.", "market", width=9),
    ]  # fmt: skip


def _money() -> Row:
    return "Money today", [
        stat(
            "Traded today",
            "Energy that members traded with each other today.",
            ask(Clearing, aggregate("sum", Clearing.volume_wh)), unit=look.WATT_HOUR, decimals=1, since=TODAY, empty=NONE_YET,
        ),
        stat(
            "Mean price today",
            "Mean of today's prices, each round counted once.",
            ask(Clearing, price(Clearing.price_micro_per_kwh)), unit=look.PRICE, decimals=3, since=TODAY, empty=NONE_YET,
        ),
        stat(
            "Saved today",
            "What all members together saved today against their tariffs alone; only settled slots.",
            ask(SettledSlot, money(SettledSlot.saved_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
            limits=look.limits((0, "green"), base="red"),
        ),
        stat(
            "Saved in 30 days",
            "The same over the last 30 days.",
            ask(SettledSlot, money(SettledSlot.saved_nano)), unit=look.MONEY, decimals=2, since="30d",
            limits=look.limits((0, "green"), base="red"),
        ),
        stat(
            "Left to the community",
            "What rounds left to the community account today, negative where they asked of it. 0 with budget-balanced mechanisms.",
            ask(Clearing, money(Clearing.surplus_nano)), unit=look.MONEY, decimals=2, since=TODAY, empty=NONE_YET,
        ),
        stat(
            "Orders today",
            "Orders in the books of today's rounds.",
            ask(Clearing, aggregate("sum", Clearing.orders)), unit=look.COUNT, since=TODAY, empty=NONE_YET,
        ),
        chart(
            "Saved so far",
            "Savings of all members against their tariffs, added up over the time shown.",
            (ask(SettledSlot, shaped("cumulative_sum", aggregate("sum", SettledSlot.saved_nano)) / NANO, every=INTERVAL), "saved"),
            unit=look.MONEY, style="steps", at_least=SLOT, decimals=2,
        ),
        rows(
            "Mechanisms side by side",
            "Rounds, energy and mean price of each mechanism in the time shown. More than one row: the calendar has several stages "
            "or the mechanism was changed.",
            ask(
                Clearing, aggregate("count", Clearing.orders).named("rounds"), energy_kwh(Clearing.volume_wh).named("energy"),
                price(Clearing.price_micro_per_kwh).named("mean price"), aggregate("sum", Clearing.orders).named("orders"),
                by=(Clearing.mechanism, Clearing.stage),
            ),
            units={"energy": "kwatth", "mean price": look.PRICE}, show_time=False,
        ),
    ]  # fmt: skip


def _energy() -> Row:
    volume = ask(Clearing, aggregate("sum", Clearing.volume_wh), by=(Clearing.stage,), every=INTERVAL)
    return "Energy flow", [
        chart(
            "Traded energy",
            "Energy traded for each slot, by stage. 0 at noon with generation on roofs: look at the prices and at orders.",
            (volume, "$tag_stage"), unit=look.WATT_HOUR, style="bars", at_least=SLOT,
        ),
        chart(
            "Traded energy, $compare earlier",
            "The same so much earlier ('Compare to' above).",
            (volume, "$tag_stage, earlier"), unit=look.WATT_HOUR, style="bars", at_least=SLOT, shift="$compare",
        ),
        chart(
            "Community and grid",
            "Sum of members that took from the grid above 0, of members that gave below 0. What overlaps could have been traded.",
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


def _prices() -> Row:
    return "Plan against actual", [
        chart(
            "Price within its bounds",
            "The price between feed-in and retail; the band holds all prices that would have cleared. Outside the bounds is an error.",
            (ask(Clearing, price(Clearing.price_low_micro_per_kwh), every=INTERVAL), "lowest"),
            (ask(Clearing, price(Clearing.price_high_micro_per_kwh), every=INTERVAL), "highest"),
            (ask(Clearing, price(Clearing.price_micro_per_kwh), every=INTERVAL), "price"),
            (ask(Conditions, price(Conditions.retail_micro_per_kwh), every=INTERVAL), "retail"),
            (ask(Conditions, price(Conditions.feed_in_micro_per_kwh), every=INTERVAL), "feed-in"),
            unit=look.PRICE, style="steps", at_least=SLOT, decimals=3, band=("lowest", "highest"), dashed="retail|feed-in",
        ),
        chart(
            "Awarded and metered",
            "Energy bought in the market beside what members differed from their awards. Imbalance near the volume: plans do not hold.",
            (ask(SettledSlot, aggregate("sum", SettledSlot.bought_wh), every=INTERVAL), "awarded"),
            (ask(SettledSlot, aggregate("sum", SettledSlot.imbalance_wh), every=INTERVAL), "imbalance"),
            unit=look.WATT_HOUR, style="steps", at_least=SLOT, zero_based=True,
        ),
    ]  # fmt: skip


def _rounds() -> Row:
    return "Rounds and orders", [
        chart(
            LATENCY,
            "Seconds from the gate until awards were handed out. The line is the promise of 5 s.",
            (ask(Round, aggregate("max", Round.gate_to_award_s), by=(Round.stage,), every=INTERVAL), "$tag_stage"),
            unit=look.SECOND, at_least=SLOT, zero_based=True, limits=look.limits((5, "red"), base="text"), width=8,
        ),
        chart(
            "Orders in the book",
            "Orders at each gate. A drop: members are silent or rejected, see below and the fleet.",
            (ask(Round, aggregate("sum", Round.orders), by=(Round.stage,), every=INTERVAL), "$tag_stage"),
            unit=look.COUNT, style="steps", at_least=SLOT, zero_based=True, width=8,
        ),
        chart(
            "Awards by result",
            "Members by what the round gave them. Many 'not_competitive': bounds are narrow, or all want the same side.",
            (ask(Award, aggregate("sum", Award.awards), by=(Award.reason,), every=INTERVAL), "$tag_reason"),
            unit=look.COUNT, style="bars", at_least=SLOT, width=8,
        ),
        states(
            "How rounds ended",
            "Outcome of every slot by stage.",
            (ask(Clearing, aggregate("last", Clearing.outcome), by=(Clearing.stage,), every=INTERVAL), "$tag_stage"),
            words=look.OUTCOME, at_least=SLOT,
        ),
        rows(
            "Newest rounds",
            "The newest results. `community-broker rounds` shows orders, curve and proof of each, and clears it again.",
            ask(
                Clearing, raw(Clearing.stage).named("stage"), raw(Clearing.mechanism).named("mechanism"),
                raw(Clearing.outcome).named("outcome"), (raw(Clearing.price_micro_per_kwh) / MICRO).named("price"),
                raw(Clearing.volume_wh).named("energy"), raw(Clearing.orders).named("orders"), newest=100,
            ),
            units={"price": look.PRICE, "energy": look.WATT_HOUR}, words={"outcome": look.OUTCOME},
        ),
    ]  # fmt: skip


def _quality() -> Row:
    return "Data quality", [
        chart(
            REJECTED,
            "Messages that were refused, by code. A code that persists: a member's program is wrong; the protocol has a hint for each.",
            (ask(Rejection, aggregate("sum", Rejection.rejections), by=(Rejection.code,), every=INTERVAL), "$tag_code"),
            unit=look.COUNT, style="bars", at_least="5m", empty="None in this time",
        ),
        stat(
            "Settled on an estimate",
            "Members settled on an estimate in the time shown, because their report was late or missing.",
            ask(SettledSlot, aggregate("sum", SettledSlot.estimated)), unit=look.COUNT, limits=look.limits((1, "orange")), width=3,
        ),
        stat(
            "Corrections",
            "Settlements corrected later, each by a new transfer.",
            ask(SettledSlot, aggregate("sum", SettledSlot.corrections)), unit=look.COUNT, width=3,
        ),
        stat(
            "Messages refused unread",
            "Frames refused over a full queue in the time shown. Anything but 0: somebody floods, or the broker is too slow.",
            ask(Intake, aggregate("spread", Intake.refused)), unit=look.COUNT, limits=look.limits((1, "red")), width=3,
        ),
        stat(
            "Sealed orders void",
            "Sealed orders that nobody revealed in time; 0 where the market is open.",
            ask(Clearing, aggregate("sum", Clearing.unrevealed)), unit=look.COUNT, limits=look.limits((1, "orange")), width=3,
        ),
    ]  # fmt: skip
