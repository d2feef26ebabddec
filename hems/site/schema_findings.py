"""Findings about the form of a case: unknown or missing keys, wrong types, numbers out of range."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from hems.site.case import Case
from hems.site.devices import AnyDevice
from hems.site.finding import Finding, json_path

KINDS: dict[str, type[BaseModel]] = {
    model.model_fields["kind"].annotation.__args__[0]: model for model in AnyDevice.__args__
}


def schema_findings(error: ValidationError, document: Any) -> list[Finding]:
    """Findings for the errors pydantic reports on `document`, each place once."""
    found: dict[str, Finding] = {}
    for item in error.errors(include_url=False):
        parts = tuple(_real_parts(item["loc"], document, item["type"]))
        finding = _finding(item, parts, document)
        found.setdefault(finding.where, finding)
    # a value that may be a number or a list is tried as both: a list with a bad entry is only named by the entry
    inner = {where.rpartition("[")[0] for where in found if where.endswith("]")}
    lists = {where for where in inner if where in found and "a list is not" in found[where].wrong}
    return [finding for where, finding in found.items() if where not in lists]


def _real_parts(loc: Sequence[str | int], document: Any, kind: str) -> Iterator[str | int]:
    """The places of a location that exist in the document; names of kinds and union branches are left out."""
    here = document
    for i, part in enumerate(loc):
        is_last = i == len(loc) - 1
        if isinstance(here, dict) and isinstance(part, str):
            if part in here:
                here = here[part]
                yield part
            elif is_last and kind == "missing":
                yield part
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            yield part


def _finding(item: Any, parts: tuple[str | int, ...], document: Any) -> Finding:
    kind, context = item["type"], item.get("ctx", {})
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return Finding(
            where=json_path((*parts, "kind")),
            wrong="no such kind of device" if kind == "union_tag_invalid" else "is missing",
            remedy=f"use one of {', '.join(KINDS)}",
        )
    value = _value(document, parts)
    if kind == "missing":
        return Finding(where=json_path(parts), wrong="is missing", remedy="add this key, it has no default")
    if kind == "extra_forbidden":
        return Finding(where=json_path(parts), wrong="is not a known key", remedy=_nearest_key(parts, document))
    if kind in ("less_than_equal", "less_than", "greater_than_equal", "greater_than", "finite_number"):
        return Finding(
            where=json_path(parts), wrong=_range_text(kind, context, value), remedy=_range_remedy(parts, context)
        )
    return Finding(
        where=json_path(parts), wrong=f"{_shown(value)} is not allowed here", remedy=_type_remedy(kind, context)
    )


def _value(document: Any, parts: Sequence[str | int]) -> Any:
    for part in parts:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _shown(value: Any) -> str:
    text = "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _range_text(kind: str, context: dict[str, Any], value: Any) -> str:
    words = {
        "less_than_equal": "above",
        "less_than": "not below",
        "greater_than_equal": "below",
        "greater_than": "not above",
    }
    if kind == "finite_number":
        return f"{_shown(value)} is not a finite number"
    limit = next((context[k] for k in ("le", "lt", "ge", "gt") if k in context), "")
    return f"{_shown(value)} is {words[kind]} {limit:g}"


def _range_remedy(parts: Sequence[str | int], context: dict[str, Any]) -> str:
    key = next((part for part in reversed(parts) if isinstance(part, str)), "")
    if context.get("le") == 1:
        return "give a fraction between 0 and 1 (0.8 for 80 %)"
    if key == "slots":
        return "plan a shorter horizon or use longer slots" if "le" in context else "plan one slot at least"
    return f"check the unit of {key} and its sign (power into a device is positive)"


def _type_remedy(kind: str, context: dict[str, Any]) -> str:
    wanted = {
        "bool_type": "write true or false",
        "int_type": "write a whole number",
        "int_from_float": "write a whole number",
        "string_type": "write a text in quotes",
        "float_type": "write a number, or where the value may vary a list with one number per slot",
        "list_type": "write a list",
        "model_type": "write an object",
        "model_attributes_type": "write an object",
        "dict_type": "write an object",
        "literal_error": f"use {context.get('expected', 'one of the listed words')}",
        "too_short": "give at least one entry",
        "too_long": "give fewer entries",
        "string_too_short": "give it a name",
        "string_too_long": "shorten the name",
    }
    return wanted.get(kind, "see the description of case files in the documentation")


def _nearest_key(parts: Sequence[str | int], document: Any) -> str:
    key, around = str(parts[-1]), _value(document, parts[:-1])
    near = difflib.get_close_matches(key, _known_keys(parts[:-1], around), n=1)
    return f"did you mean {near[0]}?" if near else "remove it or correct its spelling"


def _known_keys(parts: Sequence[str | int], around: Any) -> list[str]:
    if isinstance(around, dict) and around.get("kind") in KINDS:
        return list(KINDS[around["kind"]].model_fields)
    model: type[BaseModel] = Case
    for part in parts:
        inner = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)
