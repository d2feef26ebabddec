"""A flow picture with sources on the left, one hub in the middle and sinks on the right; heights are amounts."""

from collections.abc import Sequence
from dataclasses import dataclass

from web.charts.chart import note, picture
from web.charts.markup import Markup, coordinate, joined, tag

WIDTH = 1000.0  # picture units, stretched to the width of the page
NODE_WIDTH = 14.0
HUB = (478.0, 522.0)
HEIGHT_PX = 380.0
GAP_PX = 32.0  # room for a label of two lines at every node, however thin
LABEL_PERCENT = 2.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A source or sink: style, name, amount >= 0 and the amount as text."""

    css: str
    name: str
    amount: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A node with its place: top and height [px], and the top of its share of the hub [px]."""

    node: Node
    top_px: float
    height_px: float
    hub_px: float


def sankey(
    name: str,
    *,
    title: str,
    desc: str,
    sources: Sequence[Node],
    sinks: Sequence[Node],
    inside: Node | None,
    height_px: float = HEIGHT_PX,
) -> Markup:
    """The picture; `inside` marks a part of the hub, for instance what changed hands there. Sums are positive."""
    total = max(sum(node.amount for node in sources), sum(node.amount for node in sinks))
    gaps = GAP_PX * (max(len(sources), len(sinks)) - 1)
    per_amount = (height_px - gaps - GAP_PX) / total
    hub_height = total * per_amount
    hub_top = (height_px - hub_height) / 2
    left, right = (_column(nodes, per_amount, hub_top, height_px) for nodes in (sources, sinks))
    shapes = [
        *(_ribbon(p, NODE_WIDTH, HUB[0], leaving=True) for p in left),
        *(_ribbon(p, HUB[1], WIDTH - NODE_WIDTH, leaving=False) for p in right),
        *(_bar(p.node.css, 0.0, p.top_px, NODE_WIDTH, p.height_px) for p in left),
        *(_bar(p.node.css, WIDTH - NODE_WIDTH, p.top_px, NODE_WIDTH, p.height_px) for p in right),
        _bar("hub", HUB[0], hub_top, HUB[1] - HUB[0], hub_height),
    ]
    texts = [
        *(_label(LABEL_PERCENT, _middle(p), p.node, "start") for p in left),
        *(_label(100 - LABEL_PERCENT, _middle(p), p.node, "end") for p in right),
    ]
    if inside is not None:
        height = inside.amount * per_amount
        shapes.append(_bar(inside.css, HUB[0], height_px / 2 - height / 2, HUB[1] - HUB[0], height))
        texts.append(_label(HUB[1] / WIDTH * 100 + 1, height_px / 2, inside, "start"))
    plot = tag(
        "svg",
        *shapes,
        class_="flow",
        width="100%",
        height=height_px,
        viewBox=f"0 0 {WIDTH:g} {height_px:g}",
        preserveAspectRatio="none",
    )
    return picture(name, title=title, desc=desc, height_px=height_px, parts=[plot, *texts])


def _column(nodes: Sequence[Node], per_amount: float, hub_top: float, height_px: float) -> list[Placed]:
    heights = [node.amount * per_amount for node in nodes]
    used = sum(heights) + GAP_PX * (len(nodes) - 1)
    top = (height_px - used) / 2
    hub = hub_top
    placed = []
    for node, height in zip(nodes, heights, strict=True):
        placed.append(Placed(node=node, top_px=top, height_px=height, hub_px=hub))
        top += height + GAP_PX
        hub += height
    return placed


def _middle(placed: Placed) -> float:
    return placed.top_px + placed.height_px / 2


def _ribbon(placed: Placed, x0: float, x1: float, *, leaving: bool) -> Markup:
    near, far = (placed.top_px, placed.hub_px) if leaving else (placed.hub_px, placed.top_px)
    low_near, low_far = near + placed.height_px, far + placed.height_px
    bend = coordinate((x0 + x1) / 2)
    a, b = coordinate(x0), coordinate(x1)
    top = f"M{a} {coordinate(near)}C{bend} {coordinate(near)} {bend} {coordinate(far)} {b} {coordinate(far)}"
    bottom = f"V{coordinate(low_far)}C{bend} {coordinate(low_far)} {bend} {coordinate(low_near)} {a} "
    return tag("path", class_=f"ribbon {placed.node.css}", d=f"{top}{bottom}{coordinate(low_near)}Z")


def _bar(css: str, x: float, y: float, width: float, height: float) -> Markup:
    return tag("rect", class_=f"node {css}", x=x, y=y, width=width, height=max(height, 1.0))


def _label(at_percent: float, middle_px: float, node: Node, anchor: str) -> Markup:
    return joined(
        [
            note(at_percent, middle_px - 2, node.name, anchor=anchor),
            note(at_percent, middle_px + 13, node.text, anchor=anchor, css="note strong"),
        ]
    )
