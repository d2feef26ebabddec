"""Where a chart is drawn, and its axes. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboards.review.substitution import Span

LEFT, TOP, BOTTOM = 96, 6, 20
PALETTE = [
    "#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#96d98d", "#ffb357", "#ca95e5",
]  # fmt: skip
Text = Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Where a chart is drawn: its size in pixels, its span of time and of values, the margin at its right."""

    width: int
    height: int
    span: Span
    low: float
    high: float
    right: int = 8

    def x(self, at_ms: float) -> float:
        """Pixel of a moment."""
        share = (at_ms - self.span.start_ms) / (self.span.end_ms - self.span.start_ms)
        return LEFT + share * (self.width - LEFT - self.right)

    def y(self, value: float) -> float:
        """Pixel of a value."""
        return TOP + (self.high - value) / (self.high - self.low) * (self.height - TOP - BOTTOM)

    def values(self, text: Text, *, at_right: bool = False) -> str:
        """Grid lines with their values, at the left or at the right."""
        parts = []
        place = (self.width - self.right + 6, "start") if at_right else (LEFT - 6, "end")
        for step in range(5):
            value = self.low + (self.high - self.low) * step / 4
            y = self.y(value)
            if not at_right:
                parts.append(
                    f'<line x1="{LEFT}" x2="{self.width - self.right}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
                )
            parts.append(
                f'<text x="{place[0]}" y="{y + 4:.1f}" class="axis" text-anchor="{place[1]}">{text(value)}</text>'
            )
        return "".join(parts)

    def times(self) -> str:
        """The times below, in UTC."""
        parts = []
        for step in range(1, 6):
            at_ms = self.span.start_ms + (self.span.end_ms - self.span.start_ms) * step / 6
            said = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M")
            x = self.x(at_ms)
            parts.append(f'<text x="{x:.1f}" y="{self.height - 5}" class="axis" text-anchor="middle">{said}</text>')
        return "".join(parts)

    def wrap(self, parts: Iterable[str]) -> str:
        """The whole picture."""
        return f'<svg width="{self.width}" height="{self.height}">{"".join(parts)}</svg>'
