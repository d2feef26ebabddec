"""Whether what the operator asks of a running market can be done."""

from typing import assert_never

from broker.market.events import (
    Enrolled,
    MarketPaused,
    MarketResumed,
    MemberForgotten,
    MemberReadmitted,
    MemberRevoked,
    OperatorEvent,
)
from broker.market.market import Market


def act_problem(market: Market, asked: OperatorEvent) -> str | None:
    """What is wrong with an act, with the remedy; None when it can be done."""
    match asked:
        case MarketPaused():
            return "the market is paused already; nothing to do" if market.switch.is_paused else None
        case MarketResumed():
            return None if market.switch.is_paused else "the market is not paused; nothing to do"
        case Enrolled():
            return _enrolment_problem(market, asked)
        case MemberRevoked() | MemberReadmitted() | MemberForgotten():
            return _member_problem(market, asked)
    assert_never(asked)


def _enrolment_problem(market: Market, asked: Enrolled) -> str | None:
    key = bytes.fromhex(asked.public_key)
    others = [m.meter for m in market.members.values() if m.public_key == key and m.meter != asked.meter]
    return f"{others[0]} has this key already; every meter needs its own" if others else None


def _member_problem(market: Market, asked: MemberRevoked | MemberReadmitted | MemberForgotten) -> str | None:
    known = market.members.get(asked.meter)
    if known is None:
        return f"{asked.meter} is no member; see community-broker members"
    if isinstance(asked, MemberRevoked):
        return f"{asked.meter} is revoked already; nothing to do" if known.revoked else None
    if isinstance(asked, MemberReadmitted):
        return None if known.revoked else f"{asked.meter} is not revoked; nothing to do"
    return None if known.revoked else f"{asked.meter} is an active member; revoke it first"
