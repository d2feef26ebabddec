"""Horizontal bars in groups, each with its value at its end; a common axis through zero."""

from collections.abc import Sequence
from dataclasses import dataclass

from web.charts.chart import note, picture
from web.charts.markup import Markup, tag
from web.charts.scale import Scale, scale_over

HEADING_PX = 20.0
BAR_PX = 12.0
PITCH_PX = 16.0
GROUP_GAP_PX = 16.0
VALUE_GAP_PX = 6.0
BARS_PERCENT = 84.0  # of the width; the rest is room for the value of the longest bar
HEADING_CHARS_MAX = 26
LONE_HEADING_CHARS_MAX = 40  # with nothing on its right


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar: style, value, and the value as text."""

    css: str
    value: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Bars under a heading, with a verdict on the right of it in its own style."""

    heading: str
    bars: tuple[Bar, ...]
    verdict: str = ""
    verdict_css: str = ""


def bar_groups(name: str, *, title: str, desc: str, groups: Sequence[Group]) -> Markup:
    """The picture of all groups, one below the other, on one axis."""
    scale = scale_over((bar.value for group in groups for bar in group.bars), 0.0, with_zero=True)
    parts: list[Markup] = []
    top = 0.0
    for group in groups:
        parts += _group(group, scale, top)
        top += HEADING_PX + PITCH_PX * len(group.bars) + GROUP_GAP_PX
    return picture(name, title=title, desc=desc, height_px=top - GROUP_GAP_PX, parts=parts)


def shortened(text: str, chars_max: int = HEADING_CHARS_MAX) -> str:
    """The text, cut where it would run into what stands beside it."""
    return text if len(text) <= chars_max else text[: chars_max - 1].rstrip() + "…"


def _group(group: Group, scale: Scale, top_px: float) -> list[Markup]:
    chars_max = HEADING_CHARS_MAX if group.verdict else LONE_HEADING_CHARS_MAX
    parts = [note(0, top_px + 13, shortened(group.heading, chars_max), css="bar-heading")]
    if group.verdict:
        css = f"bar-verdict {group.verdict_css}"
        parts.append(tag("text", group.verdict, class_=css, x="100%", y=top_px + 13, text_anchor="end"))
    zero = BARS_PERCENT * scale.share(0.0)
    at, first = f"{zero:.2f}%", top_px + HEADING_PX - 2
    parts.append(tag("line", class_="zero", x1=at, x2=at, y1=first, y2=first + PITCH_PX * len(group.bars)))
    for k, bar in enumerate(group.bars):
        y = top_px + HEADING_PX + k * PITCH_PX
        start, end = sorted((zero, BARS_PERCENT * scale.share(bar.value)))
        width = f"{end - start:.2f}%"
        parts.append(tag("rect", class_=f"bar {bar.css}", x=f"{start:.2f}%", y=y, width=width, height=BAR_PX))
        # right of bar and zero line
        parts.append(tag("text", bar.text, class_="bar-value", x=f"{end:.2f}%", dx=VALUE_GAP_PX, y=y + BAR_PX - 2))
    return parts
