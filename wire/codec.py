"""Strict JSON for the wire: exact bytes out, and in only what the schema allows, with the reason when it does not."""

import hashlib
import json
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from wire.messages import VERSION, Message
from wire.reasons import Reason

M = TypeVar("M", bound=Message)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class DecodeError(ValueError):
    """A payload that is not the message it should be: `code`, the `field` (dotted path or None) and what is wrong."""

    def __init__(self, code: Reason, field: str | None, detail: str) -> None:
        super().__init__(f"{code}: {field or 'payload'}: {detail}")
        self.code = code
        self.field = field
        self.detail = detail


def canonical(value: Any) -> bytes:
    """The one byte string of a JSON value: sorted keys, no white space, UTF-8."""
    return _ENCODER.encode(value).encode()


def encode(message: Message) -> bytes:
    """The canonical payload bytes of a message."""
    return canonical(message.model_dump(mode="json"))


def digest(payload: bytes) -> str:
    """SHA-256 of payload bytes as 64 hexadecimal digits, by which receipts name a message."""
    return hashlib.sha256(payload).hexdigest()


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise DecodeError(Reason.MALFORMED, None, "an object holds the same key twice")
    return keys


def _no_float(text: str) -> NoReturn:
    raise DecodeError(Reason.MALFORMED, None, f"{text[:30]} is no whole number: quantities are integers")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_float=_no_float, parse_constant=_no_float)


def parse(payload: bytes) -> dict[str, Any]:
    """The JSON object of a payload; floats, NaN, duplicate keys and other top-level values are refused.

    Raises: DecodeError with the code MALFORMED.
    """
    try:
        value = _DECODER.decode(payload.decode("utf-8"))
    except DecodeError:
        raise
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DecodeError(Reason.MALFORMED, None, f"not JSON: {str(error)[:120]}") from None
    if not isinstance(value, dict):
        raise DecodeError(Reason.MALFORMED, None, "the payload is not a JSON object")
    return value


def decode(model: type[M], payload: bytes) -> M:
    """The message of a payload.

    Raises: DecodeError whose code says whether the version, a field's name, its type or its value is wrong.
    """
    value = parse(payload)
    if value.get("v") != VERSION or isinstance(value.get("v"), bool):
        raise DecodeError(Reason.UNKNOWN_VERSION, "v", f"version {str(value.get('v'))[:20]} is not {VERSION}")
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        raise _as_decode_error(error) from None


def _as_decode_error(error: ValidationError) -> DecodeError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"]) or None
    kind = first["type"]
    if kind == "extra_forbidden":
        code = Reason.UNKNOWN_FIELD
    elif kind in ("greater_than_equal", "less_than_equal", "too_long", "too_short", "string_too_long"):
        code = Reason.OUT_OF_RANGE
    else:
        code = Reason.MALFORMED
    return DecodeError(code, path, first["msg"][:160])
