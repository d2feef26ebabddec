"""Charging sessions cut at the borders of the counted time, so that every scheme serves the same energy in it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from twin.world import CarStay

SMALLEST_KWH = 0.01


def cut_stays(stays: Iterable[CarStay], borders_s: Sequence[int]) -> tuple[CarStay, ...]:
    """The stays inside `borders_s` (ascending moments [s since 1970]), none reaching over a border.

    A stay over a border becomes one on either side of it, each with the share of the energy that falls to it by
    time; what lies before the first or after the last border is left out. Else a scheme could look cheap by charging
    before or after what is counted.
    """
    return tuple(part for stay in stays for part in _parts(stay, borders_s))


def _parts(stay: CarStay, borders_s: Sequence[int]) -> Iterator[CarStay]:
    whole_s = stay.departure_s - stay.arrival_s
    for first_s, end_s in pairwise(borders_s):
        arrival_s, departure_s = max(stay.arrival_s, first_s), min(stay.departure_s, end_s)
        if arrival_s >= departure_s:
            continue
        energy_kwh = stay.energy_kwh
        if departure_s - arrival_s < whole_s:
            energy_kwh = round(energy_kwh * (departure_s - arrival_s) / whole_s, 3)
        if energy_kwh >= SMALLEST_KWH:
            yield CarStay(arrival_s=arrival_s, departure_s=departure_s, energy_kwh=energy_kwh)
