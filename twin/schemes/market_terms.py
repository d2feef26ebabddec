"""The terms of a community in virtual time: its mechanism, and what that asks for of storage, network and wishes."""

from fractions import Fraction

from broker.market.terms import Terms
from broker.mechanisms.catalogue import MECHANISMS
from twin.neighbourhood.given import given
from twin.schemes.trace import MECHANISM
from twin.shared_storage import SHARED_STORAGE, storage_stages, storage_terms
from twin.world import World
from wire.messages import Stage

COMMUNITY = "twin"
TWIN_HORIZON_SLOTS = 2
STORAGE_BEFORE_S = 60  # homes order after it is told


def market_terms(world: World, mechanism: str, seed: int, stages: tuple[Stage, ...]) -> Terms:
    """The terms; a shared storage comes beside the default auction, in stages of its own."""
    storage = ""
    if mechanism == SHARED_STORAGE:
        mechanism, storage = MECHANISM, storage_terms(world).text()
        stages = _stages_with_storage(world)
    around = given(world, mechanism, seed)
    return Terms(
        community=COMMUNITY,
        slot_minutes=world.first.minutes,
        gate_lead_s=world.gate_lead_s,
        horizon_slots=TWIN_HORIZON_SLOTS,
        group_min=min(3, len(world.homes)),
        mechanism=mechanism,
        sealed=MECHANISMS[mechanism].in_rounds,
        k_permille=int(Fraction(1, 2) * 1000),
        stages=stages,
        storage=storage,
        network="" if around is None else around.network_text(),
        preferences="" if around is None else around.preferences_text(),
    )


def _stages_with_storage(world: World) -> tuple[Stage, ...]:
    return storage_stages(
        gate_lead_s=world.gate_lead_s,
        storage_lead_s=world.gate_lead_s + STORAGE_BEFORE_S,
        horizon_slots=TWIN_HORIZON_SLOTS,
        mechanism=MECHANISM,
    )
