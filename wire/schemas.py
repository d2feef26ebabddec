"""JSON Schemas of every message and the AsyncAPI 3.0 document, generated from the code.

Source: JSON Schema 2020-12; AsyncAPI 3.0.0 with the MQTT bindings 0.2.0.
"""

from typing import Any

from wire.messages import ALL, VERSION, Message
from wire.signing import MAX_FRAME_BYTES
from wire.topics import BINARY, BY_KIND, ROOT, TABLE, TopicRule

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def schema_of(model: type[Message]) -> dict[str, Any]:
    """The JSON Schema of a message's payload, as the sender has to write it."""
    schema = model.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    required = [name for name, field in model.model_fields.items() if field.is_required() or name == "v"]
    return {"$schema": JSON_SCHEMA, "$id": f"hearthgrid/v{VERSION}/{model.kind}", **schema, "required": required}


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every message by kind."""
    return {model.kind: schema_of(model) for model in ALL}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI document; `send` operations are those of the broker."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "HearthGrid community market",
            "version": f"{VERSION}.0.0",
            "description": "Bids, awards and settlements of a local energy market over MQTT 3.1.1. Signed frames: "
            f"'v1.<86 characters base64url Ed25519 signature>.<JSON payload>', at most {MAX_FRAME_BYTES} bytes.",
        },
        "defaultContentType": "application/json",
        "channels": {rule.kind: _channel(rule) for rule in TABLE} | {kind: _binary(kind) for kind in BINARY},
        "operations": {f"{_verb(rule)}_{rule.kind}": _operation(rule) for rule in TABLE},
        "components": {"messages": {rule.kind: _message(rule) for rule in TABLE}},
    }


def _channel(rule: TopicRule) -> dict[str, Any]:
    names = [name for name in ("community", "meter") if f"{{{name}}}" in rule.pattern]
    return {
        "address": rule.pattern,
        "description": rule.purpose,
        "parameters": {name: {"description": f"id of the {name}: a-z, 0-9, _ and -"} for name in names},
        "messages": {rule.kind: {"$ref": f"#/components/messages/{rule.kind}"}},
    }


def _binary(kind: str) -> dict[str, Any]:
    """A channel of a gateway: its payloads are described in batches.md."""
    names = ("community", "gateway")
    return {
        "address": BINARY[kind],
        "description": f"binary, see batches.md: the {kind} of a gateway",
        "parameters": {name: {"description": f"id of the {name}: a-z, 0-9, _ and -"} for name in names},
        "messages": {kind: {"name": kind, "contentType": "application/octet-stream"}},
    }


def _verb(rule: TopicRule) -> str:
    return "send" if rule.publisher == "broker" else "receive"


def _operation(rule: TopicRule) -> dict[str, Any]:
    return {
        "action": _verb(rule),
        "channel": {"$ref": f"#/channels/{rule.kind}"},
        "bindings": {"mqtt": {"qos": rule.qos, "retain": rule.retain, "bindingVersion": "0.2.0"}},
    }


def _message(rule: TopicRule) -> dict[str, Any]:
    return {
        "name": rule.kind,
        "summary": rule.purpose,
        "contentType": "application/json",
        "payload": {"$ref": f"schemas/{rule.kind}.json"},
        "x-signed": rule.signed,
    }


def topics_table() -> str:
    """The topics as a Markdown table."""
    head = ["| kind | topic | from | QoS | retained | signed | what |", "|---|---|---|---|---|---|---|"]
    rows = [
        f"| `{r.kind}` | `{r.pattern}` | {r.publisher} "
        f"| {r.qos} | {_yes(r.retain)} | {_yes(r.signed)} | {r.purpose} |"
        for r in TABLE
    ]
    return "\n".join([*head, *rows])


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def documents() -> dict[str, Any]:
    """Every generated JSON document by its path below docs/protocol; one schema for each topic of the table."""
    missing = sorted(set(BY_KIND) ^ {model.kind for model in ALL})
    assert not missing, f"kinds without topic or message: {missing} below {ROOT}"
    files: dict[str, Any] = {f"schemas/{kind}.json": schema for kind, schema in schemas().items()}
    return {**files, "asyncapi.json": asyncapi()}
