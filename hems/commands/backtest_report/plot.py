"""A small picture with two axes: bands, lines, dots, ticks at round numbers; as wide as its container."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from web.charts.markup import Markup, joined, tag

Values = Sequence[float] | npt.NDArray[np.float64]

WIDTH, HEIGHT = 480.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 42.0, 12.0, 24.0, 30.0
ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
INTERVALS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis from `low` to `high`; `ticks` are places and their texts."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through points, broken where a value is NaN; `css` names its style, `steps` holds each value."""

    x: Values
    y: Values
    css: str
    steps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The area between two lines."""

    x: Values
    low: Values
    high: Values
    css: str
    steps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dots:
    """A dot per point."""

    x: Values
    y: Values
    css: str


Shape = Line | Band | Dots


def value_axis(values: Sequence[float], unit: str = "") -> Axis:
    """An axis from 0, or below, over all finite values, with round ticks."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    if high - low < 1e-9:
        high = low + 1.0
    raw = (high - low) / INTERVALS
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m for m in ROUND_STEPS if m * magnitude >= raw * (1 - 1e-9)) * magnitude
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    decimals = next((d for d in range(6) if math.isclose(round(step, d), step, rel_tol=1e-9)), 6)
    ticks = tuple((k * step, f"{k * step:.{decimals}f}{unit}") for k in range(first, last + 1))
    return Axis(low=first * step, high=last * step, ticks=ticks)


def plot(shapes: Sequence[Shape], *, x: Axis, y: Axis, title: str, desc: str) -> Markup:
    """The picture; `title` stands above it, `desc` is read aloud instead of it."""
    drawn = [_shape(shape, x, y) for shape in shapes]
    across = [_across(y, value) for value, _ in y.ticks]
    y_texts = [
        tag("text", text, class_="tick", x=LEFT - 6, y=_y(y, value) + 4, text_anchor="end") for value, text in y.ticks
    ]
    x_texts = [
        tag("text", text, class_="tick", x=_x(x, value), y=HEIGHT - BOTTOM + 17, text_anchor="middle")
        for value, text in x.ticks
    ]
    return tag(
        "svg",
        tag("title", desc),
        tag("text", title, class_="plot-title", x=0, y=13),
        *across,
        *drawn,
        *y_texts,
        *x_texts,
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
    )


def _shape(shape: Shape, x: Axis, y: Axis) -> Markup:
    match shape:
        case Line():
            return tag("path", class_=shape.css, d=_path(shape.x, shape.y, x, y, shape.steps))
        case Band():
            low, high = np.asarray(shape.low), np.asarray(shape.high)
            if len(low) == 0 or bool((np.isnan(low) | np.isnan(high)).any()):
                return Markup("")
            there = _path(shape.x, high, x, y, shape.steps)
            back = _path(shape.x[::-1], low[::-1], x, y, shape.steps, backwards=True)
            return tag("path", class_=shape.css, d=f"{there}L{back[1:]}Z")
        case Dots():
            circles = [
                tag("circle", class_=shape.css, cx=_x(x, float(a)), cy=_y(y, float(b)), r=3.2)
                for a, b in zip(shape.x, shape.y, strict=True)
            ]
            return joined(circles)


def _path(xs: Values, ys: Values, x: Axis, y: Axis, steps: bool, *, backwards: bool = False) -> str:
    """SVG path of a line; with steps each value holds for one unit of x from its place on."""
    parts, pen_up = [], True
    for a, b in zip(xs, ys, strict=True):
        if not math.isfinite(b):
            pen_up = True
            continue
        ends = [a + 1, a] if backwards else [a, a + 1]
        for at in ends if steps else [a]:
            parts.append(f"{'M' if pen_up else 'L'}{_x(x, float(at)):.1f} {_y(y, float(b)):.1f}")
            pen_up = False
    return "".join(parts)


def _across(axis: Axis, value: float) -> Markup:
    row = _y(axis, value)
    css = "zero" if abs(value) < 1e-12 else "grid"
    return tag("line", class_=css, x1=LEFT, x2=WIDTH - RIGHT, y1=row, y2=row)


def _x(axis: Axis, value: float) -> float:
    return LEFT + (value - axis.low) / (axis.high - axis.low) * (WIDTH - LEFT - RIGHT)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - (value - axis.low) / (axis.high - axis.low) * (HEIGHT - TOP - BOTTOM)
