"""Typed JSON: dataclasses of numbers, arrays and each other as JSON and back, exact and strict.

A dataclass is an object of its fields without those that are None; one of several kinds says which. An array of equal
values is {"every": value, "n": length}. Infinite numbers are the strings "inf" and "-inf".
"""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hems.planning.device import Appliance, Battery, Chp, Ev, Hydrogen, Lighting, Load, Pv, Tank, Zone

Floats = NDArray[np.float64]

LENGTH_MAX = 20_160
_KINDS: dict[str, type] = {
    kind.__name__.lower(): kind for kind in (Appliance, Battery, Chp, Ev, Hydrogen, Lighting, Load, Pv, Tank, Zone)
}


class TypedJsonError(ValueError):
    """JSON that is not what was wanted: the message names the place."""


def written(value: Any) -> Any:
    """JSON of a value."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0.0 else "-inf"
    if isinstance(value, tuple):
        return [written(item) for item in value]
    if isinstance(value, Mapping):
        return {key: written(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        fields = {f.name: written(getattr(value, f.name)) for f in dataclasses.fields(value)}
        kind = type(value).__name__.lower()
        given = {name: item for name, item in fields.items() if item is not None}
        return {"kind": kind, **given} if kind in _KINDS else given
    return value


def _array(values: Floats) -> Any:
    """[n, value] of equal values in an object, a list of numbers, or a list of lists."""
    if values.ndim == 1 and len(values) > 1 and (values == values[0]).all():
        return {"every": written(float(values[0])), "n": len(values)}
    if values.ndim == 1:
        return [written(value) for value in values.tolist()]
    return {"rows": [_array(row) for row in values], "n": values.shape[1]}


def read(given: Any, wanted: Any, where: str) -> Any:
    """A value of the wanted type from JSON; `where` names it.

    Raises: TypedJsonError when it is anything else.
    """
    origin = typing.get_origin(wanted)
    if isinstance(wanted, types.UnionType) or origin is typing.Union:
        return _read_union(given, typing.get_args(wanted), where)
    if wanted is np.ndarray or origin is np.ndarray:
        return _read_array(given, where)
    if origin is tuple:
        (item,) = (a for a in typing.get_args(wanted) if a is not Ellipsis)
        return tuple(read(value, item, f"{where}[{i}]") for i, value in enumerate(_list(given, where)))
    if origin is not None and issubclass(origin, Mapping):
        item = typing.get_args(wanted)[1]
        return {key: read(value, item, f"{where}.{key}") for key, value in _object(given, where).items()}
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return _read_fields(given, wanted, where)
    return _read_plain(given, wanted, where)


def _read_union(given: Any, wanted: tuple[Any, ...], where: str) -> Any:
    if given is None and type(None) in wanted:
        return None
    kinds = [kind for kind in wanted if kind in _KINDS.values()]
    if kinds:
        kind = _KINDS.get(str(_object(given, where).get("kind")))
        if kind is None or kind not in kinds:
            raise _wrong(where, "a known kind of device")
        return _read_fields(given, kind, where)
    (plain,) = (kind for kind in wanted if kind is not type(None))
    return read(given, plain, where)


def _read_fields(given: Any, wanted: type, where: str) -> Any:
    values = {key: value for key, value in _object(given, where).items() if key != "kind"}
    hints = typing.get_type_hints(wanted)
    fields = {f.name: f for f in dataclasses.fields(wanted)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise _wrong(where, f"no field {unknown[0]}")
    made = {}
    for name, field in fields.items():
        if name in values:
            made[name] = read(values[name], hints[name], f"{where}.{name}")
        elif type(None) in typing.get_args(hints[name]):
            made[name] = None
        elif field.default is dataclasses.MISSING:
            raise _wrong(f"{where}.{name}", "a value")
    return wanted(**made)


def _read_plain(given: Any, wanted: Any, where: str) -> Any:
    if wanted is float:
        return _number(given, where)
    if type(given) is not wanted:
        raise _wrong(where, f"a value of type {wanted.__name__}")
    return given


def _number(given: Any, where: str) -> float:
    if given in ("inf", "-inf"):
        return math.inf if given == "inf" else -math.inf
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise _wrong(where, "a finite number")
    return float(given)


def _read_array(given: Any, where: str) -> Floats:
    if isinstance(given, dict) and set(given) == {"every", "n"}:
        return np.full(_length(given["n"], where), _number(given["every"], where))
    if isinstance(given, dict) and set(given) == {"rows", "n"}:
        rows = [_read_array(row, where) for row in _list(given["rows"], where)]
        n = _length(given["n"], where)
        if any(row.shape != (n,) for row in rows):
            raise _wrong(where, f"rows of {n} values")
        return np.array(rows).reshape(len(rows), n)
    return np.array([_number(value, where) for value in _list(given, where)], dtype=float)


def _length(given: Any, where: str) -> int:
    if type(given) is not int or not 0 <= given <= LENGTH_MAX:
        raise _wrong(where, f"a length of at most {LENGTH_MAX}")
    return given


def _list(given: Any, where: str) -> list[Any]:
    if not isinstance(given, list) or len(given) > LENGTH_MAX:
        raise _wrong(where, "a list")
    return given


def _object(given: Any, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _wrong(where, "an object")
    return given


def _wrong(where: str, wanted: str) -> TypedJsonError:
    return TypedJsonError(f"{where}: expected {wanted}")
