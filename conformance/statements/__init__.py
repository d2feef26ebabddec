"""All numbered statements of the protocol. A number is never used again for another statement."""

from conformance.statement import Group, Statement
from conformance.statements.frames import FRAMES, LIMITS, SESSIONS, TIMES, TOPICS
from conformance.statements.market import CONTRACTS, LOG, PLANS, REPORTS, ROUNDS, SEALED, VERSIONS, WITNESSES
from conformance.statements.orders import ORDERS, RECEIPTS, REJECTIONS

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
STATEMENTS: dict[str, Statement] = {s.id: s for group in GROUPS for s in group.statements}
