"""Charts that fit every width: panels stretch sideways, texts and strokes keep their size.

A chart is as wide as its container. Each panel is a nested picture whose x axis is stretched to the full width;
labels sit outside of it, at shares of the width, value labels in the margin left of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from web.charts.markup import Markup, joined, tag
from web.charts.scale import Scale
from web.charts.timeline import Label, Timeline

PANEL_TITLE_PX = 22.0
PANEL_GAP_PX = 18.0
AXIS_PX = 24.0
TICK_GAP_PX = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A picture over the x axis: a title with the unit, a vertical axis, shapes in (x units, px), texts on top."""

    title: str
    scale: Scale
    shapes: tuple[Markup, ...]
    notes: tuple[Markup, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The shared x axis from 0 to `length`; `bands` are lightly shaded, for instance every other day."""

    length: float
    labels: tuple[Label, ...]
    bands: tuple[tuple[float, float], ...] = ()
    rules: tuple[float, ...] = ()  # upright lines, for instance every six hours
    day_labels: tuple[Label, ...] = ()  # shown instead when one day is picked


def time_axis(time: Timeline) -> Axis:
    """The axis of a timeline: one unit per slot, every other day shaded."""
    days = time.days()
    bands = tuple((day.midnight, day.midnight + time.slots_per_day) for day in days[1::2])
    day_labels = time.day_labels() if len(days) > 1 else ()
    return Axis(
        length=time.slots, labels=time.labels(), bands=bands, rules=time.hour_positions(), day_labels=day_labels
    )


def shape(css: str, path: str) -> Markup:
    """A path with a style of the page."""
    return tag("path", class_=css, d=path) if path else Markup()


def chart(name: str, *, title: str, desc: str, axis: Axis, panels: Sequence[Panel]) -> Markup:
    """The picture of panels above one x axis; title and description are read aloud instead of it."""
    parts: list[Markup] = []
    top = 0.0
    for panel in panels:
        parts.append(_panel(panel, axis, top + PANEL_TITLE_PX))
        top += PANEL_TITLE_PX + panel.scale.length_px + PANEL_GAP_PX
    bottom = top - PANEL_GAP_PX
    parts.append(_axis_labels("axis-all", axis.labels, axis.length, bottom))
    if axis.day_labels:
        parts.append(_axis_labels("axis-day", axis.day_labels, axis.day_labels[-1].at, bottom))
    return picture(name, title=title, desc=desc, height_px=bottom + AXIS_PX, parts=parts)


def picture(name: str, *, title: str, desc: str, height_px: float, parts: Sequence[Markup]) -> Markup:
    """A full-width picture with its name and description for those who do not see it."""
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", desc, id=f"{name}-desc"),
        *parts,
        class_="chart",
        width="100%",
        height=height_px,
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",
    )


def note(at_percent: float, y_px: float, content: str, *, anchor: str = "start", css: str = "note") -> Markup:
    """A text on the picture."""
    return tag("text", content, class_=css, x=f"{at_percent:.2f}%", y=y_px, text_anchor=anchor)


def _panel(panel: Panel, axis: Axis, top_px: float) -> Markup:
    height = panel.scale.length_px
    bands = [tag("rect", class_="day", x=a, y=0, width=b - a, height=height) for a, b in axis.bands]
    rows = [(tick, round(panel.scale.px(tick), 1)) for tick in panel.scale.ticks]
    # far beyond both ends, so that a picked day that begins before the run has its grid too
    reach = axis.length
    grid = [shape("zero" if tick == 0 else "grid", f"M{-reach:.0f} {y}H{2 * reach:.0f}") for tick, y in rows]
    plot = tag(
        "svg",
        *bands,
        *grid,
        # over many days the hours would be a fence; they show when one day is picked
        shape("grid hours" if axis.day_labels else "grid", "".join(f"M{at:g} 0V{height:g}" for at in axis.rules)),
        *panel.shapes,
        class_="plot",
        y=top_px,
        width="100%",
        height=height,
        viewBox=f"0 0 {axis.length:g} {height:g}",
        preserveAspectRatio="none",
    )
    labels = [
        tag("text", text, class_="tick", x=-TICK_GAP_PX, y=top_px + y + 4, text_anchor="end")
        for text, (_, y) in zip(panel.scale.labels(), rows, strict=True)
    ]
    title = tag("text", panel.title, class_="panel-title", x=0, y=top_px - 8)
    notes = tag("g", *panel.notes, transform=f"translate(0 {top_px:g})") if panel.notes else ""
    return joined([title, plot, *labels, notes])


def _axis_labels(css: str, labels: Sequence[Label], length: float, bottom_px: float) -> Markup:
    texts = [
        tag(
            "text",
            label.text,
            tag("tspan", label.date, class_="date") if label.date else "",
            class_="tick",
            x=f"{100 * label.at / length:.2f}%",
            y=bottom_px + 17,
            text_anchor=label.anchor,
        )
        for label in labels
    ]
    return tag("g", *texts, class_=css)
