"""Model: columns, rows and entries of one mixed-integer program, collected in blocks and handed over as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Rank(IntEnum):
    """Order in which broken wishes are made small; money comes after all of them."""

    SERVED = 0
    WISH = 1
    TAKE = 2
    NONE = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The coefficients in column order, and which columns are whole numbers: what costs and bounds leave alone."""

    rows: int
    start: NDArray[np.int32]
    index: NDArray[np.int32]
    value: Floats
    integer: Bools

    def equals(self, other: "Matrix") -> bool:
        """True when a solver may keep its basis."""
        return (
            self.rows == other.rows
            and np.array_equal(self.start, other.start)
            and np.array_equal(self.index, other.index)
            and np.array_equal(self.value, other.value)
            and np.array_equal(self.integer, other.integer)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """The program by columns: cost (money), tie (time preference), wish weight and rank; matrix in column order."""

    cost: Floats
    tie: Floats
    rank: Ints
    weight: Floats
    lower: Floats
    upper: Floats
    integer: Bools
    row_lower: Floats
    row_upper: Floats
    start: NDArray[np.int32]
    index: NDArray[np.int32]
    value: Floats

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.cost)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.row_lower)

    @property
    def matrix(self) -> Matrix:
        """The part that a program of the same devices and slots has in common with this one."""
        return Matrix(rows=self.rows, start=self.start, index=self.index, value=self.value, integer=self.integer)


_BLOCK = ("cost", "tie", "rank", "weight", "lower", "upper", "integer")


@dataclass(slots=True)
class Model:
    """A growing program; every method appends one block and returns the indices of its columns or rows."""

    column_count: int = 0
    row_count: int = 0
    _columns: list[Floats] = field(default_factory=list)
    _rows: list[tuple[Floats, Floats]] = field(default_factory=list)
    _entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)

    def columns(
        self,
        count: int,
        *,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = np.inf,
        cost: ArrayLike = 0.0,
        tie: ArrayLike = 0.0,
        rank: Rank = Rank.NONE,
        weight: ArrayLike = 0.0,
        integer: bool = False,
    ) -> Ints:
        """Indices of `count` new columns; `weight` is kWh-equivalents of the wish per unit of the column."""
        block = np.empty((len(_BLOCK), count))
        for row, value in enumerate((cost, tie, float(rank), weight, lower, upper, float(integer))):
            block[row] = value
        self._columns.append(block)
        self.column_count += count
        return np.arange(self.column_count - count, self.column_count)

    def binaries(self, count: int, *, cost: ArrayLike = 0.0, tie: ArrayLike = 0.0, upper: ArrayLike = 1.0) -> Ints:
        """Indices of `count` new on/off columns."""
        return self.columns(count, upper=upper, cost=cost, tie=tie, integer=True)

    def rows(self, count: int, *, lower: ArrayLike = -np.inf, upper: ArrayLike = np.inf) -> Ints:
        """Indices of `count` new rows `lower <= sum of entries <= upper`."""
        low, high = np.empty(count), np.empty(count)
        low[:], high[:] = lower, upper
        self._rows.append((low, high))
        self.row_count += count
        return np.arange(self.row_count - count, self.row_count)

    def entries(self, rows: ArrayLike, columns: ArrayLike, values: ArrayLike) -> None:
        """Add coefficients; the three arguments are broadcast against each other."""
        row, column, value = np.broadcast_arrays(rows, columns, values)
        self._entries.append((row.ravel(), column.ravel(), value.ravel()))

    def arrays(self, *, caps: Mapping[Rank, float] | None = None) -> Arrays:
        """The finished program; `caps` limits the weighted sum of all broken wishes of a rank."""
        for rank, most in (caps or {}).items():
            self._cap(rank, most)
        blocks = np.hstack(self._columns) if self._columns else np.empty((len(_BLOCK), 0))
        low = np.concatenate([r[0] for r in self._rows]) if self._rows else np.empty(0)
        high = np.concatenate([r[1] for r in self._rows]) if self._rows else np.empty(0)
        start, index, value = self._by_column()
        named = dict(zip(_BLOCK, blocks, strict=True))
        return Arrays(
            cost=named["cost"],
            tie=named["tie"],
            rank=named["rank"].astype(np.int64),
            weight=named["weight"],
            lower=named["lower"],
            upper=named["upper"],
            integer=named["integer"] > 0,
            row_lower=low,
            row_upper=high,
            start=start,
            index=index,
            value=value,
        )

    def _cap(self, rank: Rank, most: float) -> None:
        blocks = np.hstack(self._columns)
        ranked = np.flatnonzero(blocks[_BLOCK.index("rank")] == rank)
        self.entries(self.rows(1, upper=most), ranked, blocks[_BLOCK.index("weight"), ranked])

    def _by_column(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
        if not self._entries:
            return np.zeros(self.column_count + 1, np.int32), np.empty(0, np.int32), np.empty(0)
        rows = np.concatenate([e[0] for e in self._entries])
        columns = np.concatenate([e[1] for e in self._entries])
        values = np.concatenate([e[2] for e in self._entries]).astype(float)
        order = np.argsort(columns, kind="stable")
        counts = np.bincount(columns, minlength=self.column_count)
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return start, rows[order].astype(np.int32), values[order]
