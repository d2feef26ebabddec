"""The line in which a demo says what its market is given beside the orders."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.world import World


def tell_network(world: "World", args: argparse.Namespace) -> None:
    """Prints what the market is given, nothing where its mechanism asks for nothing."""
    from twin.neighbourhood.given import given
    from twin.neighbourhood.words import described

    around = given(world, args.mechanism, args.seed)
    if around is not None:
        print(f"  network: {described(around)}")
