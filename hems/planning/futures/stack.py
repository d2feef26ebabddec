"""Stack: the programs of several futures as one; what is done in slot 0 and the on/off decisions are common to all.

Two-stage program: the common columns are decided once, all others follow the future that comes. The first future's
columns come first, so that its parts read the values.
Source: Birge and Louveaux 2011, Introduction to Stochastic Programming, doi:10.1007/978-1-4614-0237-4, chapter 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hems.planning.futures.future import Future, Risk, problem_of
from hems.planning.model.arrays import Arrays, Ints, Rank
from hems.planning.model.program import Choices, Program, program
from hems.planning.problem import Problem
from hems.planning.solving.wishes import weighted_cost, weights

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Narrow = NDArray[np.int32]

_PER_COLUMN = ("cost", "tie", "rank", "weight", "lower", "upper", "integer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """A program over several futures, its cost (columns,), and the balance rows of each future, (futures, n)."""

    program: Program
    cost: Floats
    balance_rows: Ints


@dataclass(slots=True)
class _Blocks:
    """Columns, rows and entries collected so far."""

    columns: int = 0
    rows: int = 0
    per_column: list[dict[str, Any]] = field(default_factory=list)
    per_row: list[tuple[Floats, Floats]] = field(default_factory=list)
    entries: list[tuple[Narrow, Narrow, Floats]] = field(default_factory=list)  # most of the memory: 32 bit will do
    cost: list[Floats] = field(default_factory=list)

    def add_columns(self, arrays: Arrays, own: Bools, factor: Floats, cost: Floats) -> Ints:
        """Indices of the new columns that stand for those of `own`; money counts `factor` times."""
        block: dict[str, Any] = {name: getattr(arrays, name)[own] for name in _PER_COLUMN}
        self.per_column.append(block | {"cost": (factor * arrays.cost)[own], "tie": (factor * arrays.tie)[own]})
        self.cost.append((factor * cost)[own])
        self.columns += int(own.sum())
        return np.arange(self.columns - int(own.sum()), self.columns)

    def add_rows(self, arrays: Arrays, at: Ints, own: Bools) -> Ints:
        """Index of the row that stands for each row, -1 for rows without an entry in an own column."""
        column = np.repeat(np.arange(arrays.columns), np.diff(arrays.start))
        keep = np.zeros(arrays.rows, bool)
        keep[arrays.index[own[column]]] = True
        place = np.where(keep, self.rows + np.cumsum(keep) - 1, -1)
        self.per_row.append((arrays.row_lower[keep], arrays.row_upper[keep]))
        self.rows += int(keep.sum())
        kept = keep[arrays.index]
        rows, columns = place[arrays.index[kept]], at[column[kept]]
        self.entries.append((rows.astype(np.int32), columns.astype(np.int32), arrays.value[kept]))
        return np.asarray(place)

    def arrays(self) -> Arrays:
        """The finished program."""
        row, column, value = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        order = np.argsort(column, kind="stable")
        start = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=self.columns))]).astype(np.int32)
        named = {name: np.concatenate([block[name] for block in self.per_column]) for name in _PER_COLUMN}
        low, high = (np.concatenate(part) for part in zip(*self.per_row, strict=True))
        return Arrays(
            **named,
            row_lower=low,
            row_upper=high,
            start=start,
            index=row[order],
            value=value[order],
        )


def stacked(problem: Problem, futures: Sequence[Future], choices: Choices, risk: Risk) -> Stacked:
    """The program of all futures, weighted with their probabilities; the first is the one that a plan shows."""
    share = np.array([future.probability for future in futures])
    share /= share.sum()
    first = program(problem_of(problem, futures[0]), choices)
    blocks, common, balance, terms = _Blocks(), _common(first), list[Ints](), list[tuple[Ints, Floats]]()
    for number, (future, p) in enumerate(zip(futures, share.tolist(), strict=True)):
        # one program at a time: all of them together would take as much memory again as the stack
        built = program(problem_of(problem, future), choices) if number else first
        arrays, same = built.arrays, _common(built)
        later = np.ones(arrays.columns, bool)
        later[same] = False
        cost = weighted_cost(arrays, weights(problem))
        at = np.empty(arrays.columns, np.int64)
        own = later if number else np.ones(arrays.columns, bool)
        at[own] = blocks.add_columns(arrays, own, np.where(later, (1.0 - risk.weight) * p, 1.0), cost)
        at[same] = common
        balance.append(blocks.add_rows(arrays, at, own)[built.balance_rows])
        if risk.weight > 0.0:
            terms.append((at[later], cost[later]))
    if risk.weight > 0.0:
        _add_risk(blocks, terms, share, risk)
    made = Program(
        arrays=blocks.arrays(),
        balance_rows=balance[0],
        connection=first.connection,
        parts=first.parts,
    )
    return Stacked(program=made, cost=np.concatenate(blocks.cost), balance_rows=np.stack(balance))


def _common(built: Program) -> Ints:
    """Columns that are the same in every future: all that moves power in slot 0, and on/off decisions."""
    arrays = built.arrays
    column = np.repeat(np.arange(arrays.columns), np.diff(arrays.start))
    moves = np.zeros(arrays.columns, bool)
    moves[column[arrays.index == built.balance_rows[0]]] = True
    return np.flatnonzero(moves | arrays.integer)


def _add_risk(blocks: _Blocks, terms: list[tuple[Ints, Floats]], share: Floats, risk: Risk) -> None:
    """Columns for the value at risk and for what each future costs beyond it, with a row per future."""
    count = len(terms)
    names: dict[str, Any] = {name: np.zeros(1 + count) for name in _PER_COLUMN}
    names |= {"upper": np.full(1 + count, np.inf), "rank": np.full(1 + count, int(Rank.NONE))}
    names |= {"lower": np.concatenate([[-np.inf], np.zeros(count)]), "integer": np.zeros(1 + count, bool)}
    first = blocks.columns
    blocks.per_column.append(names)
    blocks.cost.append(risk.weight * np.concatenate([[1.0], share / risk.tail]))
    blocks.columns += 1 + count
    for number, (columns, cost) in enumerate(terms):
        paid = np.flatnonzero(cost)
        row = np.full(len(paid), blocks.rows, np.int32)
        blocks.entries.append((row, columns[paid].astype(np.int32), cost[paid]))
        over = np.array([first, first + 1 + number], np.int32)
        blocks.entries.append((np.full(2, blocks.rows, np.int32), over, np.array([-1.0, -1.0])))
        blocks.per_row.append((np.array([-np.inf]), np.array([0.0])))
        blocks.rows += 1
