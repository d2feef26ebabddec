"""The connection of the site in the program: import and export steps, demand charge, tiers, unserved base load."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hems.planning.model.arrays import Ints, Rank
from hems.planning.model.site_rows import Flow, SiteRows
from hems.planning.tariff import Exchange, Tariff, two_steps

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SLOT_ZERO_ROOM_KW = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Sizes and prices of the price steps on one side of zero, both (n, S)."""

    size_kw: Floats
    price_per_kwh: Floats

    def kept(self) -> Bools:
        """Steps that get a column: those with a size, and all of slot 0, whose curve may still change."""
        keep = self.size_kw > 0.0
        keep[0] = True
        return np.asarray(keep)


def import_steps(exchange: Exchange, limit_kw: Floats, adder_per_kwh: Floats) -> Steps:
    """Price steps above zero net power, cut at the import limit."""
    low, high = exchange.edges_kw()
    size = np.minimum(high, limit_kw[:, None]) - np.clip(low, 0.0, limit_kw[:, None])
    return Steps(size_kw=np.maximum(size, 0.0), price_per_kwh=exchange.prices_per_kwh + adder_per_kwh[:, None])


def export_steps(exchange: Exchange, limit_kw: Floats) -> Steps:
    """Price steps below zero net power, cut at the export limit; sizes are positive."""
    low, high = exchange.edges_kw()
    size = np.minimum(-low, limit_kw[:, None]) - np.clip(-high, 0.0, limit_kw[:, None])
    return Steps(size_kw=np.maximum(size, 0.0), price_per_kwh=exchange.prices_per_kwh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Columns of the connection: step columns with their slots; slot 0 comes first, one column per step."""

    imports: Flow
    exports: Flow
    unserved: Flow
    direction: Flow  # on/off columns, 1: the slot imports

    def first_imports(self) -> Ints:
        """Import step columns of slot 0, cheapest first, one per price step."""
        return np.asarray(self.imports.columns[self.imports.slots == 0])

    def first_exports(self) -> Ints:
        """Export step columns of slot 0, one per price step."""
        return np.asarray(self.exports.columns[self.exports.slots == 0])


def add_connection(
    site: SiteRows,
    *,
    tariff: Tariff,
    exchange: Exchange | None,
    import_limit_kw: Floats,
    export_limit_kw: Floats,
    base_kw: Floats,
    most_taken_kw: Floats,
    most_given_kw: Floats,
) -> Connection:
    """Add the columns of import, export and unserved load; `most_*` bound what the devices can do, shape (n,)."""
    curve = two_steps(tariff) if exchange is None else exchange
    imports = _steps(site, import_steps(curve, import_limit_kw, tariff.co2_per_kwh(site.slots)), +1.0)
    exports = _steps(site, export_steps(curve, export_limit_kw), -1.0)
    most_in = np.minimum(import_limit_kw, _with_room(most_taken_kw))
    most_out = np.minimum(export_limit_kw, _with_room(most_given_kw))
    direction = _one_direction(site, imports, exports, most_in, most_out)
    if tariff.demand_charge_per_kw > 0.0:
        _add_demand(site, imports, tariff)
    if tariff.tiers:
        _add_tiers(site, imports, tariff)
    unserved = _add_unserved(site, base_kw)
    return Connection(imports=imports, exports=exports, unserved=unserved, direction=direction)


def _steps(site: SiteRows, steps: Steps, sign: float) -> Flow:
    slots, step = np.nonzero(steps.kept())
    cost = sign * steps.price_per_kwh[slots, step] * site.slot_h
    columns = site.model.columns(len(slots), upper=steps.size_kw[slots, step], cost=cost)
    site.model.entries(site.balance[slots], columns, sign)
    return Flow(columns=columns, slots=slots)


def _with_room(most_kw: Floats) -> Floats:
    """The most that can flow (n,), with room in slot 0 for a load or generation beyond what was expected."""
    roomy = most_kw.copy()
    roomy[0] = 2.0 * most_kw[0] + SLOT_ZERO_ROOM_KW
    return roomy


def _one_direction(site: SiteRows, imports: Flow, exports: Flow, most_in: Floats, most_out: Floats) -> Flow:
    """Decisions that a slot imports or exports, with two rows over all steps of the slot, where asked for."""
    at: Ints = np.flatnonzero(site.exclusive.get("grid", np.zeros(0, bool)))
    model = site.model
    choice = model.binaries(len(at))
    place = np.full(site.slots, -1)
    place[at] = np.arange(len(at))
    for flow, most, upper, sign in ((imports, most_in, 0.0, -1.0), (exports, most_out, most_out[at], 1.0)):
        rows = model.rows(len(at), upper=upper)
        inside = place[flow.slots] >= 0
        model.entries(rows[place[flow.slots[inside]]], flow.columns[inside], 1.0)
        model.entries(rows, choice, sign * most[at])
    return Flow(columns=choice, slots=at)


def _add_demand(site: SiteRows, imports: Flow, tariff: Tariff) -> None:
    """A column for the highest import, at least the peak so far."""
    model = site.model
    peak = model.columns(1, lower=tariff.peak_so_far_kw, cost=tariff.demand_charge_per_kw)
    rows = model.rows(site.slots, upper=0.0)
    model.entries(rows[imports.slots], imports.columns, 1.0)
    model.entries(rows, peak, -1.0)


def _add_tiers(site: SiteRows, imports: Flow, tariff: Tariff) -> None:
    """A column per tier for the import energy above its threshold; one row sums the import energy."""
    model = site.model
    energy = model.columns(1)
    total = model.rows(1, lower=-tariff.imported_so_far_kwh, upper=-tariff.imported_so_far_kwh)
    model.entries(total, imports.columns, site.slot_h)
    model.entries(total, energy, -1.0)
    cost = [t.adder_per_kwh for t in tariff.tiers]
    over = model.columns(len(cost), cost=cost)
    rows = model.rows(len(cost), upper=[t.above_kwh for t in tariff.tiers])
    model.entries(rows, energy, 1.0)
    model.entries(rows, over, -1.0)


def _add_unserved(site: SiteRows, base_kw: Floats) -> Flow:
    """Columns of base load not served, only where need can occur and in slot 0, whose load may still change."""
    possible = site.short.copy()
    possible[0] = True
    slots: Ints = np.flatnonzero(possible)
    cost = site.lost_load_value_per_kwh * site.slot_h
    columns = site.model.columns(len(slots), upper=base_kw[slots], cost=cost, rank=Rank.SERVED, weight=site.slot_h)
    site.model.entries(site.balance[slots], columns, 1.0)
    site.base_kw += base_kw
    return Flow(columns=columns, slots=slots)
