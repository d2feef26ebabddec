"""Messages of the broker, and promises of time."""

from dashboards import look
from dashboards.charts import chart
from dashboards.influxql import INTERVAL, Query, aggregate, shaped
from dashboards.page import Row
from dashboards.system.naming import LATENESS, ask
from wire.telemetry.community import Intake, Round
from wire.telemetry.house import Managing
from wire.telemetry.system import Process


def messages() -> Row:
    """One row of the dashboard."""

    def gained(field: str) -> Query:
        return ask(Intake, shaped("non_negative_difference", aggregate("max", Intake.fields[field])), every=INTERVAL)

    return "Messages", [
        chart(
            "Messages of members",
            "Frames that came, were receipted and were rejected, in each interval. Receipts follow receipt: a "
            "gap is loss of time.",
            (gained("received"), "received"),
            (gained("accepted"), "receipted"),
            (gained("rejected"), "rejected"),
            unit=look.COUNT,
            style="steps",
            at_least="5m",
            zero_based=True,
        ),
        chart(
            "Waiting in the broker",
            "Frames that wait to be read, and journal records whose messages are not acknowledged. Both near 0 "
            "between gates.",
            (ask(Intake, aggregate("max", Intake.queue_frames), every=INTERVAL), "frames"),
            (ask(Intake, aggregate("max", Intake.unsent_records), every=INTERVAL), "unsent records"),
            unit=look.COUNT,
            at_least="1m",
            zero_based=True,
        ),
    ]


def promises() -> Row:
    """One row of the dashboard."""
    return "Plan against actual", [
        chart(
            LATENESS,
            "Longest delay of each program's loop. Above 1 s often: the machine is too slow or swaps.",
            (ask(Process, aggregate("max", Process.loop_late_s), by=(Process.site, Process.program), every=INTERVAL),
             "$tag_site $tag_program"),
            unit=look.SECOND, at_least="1m", zero_based=True, many=True, width=8,
        ),
        chart(
            "Steps of energy managers",
            "Longest delay of a control step after its time. Above the tick (20 s by default) commands come late.",
            (ask(Managing, aggregate("max", Managing.late_s), by=(Managing.site,), every=INTERVAL), "$tag_site"),
            unit=look.SECOND, at_least="1m", zero_based=True, width=8,
        ),
        chart(
            "From gate to award",
            "Longest time of a round. The line is the promise of 5 s.",
            (ask(Round, aggregate("max", Round.gate_to_award_s), by=(Round.community,), every=INTERVAL),
             "$tag_community"),
            unit=look.SECOND, at_least="15m", zero_based=True, limit=5, width=8,
        ),
    ]  # fmt: skip
