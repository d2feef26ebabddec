"""What a community's market is given of its neighbourhood under a mechanism."""

from broker.mechanisms.catalogue import MECHANISMS
from twin.neighbourhood.example import example
from twin.neighbourhood.neighbourhood import Neighbourhood
from twin.world import World


def given(world: World, mechanism: str, seed: int) -> Neighbourhood | None:
    """What the mechanism asks for, of the world's own neighbourhood or of the example; None where it asks nothing."""
    asked = MECHANISMS[mechanism].asks
    if not asked:
        return None
    whole = example(world, seed) if world.neighbourhood is None else world.neighbourhood
    return whole.only(asked)
