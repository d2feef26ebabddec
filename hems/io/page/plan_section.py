"""Section "Plan": prices, use of power and charge over the last and the coming hours, with a line at now."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hems.control.house_view.plan_view import Lane, PlanView
from hems.control.house_view.snapshot import HouseSnapshot
from hems.io.page.parts import FLOW_CSS, empty, figure_card, heading
from hems.io.page.shown import Shown
from hems.io.page.texts import say
from web.charts.chart import Panel, chart, note, shape, time_axis
from web.charts.legend import LegendItem
from web.charts.markup import Markup, joined
from web.charts.scale import scale_over
from web.charts.table import table
from web.charts.timeline import Timeline
from web.charts.trace import band, line, steps

PRICE_PX, POWER_PX, CHARGE_PX = 120.0, 190.0, 90.0
STACKED = ("house", "zone", "lighting", "appliance", "ev", "battery")
Levels = list[float]


def plan_html(snapshot: HouseSnapshot, shown: Shown) -> Markup:
    """The section."""
    plan, title = snapshot.plan, heading("plan", say("plan.title"))
    if plan is None:
        return joined([title, empty(say("plan.empty"), say("plan.empty.do"))])
    sentence = _sentence(plan, shown)
    picture = chart(
        "plan-chart",
        title=say("plan.title"),
        desc=f"{sentence} {say('plan.desc')}",
        axis=replace(time_axis(_timeline(plan, shown)), day_labels=()),
        panels=_panels(plan, shown),
    )
    card = figure_card(
        "plan-chart",
        title=f"{shown.time(plan.start_s)} – {shown.moment(_end_s(plan), snapshot.at_s)}",
        sentence=sentence,
        picture=picture,
        numbers=_hours(plan, shown),
        rows=plan.slots * plan.slot_minutes / 60,
        legend_items=_legend(plan),
    )
    return joined([title, card])


def _sentence(plan: PlanView, shown: Shown) -> str:
    hours = shown.number((plan.slots - plan.now_slot) * plan.slot_minutes / 60, 0)
    if not plan.now_slot:
        return say("plan.sentence.first", hours=hours)
    return say("plan.sentence", hours=hours, past=shown.number(plan.now_slot * plan.slot_minutes / 60, 1) + " h")


def _end_s(plan: PlanView) -> int:
    return plan.start_s + plan.slots * plan.slot_minutes * 60


def _timeline(plan: PlanView, shown: Shown) -> Timeline:
    first = shown.local(plan.start_s)
    width = timedelta(minutes=plan.slot_minutes)
    starts = tuple(shown.local((first + k * width).timestamp()) for k in range(plan.slots))
    return Timeline(starts=starts, slot_minutes=plan.slot_minutes)


def _panels(plan: PlanView, shown: Shown) -> list[Panel]:
    panels = [_price_panel(plan, shown), _power_panel(plan, shown)]
    return panels + ([_charge_panel(plan, shown)] if any(_has(lane) for lane in plan.soc) else [])


def _price_panel(plan: PlanView, shown: Shown) -> Panel:
    scale = scale_over(
        [*plan.retail, *plan.feed_in, *plan.expected], PRICE_PX, with_zero=True, intervals=3, numerals=shown.numerals
    )
    return Panel(
        title=say("plan.prices", currency=shown.currency),
        scale=scale,
        shapes=(
            shape("retail", steps(plan.retail, scale.px)),
            shape("feed-in", steps(plan.feed_in, scale.px)),
            shape("market", steps(plan.expected, scale.px)),
            _now_line(plan, PRICE_PX),
        ),
        notes=(note(100 * _now_share(plan), 11, say("plan.now"), anchor=_anchor(plan), css="note strong"),),
    )


def _power_panel(plan: PlanView, shown: Shown) -> Panel:
    lanes = stacked(plan)
    sun, net = solar_kw(plan), plan.grid_kw
    tops = [level for _, _, high in lanes for level in high]
    scale = scale_over(
        [*tops, *(v for v in sun if v is not None), *net], POWER_PX, with_zero=True, numerals=shown.numerals
    )
    shapes = [shape(f"fill {css}", band(low, high, scale.px)) for css, low, high in lanes]
    return Panel(
        title=say("plan.power"),
        scale=scale,
        shapes=(
            *shapes,
            shape("sunline", steps(sun, scale.px)) if any(sun) else Markup(),
            shape("gridline", steps(net, scale.px)),
            _now_line(plan, POWER_PX),
        ),
    )


def _charge_panel(plan: PlanView, shown: Shown) -> Panel:
    scale = scale_over([0.0, 100.0], CHARGE_PX, with_zero=True, intervals=2, numerals=shown.numerals)
    drawn = [
        shape("charge", line([None if v is None else 100 * v for v in lane.kw], scale.px, offset=1.0))
        for lane in plan.soc
    ]
    return Panel(title=say("plan.charge"), scale=scale, shapes=(*drawn, _now_line(plan, CHARGE_PX)))


def stacked(plan: PlanView) -> list[tuple[str, Levels, Levels]]:
    """What is used, layer on layer: style, lower and upper edge [kW] per slot; what is unknown counts as nothing."""
    floor = [0.0] * plan.slots
    layers = []
    for kind in STACKED:
        used = [0.0] * plan.slots
        for lane in (lane for lane in plan.lanes if lane.kind == kind):
            used = [have + max(0.0, kw or 0.0) for have, kw in zip(used, lane.kw, strict=True)]
        if max(used, default=0.0) > 0.0:
            top = [low + kw for low, kw in zip(floor, used, strict=True)]
            layers.append((FLOW_CSS[kind], floor, top))
            floor = top
    return layers


def solar_kw(plan: PlanView) -> list[float | None]:
    """Solar power per slot [kW, >= 0]; None where nothing is known of it."""
    lanes = [lane for lane in plan.lanes if lane.kind == "pv"]
    sums: list[float | None] = []
    for k in range(plan.slots):
        known = [lane.kw[k] for lane in lanes]
        given = [-value for value in known if value is not None]
        sums.append(max(0.0, sum(given)) if given else None)
    return sums


def _has(lane: Lane) -> bool:
    return any(value is not None for value in lane.kw)


def _now_share(plan: PlanView) -> float:
    return min(max(round(plan.now, 1) / plan.slots, 0.0), 1.0)  # a tenth of a slot: not every second a new picture


def _anchor(plan: PlanView) -> str:
    return "start" if _now_share(plan) < 0.9 else "end"


def _now_line(plan: PlanView, height_px: float) -> Markup:
    return shape("nowline", f"M{_now_share(plan) * plan.slots:.2f} 0V{height_px:g}")


def _legend(plan: PlanView) -> list[LegendItem]:
    items: list[LegendItem] = [("retail", say("legend.retail")), ("feed-in", say("legend.feed_in"))]
    if any(value is not None for value in plan.expected):
        items.append(("market", say("legend.expected")))
    if any(solar_kw(plan)):
        items.append(("sunline", say("legend.solar")))
    items.append(("gridline", say("legend.grid")))
    kinds = {FLOW_CSS[kind]: say(f"kind.{kind}") for kind in STACKED}
    return items + [(f"box {css}", kinds[css].lower()) for css, _, _ in stacked(plan)]


def _hours(plan: PlanView, shown: Shown) -> Markup:
    per_hour = 60 // plan.slot_minutes
    use = [high[-1] for high in zip(*(high for _, _, high in stacked(plan)), strict=True)] or [0.0] * plan.slots
    charge = plan.soc[0].kw if plan.soc else (None,) * plan.slots
    headings = ["hour", "retail", "feed_in", "expected", "use", "solar", "grid", "soc"]
    solar = solar_kw(plan)
    rows = []
    for k in range(0, plan.slots, per_hour):
        part = slice(k, k + per_hour)
        rows.append(
            [
                shown.time(plan.start_s + k * plan.slot_minutes * 60),
                *(shown.number(_mean(series[part]), 3) for series in (plan.retail, plan.feed_in, plan.expected)),
                *(shown.number(_mean(series[part]), 2) for series in (use, solar, plan.grid_kw)),
                shown.percent(charge[part][-1]),
            ]
        )
    return table(say("plan.caption"), [say(f"plan.{name}") for name in headings], rows)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
