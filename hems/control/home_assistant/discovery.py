"""Discovery messages of Home Assistant: a device with its components, or each component on its own.

Sources: Home Assistant documentation, "MQTT Discovery" (device discovery, migration, removing a component); device
form since 2024.11.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hems.control.home_assistant.entity import Entity
from hems.control.home_assistant.topics import OFFLINE, ONLINE, Topics

Form = Literal["device", "component"]
MIGRATE = '{"migrate_discovery": true}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A message to be published with QoS 1."""

    topic: str
    payload: str
    retain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Who tells: version of this program, and the address of the household page; None: there is none."""

    version: str
    page_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told before, remembered over restarts: the form, the prefix, and the platform of each component."""

    form: Form
    prefix: str
    components: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"form": self.form, "prefix": self.prefix, "components": dict(self.components)}

    @staticmethod
    def of(document: Any) -> "Told | None":
        """What was remembered; None when nothing was, or it is not ours."""
        match document:
            case {"form": "device" | "component" as form, "prefix": str(prefix), "components": dict(components)}:
                return Told(form=form, prefix=prefix, components={str(k): str(v) for k, v in components.items()})
            case _:
                return None


def told(form: Form, topics: Topics, entities: Sequence[Entity]) -> Told:
    """What is remembered once these entities have been told."""
    return Told(form=form, prefix=topics.prefix, components={entity.id: entity.platform for entity in entities})


def discovery(
    form: Form, topics: Topics, entities: Sequence[Entity], about: About, before: Told | None
) -> list[Publication]:
    """What to publish, in this order, so that Home Assistant has these entities and no others of this home.

    A component that is gone is removed; with another form than before its entities move over and keep their history.
    """
    if before is not None and before.prefix != topics.prefix:
        return [*_cleared(before, topics), *discovery(form, topics, entities, about, None)]
    if form == "device":
        return list(_as_device(topics, entities, about, before))
    return list(_as_components(topics, entities, about, before))


def _as_device(
    topics: Topics, entities: Sequence[Entity], about: About, before: Told | None
) -> Iterator[Publication]:
    where, document = topics.device_config(), device_document(topics, entities, about)
    old = {} if before is None else before.components
    if before is not None and before.form == "component":
        old_topics = [topics.component_config(platform, id_) for id_, platform in old.items()]
        yield from (_retained(topic, MIGRATE) for topic in old_topics)
        yield _retained(where, _json(document))
        yield from (_retained(topic, "") for topic in old_topics)
        return
    gone = {id_: {"p": platform} for id_, platform in old.items() if id_ not in document["cmps"]}
    if gone:
        yield _retained(where, _json({**document, "cmps": {**document["cmps"], **gone}}))
    yield _retained(where, _json(document))


def _as_components(
    topics: Topics, entities: Sequence[Entity], about: About, before: Told | None
) -> Iterator[Publication]:
    if before is not None and before.form == "device":
        yield _retained(topics.device_config(), MIGRATE)
    for entity in entities:
        config = component_document(topics, entity, about)
        yield _retained(topics.component_config(entity.platform, entity.id), _json(config))
    if before is not None and before.form == "device":
        yield _retained(topics.device_config(), "")
        return
    kept = {(entity.id, entity.platform) for entity in entities}
    for id_, platform in () if before is None else before.components.items():
        if (id_, platform) not in kept:
            yield _retained(topics.component_config(platform, id_), "")


def _cleared(before: Told, topics: Topics) -> Iterator[Publication]:
    """Nothing more under another prefix."""
    there = Topics(meter=topics.meter, prefix=before.prefix)
    if before.form == "device":
        yield _retained(there.device_config(), "")
        return
    yield from (_retained(there.component_config(p, id_), "") for id_, p in before.components.items())


def device_document(topics: Topics, entities: Sequence[Entity], about: About) -> dict[str, Any]:
    """The device form: what all components share stands at the root."""
    components = {
        entity.id: {
            "p": entity.platform,
            "unique_id": f"{topics.name}_{entity.id}",
            "default_entity_id": f"{entity.platform}.{_slug(topics, entity)}",
            **entity.config,
        }
        for entity in entities
    }
    return {
        "dev": _device(topics, about),
        "o": _origin(about),
        "availability": _availability(topics),
        "availability_mode": "all",
        "qos": 1,
        "cmps": components,
    }


def component_document(topics: Topics, entity: Entity, about: About) -> dict[str, Any]:
    """One component on its own, complete.

    Releases that need this form warn of a timestamp that is not known: there it is told as text.
    """
    config = {k: v for k, v in entity.config.items() if (k, v) != ("device_class", "timestamp")}
    return {
        "unique_id": f"{topics.name}_{entity.id}",
        "object_id": _slug(topics, entity),
        **config,
        "qos": 1,
        "availability": _availability(topics),
        "availability_mode": "all",
        "device": _device(topics, about),
        "origin": _origin(about),
    }


def _device(topics: Topics, about: About) -> dict[str, Any]:
    page = {} if about.page_url is None else {"cu": about.page_url}
    return {
        "ids": [topics.name],
        "name": f"Energy manager {topics.meter}",
        "mf": "Hearthgrid",
        "mdl": "Edge EMS",
        "sw": about.version,
        **page,
    }


def _origin(about: About) -> dict[str, Any]:
    return {"name": "Hearthgrid", "sw": about.version}


def _availability(topics: Topics) -> list[dict[str, str]]:
    return [
        {"topic": topic, "payload_available": ONLINE, "payload_not_available": OFFLINE}
        for topic in (topics.status, topics.fresh)
    ]


def _slug(topics: Topics, entity: Entity) -> str:
    return f"{topics.name}_{entity.id}".replace("-", "_")


def _retained(topic: str, payload: str) -> Publication:
    return Publication(topic=topic, payload=payload, retain=True)


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
