"""All numbered requirements of the protocol. A number is never used again for another requirement."""

from conformance.requirement import Group, Requirement
from conformance.requirements.frames import FRAMES, LIMITS, SESSIONS, TIMES, TOPICS
from conformance.requirements.market import CONTRACTS, LOG, PLANS, REPORTS, ROUNDS, SEALED, VERSIONS, WITNESSES
from conformance.requirements.orders import ORDERS, RECEIPTS, REJECTIONS

GROUPS: tuple[Group, ...] = (
    FRAMES,
    TOPICS,
    SESSIONS,
    LIMITS,
    TIMES,
    ORDERS,
    REJECTIONS,
    RECEIPTS,
    ROUNDS,
    LOG,
    REPORTS,
    WITNESSES,
    SEALED,
    PLANS,
    CONTRACTS,
    VERSIONS,
)
REQUIREMENTS: dict[str, Requirement] = {s.id: s for group in GROUPS for s in group.requirements}
