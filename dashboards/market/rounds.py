"""How rounds end, and what was refused."""

from dashboards import look
from dashboards.charts import chart
from dashboards.influxql import INTERVAL, aggregate, raw
from dashboards.market.naming import LATENCY, REJECTED, SLOT, ask
from dashboards.measures import MICRO, gain
from dashboards.page import Row
from dashboards.panels import rows, stat, states
from wire.telemetry.community import Award, Clearing, Intake, Rejection, Round, SettledSlot


def rounds() -> Row:
    """One row of the dashboard."""
    return "Rounds and orders", [
        chart(
            LATENCY,
            "Seconds from the gate until awards were handed out. The line is the promise of 5 s.",
            (ask(Round, aggregate("max", Round.gate_to_award_s), by=(Round.stage,), every=INTERVAL), "$tag_stage"),
            unit=look.SECOND, at_least=SLOT, zero_based=True, limit=5, width=8,
        ),
        chart(
            "Orders in the book",
            "Orders at each gate. A drop: members are silent or rejected, see below and the fleet.",
            (ask(Round, aggregate("sum", Round.orders), by=(Round.stage,), every=INTERVAL), "$tag_stage"),
            unit=look.COUNT, style="steps", at_least=SLOT, zero_based=True, width=8,
        ),
        chart(
            "Awards by result",
            "Members by what the round gave them. Many 'not_competitive': bounds are narrow, or all want the "
            "same side.",
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
            "The newest results. `community-broker rounds` shows orders, curve and proof of each, and clears "
            "it again.",
            ask(
                Clearing, raw(Clearing.stage).named("stage"), raw(Clearing.mechanism).named("mechanism"),
                raw(Clearing.outcome).named("outcome"), (raw(Clearing.price_micro_per_kwh) / MICRO).named("price"),
                raw(Clearing.volume_wh).named("energy"), raw(Clearing.orders).named("orders"), newest=100,
            ),
            units={"price": look.PRICE, "energy": look.WATT_HOUR}, words={"outcome": look.OUTCOME},
        ),
    ]  # fmt: skip


def quality() -> Row:
    """One row of the dashboard."""
    return "Data quality", [
        stat(
            "Settled on an estimate",
            "Members settled on an estimate in the time shown, because their report was late or missing.",
            ask(SettledSlot, aggregate("sum", SettledSlot.estimated)), unit=look.COUNT,
            limits=look.limits((1, "orange")), width=6,
        ),
        stat(
            "Corrections",
            "Settlements corrected later, each by a new transfer.",
            ask(SettledSlot, aggregate("sum", SettledSlot.corrections)), unit=look.COUNT, width=6,
        ),
        stat(
            "Messages refused unread",
            "Frames refused over a full queue in the time shown. Anything but 0: somebody floods, or the "
            "broker is too slow.",
            gain(ask, Intake, Intake.refused), unit=look.COUNT, limits=look.limits((1, "red")),
            width=6,
        ),
        stat(
            "Sealed orders void",
            "Sealed orders that nobody revealed in time; 0 where the market is open.",
            ask(Clearing, aggregate("sum", Clearing.unrevealed)), unit=look.COUNT, limits=look.limits((1, "orange")),
            width=6,
        ),
        chart(
            REJECTED,
            "Messages that were refused, by code. A code that persists: a member's program is wrong; the "
            "protocol has a hint for each.",
            (ask(Rejection, aggregate("sum", Rejection.rejections), by=(Rejection.code,), every=INTERVAL),
             "$tag_code"),
            unit=look.COUNT, style="bars", at_least="5m", empty="None in this time", width=24,
        ),
    ]  # fmt: skip
