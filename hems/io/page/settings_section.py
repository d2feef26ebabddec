"""Section "Settings": how the home is run, what each device keeps to, overrides with an end, and who changed what."""

from collections.abc import Sequence
from typing import Any

from hems.control.house_view.snapshot import HouseSnapshot, Wishes
from hems.control.household.options import Option
from hems.control.household.outcome import Entry
from hems.control.household.overrides import Override, actions
from hems.io.page.parts import empty, heading, label
from hems.io.page.shown import Shown
from hems.io.page.texts import say
from hems.site.home import Home
from web.charts.markup import Markup, joined, tag
from web.charts.table import table

PERCENT = frozenset({"reserve_soc", "target_soc"})


def settings_html(snapshot: HouseSnapshot, home: Home, log: Sequence[Entry], shown: Shown) -> Markup:
    """The section; `log` is the newest changes, newest first."""
    title, wishes = heading("settings", say("settings.title")), snapshot.wishes
    if not wishes.options:
        return joined([title, empty(say("settings.unavailable"), say("settings.unavailable.do"))])
    return joined(
        [title, _how(wishes, shown), _overrides(wishes, home, snapshot.at_s, shown), _log(log, snapshot.at_s, shown)]
    )


def field_name(option: Option) -> str:
    """The name of a setting in forms and in the interface: `mode`, or `reserve_soc@battery`."""
    return option.name if option.device is None else f"{option.name}@{option.device}"


def _how(wishes: Wishes, shown: Shown) -> Markup:
    fields = [_field(option, wishes.settings.value(option.name, option.device), shown) for option in wishes.options]
    form = tag(
        "form",
        *fields,
        tag("div", tag("button", say("settings.save"), type="submit", class_="main"), class_="row"),
        tag("p", class_="said", role="status"),
        data_post="/api/settings",
        data_changes="",
        id="settings-form",
        autocomplete="off",
    )
    return tag("section", tag("h3", say("settings.how")), form, class_="card")


def _field(option: Option, value: str | float | None, shown: Shown) -> Markup:
    if option.kind == "choice":
        return _choice(option, str(value if value is not None else option.default))
    ids = f"set-{field_name(option).replace('@', '-')}"
    text = say(f"option.{option.name}", device=label(option.device or ""))
    if option.kind == "time":
        box = tag("input", type="time", id=ids, name_=field_name(option), value=None if value is None else str(value))
        return tag("label", text, box, tag("small", say("option.ready_by.more")), class_="field", for_=ids)
    return _number(option, None if value is None else float(value), ids, text, shown)


def _choice(option: Option, chosen: str) -> Markup:
    """Radio buttons; the TOML says nothing of these, so one is always chosen."""
    rows = [
        tag(
            "label",
            tag(
                "input",
                type="radio",
                name_=option.name,
                value=word,
                checked=word == chosen,
                id=f"{option.name}-{word}",
            ),
            tag("span", tag("b", say(f"{option.name}.{word}")), tag("small", say(f"{option.name}.{word}.more"))),
            class_="choice",
        )
        for word in option.choices
    ]
    return tag("fieldset", tag("legend", say(f"settings.{option.name}")), tag("div", *rows, class_="choices"))


def _number(option: Option, value: float | None, ids: str, text: str, shown: Shown) -> Markup:
    factor = 100.0 if option.name in PERCENT else 1.0
    unit = "%" if option.name in PERCENT else "°C" if option.unit == "degC" else option.unit
    hint = say("option.toml")
    if option.default is not None:
        hint = say("option.toml.value", value=_valued(option.default, option, shown))
    box = tag(
        "input",
        type="number",
        inputmode="decimal",
        id=ids,
        name_=field_name(option),
        min=_plain(option.low * factor),
        max=_plain(option.high * factor),
        step=_plain(option.step * factor),
        value=None if value is None else _plain(value * factor),
        data_as="number",
        data_scale=None if factor == 1.0 else "0.01",
    )
    return tag("label", f"{text}, {unit}", box, tag("small", hint), class_="field", for_=ids)


def _plain(value: float) -> str:
    return f"{round(value, 6):g}"


def _valued(value: Any, option: Option, shown: Shown) -> str:
    if isinstance(value, int | float) and option.name in PERCENT:
        return shown.percent(float(value))
    if isinstance(value, int | float) and option.kind == "number":
        return f"{shown.number(float(value), 1)} {'°C' if option.unit == 'degC' else option.unit}".rstrip()
    return str(value)


def _overrides(wishes: Wishes, home: Home, now_s: int, shown: Shown) -> Markup:
    held = [_held(override, now_s, shown) for override in wishes.overrides]
    return tag(
        "section",
        tag("h3", say("override.title")),
        tag("p", say("override.sentence"), class_="sentence"),
        joined(held) if held else tag("p", say("override.none"), class_="soft"),
        _override_form(home, now_s, shown) if home.units else "",
        class_="card",
    )


def _held(override: Override, now_s: int, shown: Shown) -> Markup:
    words = say(
        "override.now",
        device=label(override.device),
        action=say(f"action.{override.action}"),
        time=shown.moment(override.until_s, now_s),
    )
    return tag(
        "form",
        tag(
            "div",
            tag("span", words, class_="chip warn"),
            tag("button", say("override.end"), type="submit", aria_label=f"{say('override.end')}: {override.device}"),
            class_="row",
        ),
        tag("input", type="hidden", name_="device", value=override.device),
        tag("p", class_="said", role="status"),
        data_post="/api/cancel",
        id=f"cancel-{override.device}",
    )


def _override_form(home: Home, now_s: int, shown: Shown) -> Markup:
    """One choice of device and action together: only what a device can do is offered."""
    choices = [
        tag("option", f"{label(unit.id)}: {say(f'action.{action}')}", value=f"{unit.id} {action}")
        for unit in home.units
        for action in actions(unit)
    ]
    until = shown.time(now_s - now_s % 1800 + 2 * 3600 + 1800)
    return tag(
        "form",
        tag("label", say("override.what"), tag("select", *choices, name_="what", id="override-what"), class_="field"),
        tag(
            "label",
            say("override.until"),
            tag("input", type="time", name_="until", id="override-until", value=until, required=True),
            tag("small", say("override.until.more")),
            class_="field",
        ),
        tag("div", tag("button", say("override.start"), type="submit", class_="main"), class_="row"),
        tag("p", class_="said", role="status"),
        data_post="/api/override",
        id="override-form",
        autocomplete="off",
    )


def _log(log: Sequence[Entry], now_s: int, shown: Shown) -> Markup:
    rows = [
        [
            shown.moment(entry.at_s, now_s),
            entry.what if entry.device is None else f"{entry.what} {entry.device}",
            _logged(entry.before, now_s, shown),
            _logged(entry.after, now_s, shown),
            say(f"log.who.{entry.by}"),
        ]
        for entry in log
    ]
    names = ("when", "what", "from", "to", "who")
    body = table(say("log.title"), [say(f"log.{name}") for name in names], rows)
    return tag(
        "section",
        tag("details", tag("summary", say("log.title")), body if rows else tag("p", say("log.none")), id="log"),
        class_="card wide",
    )


def _logged(value: Any, now_s: int, shown: Shown) -> str:
    if value is None:
        return say("log.toml")
    if isinstance(value, dict) and "action" in value:
        action = str(value["action"])
        return f"{say(f'action.{action}')}, {shown.moment(int(value['until_s']), now_s)}"
    return shown.number(value, 2) if isinstance(value, float) else str(value)
