"""Slots of members for the tests of the sharing rules."""

from hypothesis import strategies as st

from broker.sharing.shares import Need, Shares
from broker.sharing.slot_game import SlotGame

PRICE = st.integers(0, 10**6)


@st.composite
def slots(draw: st.DrawFn, *, members_max: int = 9, energy_max: int = 4_000, low: int = 0) -> list[Need]:
    """Members of one tariff, feed-in (>= low) not above retail; small energies make ties."""
    feed_in, retail = sorted((draw(st.integers(low, 10**6)), draw(st.integers(low, 10**6))))
    limit = draw(st.sampled_from([3, energy_max]))
    energies = draw(st.lists(st.integers(-limit, limit), min_size=0, max_size=members_max))
    return [Need(f"home-{i:03}", energy, retail, feed_in) for i, energy in enumerate(energies)]


@st.composite
def games(draw: st.DrawFn, *, members_max: int = 6, energy_max: int = 40) -> SlotGame:
    """The game of a slot in which something meets inside."""
    size = st.integers(1, draw(st.sampled_from([3, energy_max])))
    longs = draw(st.lists(size, min_size=1, max_size=members_max - 1))
    shorts = draw(st.lists(size, min_size=1, max_size=members_max - len(longs)))
    energies = [*shorts, *(-e for e in longs)]
    return SlotGame(
        energy_wh={f"home-{i}": e for i, e in enumerate(energies)}, retail_micro=300_000, feed_in_micro=80_000
    )


def paid(shares: Shares, meter: str) -> int:
    """What a member pays in all its lines [nano]."""
    return sum(line.amount_nano for line in shares.lines if line.meter == meter)


def outside_nano(needs: list[Need]) -> int:
    """What the community as a whole pays outside [nano], for one tariff."""
    energy = sum(n.energy_wh for n in needs)
    return energy * (needs[0].retail_micro if energy > 0 else needs[0].feed_in_micro) if needs else 0
