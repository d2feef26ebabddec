"""Figure: one plan of one home against what then happened, with the price that the plan saw."""

from collections.abc import Sequence

from twin.report.data import ExampleHome, ReportData
from twin.report.figure import figure
from twin.report.slot_tables import Column, slot_tables
from web.charts.chart import Panel, chart, shape, time_axis
from web.charts.legend import LegendItem
from web.charts.markup import Markup
from web.charts.numerals import energy, power
from web.charts.scale import Scale, scale_over
from web.charts.timeline import Timeline
from web.charts.trace import line, steps

NET_PX = 170.0
SOC_PX = 90.0
PRICE_PX = 80.0


def example_home(data: ReportData, time: Timeline) -> Markup:
    """The figure of the example home; an empty text without one."""
    example = data.example
    if example is None or not example.plan_net_kw:
        return Markup()
    span = time.part(example.plan_start, len(example.plan_net_kw))
    sentence = _sentence(data, example, span)
    panels = [_net(example), *([_soc(example)] if example.plan_soc else []), _price(data, example)]
    picture = chart(
        "plan",
        title=f"Plan of {data.label(example.home)} against what happened",
        desc=sentence,
        axis=time_axis(span),
        panels=panels,
    )
    return figure(
        "plan",
        heading=f"One home, plan and reality: {data.label(example.home)}",
        sentence=sentence,
        picture=picture,
        numbers=slot_tables(span, _columns(data, example)),
        legend_items=_legend(example),
        remark="Power at the meter is positive when the home draws it. The marginal price is what one more kWh would "
        "have cost the home in its own plan; it decides what the home bids.",
        time=span,
    )


def _net(example: ExampleHome) -> Panel:
    scale = scale_over((*example.plan_net_kw, *example.happened_net_kw), NET_PX, with_zero=True)
    shapes = (
        shape("happened", steps(example.happened_net_kw, scale.px)),
        shape("planned", steps(example.plan_net_kw, scale.px)),
    )
    return Panel(title="Power at the meter, kW", scale=scale, shapes=shapes)


def _soc(example: ExampleHome) -> Panel:
    scale = Scale(low=0.0, high=100.0, ticks=(0.0, 50.0, 100.0), length_px=SOC_PX)
    # a state of charge holds at the end of its slot
    shapes = (
        shape("happened", line(_in_percent(example.happened_soc), scale.px, offset=1)),
        shape("planned", line(_in_percent(example.plan_soc), scale.px, offset=1)),
    )
    return Panel(title="Battery charge, %", scale=scale, shapes=shapes)


def _price(data: ReportData, example: ExampleHome) -> Panel:
    scale = scale_over(example.marginal_price, PRICE_PX, with_zero=True, intervals=2)
    shapes = (shape("marginal", steps(example.marginal_price, scale.px)),)
    return Panel(title=f"Marginal price in the plan, {data.currency}/kWh", scale=scale, shapes=shapes)


def _legend(example: ExampleHome) -> tuple[LegendItem, ...]:
    return ("planned", "planned"), ("happened", "what happened"), ("marginal", "marginal price")


def _columns(data: ReportData, example: ExampleHome) -> list[Column]:
    columns = [
        Column(heading="Planned kW", values=example.plan_net_kw, decimals=2),
        Column(heading="Happened kW", values=example.happened_net_kw, decimals=2),
    ]
    if example.plan_soc:
        columns.append(Column(heading="Planned charge %", values=_in_percent(example.plan_soc), decimals=0))
        columns.append(Column(heading="Happened charge %", values=_in_percent(example.happened_soc), decimals=0))
    heading = f"Marginal price {data.currency}/kWh"
    return [*columns, Column(heading=heading, values=example.marginal_price, decimals=3)]


def _in_percent(shares: Sequence[float]) -> tuple[float, ...]:
    return tuple(100 * share for share in shares)


def _sentence(data: ReportData, example: ExampleHome, span: Timeline) -> str:
    pairs = list(zip(example.plan_net_kw, example.happened_net_kw, strict=False))
    start = f"The plan of {data.label(example.home)} from {span.moment(0)} UTC on"
    if not pairs:
        return f"{start} covers {len(example.plan_net_kw)} slots; the run ended before it began."
    slot_h = span.slot_minutes / 60
    hours = len(pairs) * slot_h
    planned, happened = (sum(values) * slot_h for values in zip(*pairs, strict=True))
    miss_kw = sum(abs(plan - real) for plan, real in pairs) / len(pairs)
    duration = f"{hours:g} {'hour' if hours == 1 else 'hours'}"
    return (
        f"{start} expected {_direction(planned)} over {duration}; it became {_direction(happened)}. "
        f"Plan and reality differ by {power(miss_kw)} on average, since plans are made anew with every slot."
    )


def _direction(net_kwh: float) -> str:
    return f"{energy(abs(net_kwh))} net {'from' if net_kwh >= 0 else 'to'} the grid"
