"""Limits from files, slot by slot, against a judge that looks at every minute."""

import json
import random
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from broker.io.limit_files import ENVELOPE_COLUMNS, Fixed, LimitFiles
from broker.network.grid import Envelope, Line
from broker.network.grid_text import grid_in_slot, grid_text
from broker.network.slot_limits import PowerLimits, SlotLimits, network_in_slot
from wire.slots import Slot, format_utc

START_S = 1_800_000_000
MINUTES = 90
LIMIT = st.one_of(st.none(), st.integers(0, 9_000))
SPANS = st.lists(st.integers(0, MINUTES), min_size=2, max_size=8, unique=True).flatmap(
    lambda edges: st.lists(
        st.one_of(st.none(), st.tuples(LIMIT, LIMIT)), min_size=len(edges) - 1, max_size=len(edges) - 1
    ).map(lambda limits: list(zip(pairwise(sorted(edges)), limits, strict=True)))
)
Spans = list[tuple[tuple[int, int], tuple[int | None, int | None] | None]]


def text(watts: int | None) -> str:
    return "" if watts is None else str(watts)


def at(minute: int) -> str:
    return format_utc(START_S + 60 * minute)


def least(limits: list[int | None]) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


@given(
    SPANS,
    st.tuples(LIMIT, LIMIT),
    st.integers(-2, 6),
    st.sampled_from([5, 15, 30]),
    st.randoms(use_true_random=False),
)
def test_a_slot_has_the_tightest_limit_of_all_its_minutes(
    spans: Spans,
    fixed: tuple[int | None, int | None],
    number: int,
    minutes: int,
    rng: random.Random,
) -> None:
    rows = [
        f"{at(a)},{at(b)},home-1,{text(limits[0])},{text(limits[1])}"
        for (a, b), limits in spans
        if limits is not None
    ]
    rng.shuffle(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "envelopes.csv"
        path.write_text("\n".join([",".join(ENVELOPE_COLUMNS), *rows]))
        files = LimitFiles(
            envelopes=path,
            lines=None,
            fixed=Fixed(meters={"home-1"}, envelopes={"home-1": PowerLimits(*fixed)}),
        )
        slot = Slot(START_S, minutes).shifted(number)
        told = files.limits(slot)
    held = []
    is_named = False
    for minute in range((slot.start_s - START_S) // 60, (slot.end_s - START_S) // 60):
        own = next((limits for (a, b), limits in spans if limits is not None and a <= minute < b), None)
        is_named = is_named or own is not None
        held.append(fixed if own is None else own)
    if not is_named:
        assert told == ""
        return
    assert json.loads(told)["envelopes"] == {"home-1": [least([h[0] for h in held]), least([h[1] for h in held])]}


NAMES = ("home-1", "home-2", "home-3")
ENVELOPES = st.dictionaries(st.sampled_from(NAMES), st.tuples(LIMIT, LIMIT))
CAPACITIES = st.dictionaries(st.sampled_from([("a", "b"), ("b", "c"), ("c", "a")]), st.integers(0, 9_000))


def as_network(envelopes: dict[str, tuple[int | None, int | None]], lines: dict[tuple[str, str], int]) -> str:
    return grid_text(
        {
            "zones": {"a": ["home-1"]},
            "lines": [{"from": start, "to": end, "capacity_w": w} for (start, end), w in lines.items()],
            "envelopes": [
                {"meter": meter, "export_limit_w": sold, "import_limit_w": bought}
                for meter, (sold, bought) in envelopes.items()
            ],
            "charges": [],
        }
    )


@given(ENVELOPES, CAPACITIES, ENVELOPES, CAPACITIES)
def test_limits_of_a_slot_take_the_place_of_the_fixed_ones_and_nothing_else_changes(
    fixed: dict[str, tuple[int | None, int | None]],
    lines: dict[tuple[str, str], int],
    told: dict[str, tuple[int | None, int | None]],
    capacities: dict[tuple[str, str], int],
) -> None:
    limits = SlotLimits({meter: PowerLimits(*both) for meter, both in told.items()}, capacities).text()
    assert (limits == "") == (not told and not capacities)
    before = grid_in_slot(as_network(fixed, lines), 60)
    grid = grid_in_slot(network_in_slot(as_network(fixed, lines), limits), 60)
    assert before is not None
    assert grid is not None
    assert grid.envelopes == {meter: Envelope(*both) for meter, both in (fixed | told).items()}
    assert set(grid.lines) == {Line(*ends, capacities.get(ends, capacity)) for ends, capacity in lines.items()}
    assert (grid.zones, grid.charges, grid.losses) == (before.zones, before.charges, before.losses)


@given(ENVELOPES)
def test_limits_need_no_fixed_network(told: dict[str, tuple[int | None, int | None]]) -> None:
    limits = SlotLimits({meter: PowerLimits(*both) for meter, both in told.items()}).text()
    grid = grid_in_slot(network_in_slot("", limits), 60)
    assert (grid is None) == (not told)
    assert grid is None or grid.envelopes == {meter: Envelope(*both) for meter, both in told.items()}
