"""Columns of the solved program that belong to one device: its decisions, its powers in some slots, its wishes."""

import numpy as np
from numpy.typing import NDArray

from hems.planning.model.appliance import BlockPart, ProgrammePart
from hems.planning.model.arrays import Arrays
from hems.planning.model.machine import ChpPart
from hems.planning.model.program import Part, Program
from hems.planning.model.site_rows import Flow
from hems.planning.model.storage import StoragePart
from hems.planning.model.thermal import TakerPart

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NONE: Ints = np.empty(0, np.int64)


def decision_columns(part: Part) -> Ints:
    """On/off columns of a device."""
    match part:
        case StoragePart():
            return part.choice.columns
        case TakerPart(on=on) | ChpPart(on=on) if on is not None:
            return on
        case BlockPart():
            return np.concatenate([part.on.columns, part.whole])
        case ProgrammePart():
            return part.starts.columns
        case _:
            return _NONE


def within(flow: Flow, first: int, end: int) -> Ints:
    """Columns of a flow in the slots from `first` to before `end`."""
    return np.asarray(flow.columns[(flow.slots >= first) & (flow.slots < end)])


def exchange_columns(built: Program, slot: int) -> tuple[Ints, Ints]:
    """Import and export columns of a slot."""
    return within(built.connection.imports, slot, slot + 1), within(built.connection.exports, slot, slot + 1)


def temperature_columns(built: Program, part: TakerPart) -> Ints:
    """Temperature columns of a room or tank: those that its power leads to, one row per slot."""
    arrays = built.arrays
    of_power = _rows_of(arrays, part.power.columns)
    equal = of_power[arrays.row_lower[of_power] == arrays.row_upper[of_power]]
    dynamics = np.setdiff1d(equal, built.balance_rows)
    column_of = np.repeat(np.arange(arrays.columns), np.diff(arrays.start))
    at = np.isin(arrays.index, dynamics) & (arrays.value == 1.0)
    columns = column_of[at]
    return np.asarray(columns[np.isneginf(arrays.lower[columns])])


def slack_columns(arrays: Arrays, states: Ints, sign: float) -> Ints:
    """Columns by which `sign * state` may exceed its wished limit, for all limits on these state columns."""
    lengths = np.diff(arrays.start)
    column_of = np.repeat(np.arange(arrays.columns), lengths)
    rows = arrays.index[np.isin(column_of, states) & (arrays.value == sign)]
    slack = np.isin(arrays.index, rows) & (arrays.value == -1.0) & (lengths[column_of] == 1)
    columns = column_of[slack]
    return np.asarray(columns[np.isneginf(arrays.row_lower[arrays.index[slack]])])


def _rows_of(arrays: Arrays, columns: Ints) -> Ints:
    spans = [arrays.index[arrays.start[c] : arrays.start[c + 1]] for c in columns]
    return np.unique(np.concatenate(spans)).astype(np.int64) if spans else _NONE
