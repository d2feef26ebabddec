"""A template bound to one device: every place filled in, overrides applied, sources sorted by topic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from hems.metering.foreign.template import PLACE, Availability, KeepAlive, Part, Source, Switch, Template, Value
from hems.metering.foreign.topics import bound_places, filled

_T = TypeVar("_T", Availability, KeepAlive, Switch)
LEFT_FOR_SENDING = {"lease_s", "pulse", "on"}


class BindError(ValueError):
    """Topic and template do not fit, or an override is wrong: the message says what to give."""


class Wanted(NamedTuple):
    """Which part of which value a source speaks of (positions in `Bound.values`)."""

    value: int
    part: int
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One device's template with real topics. `wanted` and `unit_topics` are keyed by topic."""

    template: Template
    topic: str
    values: tuple[Value, ...]
    wanted: Mapping[str, tuple[Wanted, ...]]
    unit_topics: Mapping[str, tuple[int, ...]]
    availability: Availability | None
    keep_alive: KeepAlive | None
    switch: Switch | None

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic to listen to."""
        more = () if self.availability is None else (self.availability.topic,)
        return tuple(dict.fromkeys([*self.wanted, *self.unit_topics, *more]))

    @property
    def quantities(self) -> frozenset[str]:
        """The quantities that the template has."""
        return frozenset(value.quantity for value in self.values)


def bind(
    template: Template,
    topic: str | None = None,
    *,
    fill: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Bound:
    """The template of one device, found by a topic that fits its pattern.

    A template with a single topic takes any other topic as it is, without availability and commands.

    Raises: BindError when places stay open or an override does not fit.
    """
    places, is_literal = _places(template, topic, fill or {})
    values = [_overridden(value, (overrides or {}).get(value.quantity), topic) for value in template.value]
    known = {value.quantity for value in values}
    added = {q: keys for q, keys in (overrides or {}).items() if q not in known}
    values += [_added(quantity, keys, topic or template.topic) for quantity, keys in added.items()]
    if is_literal and topic is not None:
        values = [_moved(value, template.topic, topic) for value in values]
    whole = [Value.model_validate_json(_filled(value.model_dump_json(), places, template)) for value in values]
    return Bound(
        template=template,
        topic=topic if topic is not None else filled(template.topic, places),
        values=tuple(whole),
        wanted=_by_topic(whole),
        unit_topics=_unit_topics(whole),
        availability=_made(Availability, None if is_literal else template.availability, places, template),
        keep_alive=_made(KeepAlive, None if is_literal else template.keep_alive, places, template),
        switch=_made(Switch, None if is_literal else template.switch, places, template),
    )


def _places(template: Template, topic: str | None, fill: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """(what the names stand for, whether the topic is taken as it is)."""
    unknown = set(fill) - set(PLACE.findall(template.topic)) - set(template.places)
    if unknown:
        raise BindError(f"fill: template {template.name} has no place {', '.join(sorted(unknown))}")
    defaults = {**template.places, **fill}
    if topic is None:
        return defaults, False
    found = bound_places(template.topic, topic)
    if found is not None:
        return {**template.places, **found, **fill}, False
    topics = {source.topic for value in template.value for part in value.part for source in part.source}
    if topics <= {template.topic}:
        return defaults, True
    raise BindError(
        f"topic {topic!r} does not fit template {template.name}: give one like {template.example!r}, "
        f"of the form {template.topic}"
    )


def _filled(text: str, places: Mapping[str, str], template: Template) -> str:
    whole = filled(text, {name: _escaped(place) for name, place in places.items()})
    missing = set(PLACE.findall(whole)) - LEFT_FOR_SENDING
    if missing:
        raise BindError(
            f"template {template.name} needs a topic like {template.example!r}: {', '.join(sorted(missing))} is open"
        )
    return whole


def _escaped(place: str) -> str:
    """Text that may stand inside a JSON string."""
    if any(sign in place for sign in "+#\x00"):
        raise BindError(f"{place!r}: a topic of one device has no wildcards")
    return place.replace("\\", "\\\\").replace('"', '\\"')


def _made(kind: type[_T], given: _T | None, places: Mapping[str, str], template: Template) -> _T | None:
    if given is None:
        return None
    return kind.model_validate_json(_filled(given.model_dump_json(), places, template))


def _overridden(value: Value, keys: Mapping[str, Any] | None, topic: str | None) -> Value:
    if not keys:
        return value
    plain = {name: given for name, given in keys.items() if name not in ("topic", "path")}
    if "constant" in keys:
        plain["part"] = ()
    elif "topic" in keys or "path" in keys:
        first = value.part[0].source[0] if value.part else Source(topic=topic or "-")
        place = Source(topic=keys.get("topic", first.topic), path=keys.get("path", first.path))
        plain["part"] = (Part(source=(place,)),)
    return _checked(value.quantity, {**{n: getattr(value, n) for n in Value.model_fields}, **plain})


def _added(quantity: str, keys: Mapping[str, Any], topic: str) -> Value:
    """A value that the template does not have: its unit, and path or constant, have to be given."""
    if "unit" not in keys:
        raise BindError(f"value.{quantity}: the template has no {quantity}: give its unit and path (or constant)")
    plain = {name: given for name, given in keys.items() if name not in ("topic", "path")}
    if "constant" not in keys:
        plain["part"] = (Part(source=(Source(topic=keys.get("topic", topic), path=keys.get("path", "")),)),)
    return _checked(quantity, plain)


def _checked(quantity: str, keys: Mapping[str, Any]) -> Value:
    try:
        return Value(**{**keys, "quantity": quantity})
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in ("value", quantity, *found["loc"]))
        raise BindError(f"{where}: {found['msg'].removeprefix('Value error, ')}") from None


def _moved(value: Value, pattern: str, topic: str) -> Value:
    """The value with the template's only topic replaced by the one that was given."""
    parts = tuple(
        part.model_copy(
            update={
                "source": tuple(
                    s.model_copy(update={"topic": topic if s.topic == pattern else s.topic}) for s in part.source
                )
            }
        )
        for part in value.part
    )
    return value.model_copy(update={"part": parts})


def _by_topic(values: list[Value]) -> dict[str, tuple[Wanted, ...]]:
    wanted: dict[str, list[Wanted]] = {}
    for v, value in enumerate(values):
        for p, part in enumerate(value.part):
            for source in part.source:
                wanted.setdefault(source.topic, []).append(Wanted(v, p, source))
    return {topic: tuple(found) for topic, found in wanted.items()}


def _unit_topics(values: list[Value]) -> dict[str, tuple[int, ...]]:
    topics: dict[str, list[int]] = {}
    for v, value in enumerate(values):
        if value.unit_topic is not None:
            topics.setdefault(value.unit_topic, []).append(v)
    return {topic: tuple(found) for topic, found in topics.items()}
