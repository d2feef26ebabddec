"""From typed state to plain JSON values and back, by the declared types: nothing is guessed, nothing is executed.

Order is kept (of mappings too: it is part of the market's state), sets are sorted. A field that the value does not
hold takes its default, so that an older state still reads; one that the type does not know is refused. Fields that
do not count when two values are compared are made anew.
"""

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence, Set
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError

Convert = Callable[[Any], Any]
PLAIN = (int, str, bool, type(None))


class UnknownState(Exception):
    """A value that this release does not know: install the release that wrote it, or a newer one."""


class Codec(NamedTuple):
    """What makes a value of a type plain, and what makes it again of that.

    `read` raises UnknownState when the plain value is none of the type's.
    """

    plain: Convert
    read: Convert


@cache
def codec_of(kind: Any) -> Codec:
    """The codec of a type. Raises: TypeError for one that has none, which is a mistake in our own code."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return codec_of(args[0])
    if origin in (Union, types.UnionType):
        return _union(args)
    if origin is Literal:
        return Codec(_same, _checked(lambda value: value in args, f"one of {args}"))
    if origin is tuple:
        return _sequence(args[0], tuple) if args[1:] == (...,) else _fixed(args, tuple)
    if origin in (list, Sequence):
        return _sequence(args[0], list)
    if origin in (set, frozenset, Set):
        return _set(args[0])
    if origin in (dict, Mapping):
        return _text_mapping(args[1]) if args[0] is str else _mapping(*args)
    return _class(kind)


def _class(kind: Any) -> Codec:
    if kind in PLAIN:
        return Codec(_same, _checked(lambda value: type(value) is kind, kind.__name__))
    if kind is bytes:
        return Codec(bytes.hex, _guarded(lambda value: bytes.fromhex(_text(value))))
    if kind is Fraction:
        return Codec(lambda value: [value.numerator, value.denominator], lambda value: Fraction(*_pair(value)))
    if not isinstance(kind, type):
        raise TypeError(f"{kind} has no codec")
    if issubclass(kind, Enum):
        return Codec(lambda value: value.value, _guarded(kind))
    if issubclass(kind, BaseModel):
        return _model(kind)
    if dataclasses.is_dataclass(kind):
        return _record(kind)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints = get_type_hints(kind)
        return _fixed(tuple(hints[name] for name in kind._fields), lambda values: kind(*values))
    raise TypeError(f"{kind} has no codec")


def _same(value: Any) -> Any:
    return value


def _checked(holds: Callable[[Any], bool], wanted: str) -> Convert:
    def read(value: Any) -> Any:
        if not holds(value):
            raise UnknownState(f"{str(value)[:60]!r} is no {wanted}")
        return value

    return read


def _guarded(make: Convert) -> Convert:
    def read(value: Any) -> Any:
        try:
            return make(value)
        except (ValueError, TypeError) as error:
            raise UnknownState(str(error)[:200]) from None

    return read


_list = _checked(lambda value: isinstance(value, list), "list")
_text = _checked(lambda value: isinstance(value, str), "text")
_object = _checked(lambda value: isinstance(value, dict), "object")


def _pair(value: Any) -> list[int]:
    parts = _list(value)
    if len(parts) != 2 or any(type(part) is not int for part in parts) or parts[1] == 0:
        raise UnknownState(f"{str(value)[:60]} is no fraction")
    return parts  # type: ignore[no-any-return]


def _union(args: tuple[Any, ...]) -> Codec:
    """None stands for itself; several classes are told apart by their name in front."""
    kinds = [kind for kind in args if kind is not type(None)]
    if all(kind in PLAIN for kind in kinds):
        return Codec(_same, _checked(lambda value: type(value) in args, f"one of {args}"))
    if len(kinds) > 1:
        return _named({kind.__name__: kind for kind in kinds})
    (kind,) = kinds
    inner = codec_of(kind)
    return Codec(
        lambda value: None if value is None else inner.plain(value),
        lambda value: None if value is None else inner.read(value),
    )


def _named(kinds: dict[str, Any]) -> Codec:
    def plain(value: Any) -> Any:
        name = type(value).__name__
        return [name, codec_of(kinds[name]).plain(value)]

    def read(value: Any) -> Any:
        parts = _list(value)
        if len(parts) != 2 or parts[0] not in kinds:
            raise UnknownState(f"{str(value)[:60]} is none of {', '.join(kinds)}")
        return codec_of(kinds[parts[0]]).read(parts[1])

    return Codec(plain, read)


def _sequence(item: Any, make: Convert) -> Codec:
    inner = codec_of(item)
    return Codec(
        lambda value: [inner.plain(part) for part in value],
        lambda value: make([inner.read(part) for part in _list(value)]),
    )


def _fixed(items: tuple[Any, ...], make: Convert) -> Codec:
    inner = [codec_of(item) for item in items]

    def read(value: Any) -> Any:
        parts = _list(value)
        if len(parts) != len(inner):
            raise UnknownState(f"{str(value)[:60]} has {len(parts)} parts, not {len(inner)}")
        return make([one.read(part) for one, part in zip(inner, parts, strict=True)])

    return Codec(lambda value: [one.plain(part) for one, part in zip(inner, value, strict=True)], read)


def _set(item: Any) -> Codec:
    inner = codec_of(item)
    return Codec(
        lambda value: [inner.plain(part) for part in sorted(value)],
        lambda value: frozenset(inner.read(part) for part in _list(value)),
    )


def _text_mapping(of: Any) -> Codec:
    inner, key = codec_of(of), codec_of(str)
    return Codec(
        lambda value: {name: inner.plain(part) for name, part in value.items()},
        lambda value: {key.read(name): inner.read(part) for name, part in _object(value).items()},
    )


def _mapping(of: Any, to: Any) -> Codec:
    pairs = _sequence(tuple[of, to], list)
    return Codec(lambda value: pairs.plain(value.items()), lambda value: dict(pairs.read(value)))


def _model(kind: type[BaseModel]) -> Codec:
    """A message or an event, as the JSON text that its own schema writes and checks."""

    def read(value: Any) -> Any:
        try:
            return kind.model_validate_json(_text(value))
        except ValidationError as error:
            what = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, what["loc"]))
            raise UnknownState(f"{kind.__name__}: {where}: {what['msg']}"[:200]) from None

    return Codec(lambda value: value.model_dump_json(), read)


def _record(kind: Any) -> Codec:
    hints = get_type_hints(kind)
    kept = [field for field in dataclasses.fields(kind) if field.compare]
    inner = {field.name: codec_of(hints[field.name]) for field in kept}
    late = [field.name for field in kept if not field.init]

    def read(value: Any) -> Any:
        given = _object(value)
        if unknown := sorted(given.keys() - inner.keys()):
            raise UnknownState(f"{kind.__name__} has no {', '.join(unknown)}")
        found = {name: inner[name].read(part) for name, part in given.items()}
        try:
            made = kind(**{name: part for name, part in found.items() if name not in late})
        except TypeError as error:  # a field without a default is missing
            raise UnknownState(str(error)[:200]) from None
        for name in late:
            if name in found:
                object.__setattr__(made, name, found[name])
        return made

    return Codec(lambda value: {name: one.plain(getattr(value, name)) for name, one in inner.items()}, read)
