"""Program: columns, rows and entries of one mixed-integer program, money and penalties of wishes kept apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Currency per unit of a broken wish (kWh, K, runs), above any money of a home and far enough apart for the order of
# the contract: load served, the other wishes, generation that must be taken, money. While a wish is broken a relative
# gap is one of penalties and money together: ask for a small one then.
SERVED, WISH, TAKE = 3e5, 2e3, 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Power of a device [kW]: `kw` per unit of `columns` in `slots`, all (m,); negative into the site."""

    device: str
    kind: str
    slots: Ints
    columns: Ints
    kw: Floats


@dataclass(slots=True)
class Program:
    """One site's program; `offset` is money that no decision changes."""

    slots: int
    slot_h: float
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    money: list[Floats] = field(default_factory=list)
    breaks: list[Floats] = field(default_factory=list)
    rank: list[Floats] = field(default_factory=list)
    integer: list[Ints] = field(default_factory=list)
    row_lower: list[Floats] = field(default_factory=list)
    row_upper: list[Floats] = field(default_factory=list)
    entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    n_columns: int = 0
    n_rows: int = 0
    offset: float = 0.0

    @property
    def every(self) -> Ints:
        """All slots (n,)."""
        return np.arange(self.slots)

    def columns(
        self,
        n: int,
        upper: Any = np.inf,
        *,
        lower: Any = 0.0,
        money: Any = 0.0,
        breaks: Any = 0.0,
        rank: float = WISH,
        integer: int = 0,
    ) -> Ints:
        """New columns (n,); a unit costs `money` and breaks so much of a wish (kWh, K, runs) of a rank."""
        parts = (
            (self.lower, lower),
            (self.upper, upper),
            (self.money, money),
            (self.breaks, breaks),
            (self.rank, rank),
        )
        for kept, value in parts:
            kept.append(np.broadcast_to(np.asarray(value, float), n))
        self.integer.append(np.full(n, integer))
        self.n_columns += n
        return np.arange(self.n_columns - n, self.n_columns)

    def switches(self, n: int, **terms: Any) -> Ints:
        """New columns (n,) that are 0 or 1."""
        return self.columns(n, 1.0, integer=1, **terms)

    def rows(self, n: int, lower: Any = -np.inf, upper: Any = np.inf) -> Ints:
        """New rows (n,)."""
        self.row_lower.append(np.broadcast_to(np.asarray(lower, float), n))
        self.row_upper.append(np.broadcast_to(np.asarray(upper, float), n))
        self.n_rows += n
        return np.arange(self.n_rows - n, self.n_rows)

    def equal(self, n: int, value: Any) -> Ints:
        """New rows (n,) whose left side has to be `value`."""
        return self.rows(n, value, value)

    def put(self, rows: Ints, columns: Ints, value: Any) -> None:
        """Entries of the matrix, one per (row, column)."""
        self.entries.append((rows, columns, np.broadcast_to(np.asarray(value, float), len(rows))))

    def at_most(self, columns: Ints, limit: Any, switch: Ints, *, when: int = 1) -> None:
        """Each column is at most `limit` while its switch is `when` (1 or 0), else zero."""
        rows = self.rows(len(columns), upper=0.0 if when else limit)
        self.put(rows, columns, 1.0)
        self.put(rows, switch, -np.asarray(limit, float) if when else limit)

    def at_least(self, columns: Ints, limit: Any, switch: Ints) -> None:
        """Each column is at least `limit` while its switch is 1."""
        rows = self.rows(len(columns), lower=0.0)
        self.put(rows, columns, 1.0)
        self.put(rows, switch, -np.asarray(limit, float))

    def flow(self, device: Mapping[str, Any], slots: Ints, columns: Ints, kw: Any) -> None:
        """Power of a device that the balance of the site sees, `kw` per unit of each column."""
        power = np.broadcast_to(np.asarray(kw, float), len(columns))
        self.flows.append(Flow(device=device["id"], kind=device["kind"], slots=slots, columns=columns, kw=power))

    def short_of(self, columns: Ints, wanted: Any, *, weight: float = 1.0, rank: float = WISH) -> None:
        """The wish that each column reaches `wanted`; a unit that is missing breaks `weight` of it."""
        missing = self.columns(len(columns), breaks=weight, rank=rank)
        rows = self.rows(len(columns), lower=wanted)
        self.put(rows, columns, 1.0)
        self.put(rows, missing, 1.0)

    def cost(self) -> Floats:
        """Money and penalties of every column (columns,)."""
        total: Floats = np.concatenate(self.money) + np.concatenate(self.breaks) * np.concatenate(self.rank)
        return total

    def broken(self, x: Floats) -> tuple[float, float, float]:
        """What values x (columns,) break in all: load served [kWh], other wishes, generation to be taken [kWh]."""
        amounts, rank = np.concatenate(self.breaks) * x, np.concatenate(self.rank)
        served, wish, take = (float(amounts[rank == of].sum()) for of in (SERVED, WISH, TAKE))
        return served, wish, take

    def solver(self, gap: float, options: Mapping[str, bool | str | float] | None = None) -> highspy.Highs:
        """A HiGHS instance that holds the program, with its own defaults but for `options`."""
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        settings = {"output_flag": False, "threads": 1, "mip_rel_gap": gap, **(options or {})}
        for option, setting in settings.items():
            highs.setOptionValue(option, setting)
        row, column, value = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        order = np.lexsort((row, column))
        start = np.searchsorted(column[order], np.arange(self.n_columns))
        highs.passModel(
            self.n_columns,
            self.n_rows,
            len(value),
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            self.cost(),
            np.concatenate(self.lower),
            np.concatenate(self.upper),
            np.concatenate(self.row_lower),
            np.concatenate(self.row_upper),
            start.astype(np.int32),
            row[order].astype(np.int32),
            value[order],
            np.concatenate(self.integer).astype(np.int32),
        )
        return highs
