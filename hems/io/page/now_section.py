"""Section "Now": the flow of power, and what each device does and why."""

from collections.abc import Sequence

from hems.control.house_view.now import DeviceNow, Flow, NowView
from hems.control.house_view.snapshot import HouseSnapshot
from hems.io.page.parts import FLOW_CSS, empty, fact, facts, figure_card, heading, label
from hems.io.page.shown import Shown
from hems.io.page.texts import say
from web.charts.markup import Markup, joined, tag
from web.charts.sankey import Node, sankey
from web.charts.table import table

STILL_KW = 0.02
FLOW_PX = 290.0


def now_html(snapshot: HouseSnapshot, today: float | None, shown: Shown) -> Markup:
    """The section; `today` is what energy has cost since midnight [currency], None when nobody knows."""
    now = snapshot.now
    title = heading("now", say("now.title"))
    if now is None:
        return joined([title, empty(say("now.empty"), say("now.empty.do"))])
    age = "now.old" if snapshot.is_stale else "now.read"
    read = tag("p", say(age, time=shown.seconds(now.at_s)), class_="soft")
    parts = [_facts(snapshot, now, today, shown), _flow(now, shown), _devices(now, snapshot, shown)]
    return joined([tag("div", title, read, class_="head wide"), *parts])


def flow_name(flow: Flow, *, is_source: bool) -> str:
    """What a flow is called."""
    if flow.kind == "grid":
        return say("from.grid" if is_source else "to.grid")
    if flow.kind == "battery":
        return say("from.battery" if is_source else "to.battery", name=label(flow.name))
    return label(flow.name) or say(f"kind.{flow.kind}")


def _facts(snapshot: HouseSnapshot, now: NowView, today: float | None, shown: Shown) -> Markup:
    way = "from.grid" if now.grid_kw >= 0 else "to.grid"
    items = [fact(say(way), shown.power(abs(now.grid_kw)))]
    solar = [device.kw for device in now.devices if device.kind == "pv" and device.kw is not None]
    if solar:
        items.append(fact(say("fact.solar"), shown.power(-sum(solar))))
    charged = [device for device in now.devices if device.kind == "battery" and device.soc is not None]
    items += [fact(say("fact.charge", name=label(device.name)), shown.percent(device.soc)) for device in charged]
    if snapshot.price_now is not None:
        more = say("fact.feed_in", price=shown.price(snapshot.feed_in_now))
        items.append(fact(say("fact.price"), shown.price(snapshot.price_now), more))
    if today is not None:
        said = say("fact.today.spent" if today >= 0 else "fact.today.earned")
        items.append(fact(say("fact.today"), shown.money(abs(today)), said))
    return facts(items)


def _flow(now: NowView, shown: Shown) -> Markup:
    total = sum(flow.kw for flow in now.sources)
    if total < STILL_KW or not now.sinks:
        return tag(
            "section", tag("h3", say("flow.title")), tag("p", say("flow.still"), class_="soft"), class_="card wide"
        )
    named = ", ".join(
        f"{label(flow.name) or say(f'kind.{flow.kind}')} {shown.power(flow.kw)}" for flow in now.sources
    )
    sentence = say("flow.sentence", power=shown.power(total), sources=named)
    if any(flow.kind == "unknown" for flow in now.sources):
        sentence = f"{sentence} {say('flow.unknown')}"
    picture = sankey(
        "flow",
        title=say("flow.title"),
        desc=f"{sentence} {say('flow.desc')}",
        sources=_nodes(now.sources, shown, is_source=True),
        sinks=_nodes(now.sinks, shown, is_source=False),
        inside=None,
        height_px=FLOW_PX,
    )
    rows = [[flow_name(f, is_source=True), say("flow.from"), shown.power(f.kw)] for f in now.sources]
    rows += [[flow_name(f, is_source=False), say("flow.to"), shown.power(f.kw)] for f in now.sinks]
    numbers = table(say("flow.caption"), [say("flow.what"), "", say("flow.power")], rows)
    return figure_card(
        "flow", title=say("flow.title"), sentence=sentence, picture=picture, numbers=numbers, flat=True
    )


def _nodes(flows: Sequence[Flow], shown: Shown, *, is_source: bool) -> list[Node]:
    return [
        Node(css=FLOW_CSS[f.kind], name=flow_name(f, is_source=is_source), amount=f.kw, text=shown.power(f.kw))
        for f in flows
    ]


def _devices(now: NowView, snapshot: HouseSnapshot, shown: Shown) -> Markup:
    if not now.devices:
        return empty(say("devices.none"), say("devices.none.do"))
    rung = "" if now.rung is None else tag("span", say(f"rung.{now.rung}"), class_="chip")
    items = [tag("li", _device(device, snapshot, shown), class_="card") for device in now.devices]
    return tag(
        "section",
        tag("h3", say("devices.title"), " ", rung, id="devices-name", class_="group"),
        tag("ul", *items, class_="items two", role="list"),
        class_="wide",
        aria_labelledby="devices-name",
    )


def _device(device: DeviceNow, snapshot: HouseSnapshot, shown: Shown) -> Markup:
    parts = [
        tag("h3", tag("span", class_=f"dot {FLOW_CSS[device.kind]}", aria_hidden="true"), label(device.name)),
        tag("span", _doing(device, shown), class_="amount"),
        tag("p", _reason(device), class_="reason"),
    ]
    if device.soc is not None:
        text = shown.percent(device.soc)
        parts.append(
            tag(
                "progress",
                text,
                class_="level",
                max=1,
                value=device.soc,
                aria_label=say("fact.charge", name=label(device.name)),
            )
        )
    parts += [tag("p", text, class_="worth") for text in _more(device, snapshot.at_s, shown)]
    if device.told_kw is not None:
        parts.append(_why_fold(device.name))
    return tag("div", *parts, class_="item")


def _reason(device: DeviceNow) -> str:
    if device.kw is None:
        return say("device.silent.do")
    return device.text or say("device.undecided")


def _doing(device: DeviceNow, shown: Shown) -> str:
    temp = "" if device.temp_c is None else say("device.temp", temp=shown.number(device.temp_c, 1)) + ", "
    if device.kind == "battery" and device.soc is not None:
        temp = shown.percent(device.soc) + ", "
    if device.kw is None:
        return say("device.silent")
    if abs(device.kw) < STILL_KW / 2:
        return temp + say("device.off")
    way = "giving" if device.kw < 0 else "charging" if device.kind in ("battery", "ev") else "using"
    return temp + say(f"device.{way}", power=shown.power(abs(device.kw)))


def _more(device: DeviceNow, now_s: int, shown: Shown) -> list[str]:
    said = []
    if device.override is not None:
        time = shown.moment(device.override.until_s, now_s)
        said.append(say("device.override", action=say(f"action.{device.override.action}"), time=time))
    if device.needed_kwh is not None and device.departure_s is not None:
        time = shown.moment(device.departure_s, now_s)
        said.append(say("device.needs", energy=shown.energy(device.needed_kwh), time=time))
    if device.kw is None:
        return said
    if device.price_per_kwh is not None and device.worth_per_h >= 0.0005:
        worth, price = shown.small_money(device.worth_per_h), shown.price(device.price_per_kwh)
        said.append(say("device.worth", money=worth, price=price))
    elif device.price_per_kwh is not None and _has_a_choice(device):
        said.append(say("device.price", price=shown.price(device.price_per_kwh)))
    return said


def _has_a_choice(device: DeviceNow) -> bool:
    """Whether a price can change what the device does: neither the sun nor an absent car reacts to one."""
    return device.kind != "pv" and not (device.kind == "ev" and device.needed_kwh is None)


def _why_fold(name: str) -> Markup:
    return tag(
        "details",
        tag("summary", say("device.why"), tag("span", f" ({label(name)})", class_="unseen")),
        tag("pre", say("device.why.wait"), data_into="", role="status"),
        id=f"why-{name}",
        data_get=f"/api/why?device={name}",
        class_="reason",
    )
