"""A figure of the page: heading, a plain sentence, legend, picture, and its numbers behind a fold."""

from collections.abc import Sequence

from web.charts.legend import LegendItem, legend
from web.charts.markup import Markup, joined, tag
from web.charts.timeline import Timeline


def figure(
    name: str,
    *,
    heading: str,
    sentence: str,
    picture: Markup,
    numbers: Markup,
    legend_items: Sequence[LegendItem] = (),
    remark: str = "",
    time: Timeline | None = None,
    stage: str = "stage",
) -> Markup:
    """A section with one figure; with `time` a slot can be picked and, over several days, a day be looked at."""
    inner = [tag("div", picture, class_=stage)]
    if time is not None:
        inner.append(_controls(name, time))
    inner.append(tag("details", tag("summary", "Show the numbers"), numbers, class_="numbers"))
    return tag(
        "section",
        tag("h2", heading, id=f"{name}-heading"),
        tag("p", sentence, class_="sentence"),
        legend(legend_items) if legend_items else "",
        tag(
            "figure", *inner, data_slots=None if time is None else str(time.slots), aria_labelledby=f"{name}-heading"
        ),
        tag("p", remark, class_="remark") if remark else "",
        id=name,
        class_="card",
    )


def _controls(name: str, time: Timeline) -> Markup:
    days = time.days()
    choices = [tag("option", "All days", value=f"0 {time.slots}")]
    for day in days:
        end = day.midnight + time.slots_per_day
        choices.append(tag("option", day.long, value=f"{day.midnight:g} {end:g}"))
    day_choice = tag("label", "Show ", tag("select", *choices, class_="day-choice")) if len(days) > 1 else Markup()
    cursor = tag(
        "label",
        tag("span", "Slot", class_="unseen"),
        tag("input", type="range", class_="cursor-choice", min=0, max=time.slots - 1, value=0, step=1),
    )
    readout = tag(
        "p", "Point at the picture or move the slider to read a slot.", class_="readout", aria_hidden="true"
    )
    return tag("div", joined([readout, cursor, day_choice]), class_="controls", hidden=True, data_name=name)
