"""Who may publish and read which topics: the rule of the protocol as data, from which servers are configured.

An identity is the common name of a client certificate. Members and gateways are known by their id; the names of the
operator's own programs hold a dot, which no id can, so that no member can be enrolled under one of them.
"""

from dataclasses import dataclass
from typing import Literal

from wire import clock
from wire.topics import BATCH, BINARY, BUNDLE, TABLE, broker_inbox, gateways_inbox, public_inbox, witness_inbox

OWN = "{own}"
IDENTITY_MAX = 64  # what a common name can hold
SERVER_UPTIME = "$SYS/broker/uptime"

Access = Literal["read", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One right; `who` None is every identity, with its own name in the place of `{own}` in the topic filter."""

    who: str | None
    may: Access
    topic: str


def operator_identity(program: str, community: str) -> str:
    """The identity of one of the operator's programs.

    Raises: ValueError for a community whose name is too long for a certificate: shorten it.
    """
    name = f"{program}.{community}"
    if len(name) > IDENTITY_MAX:
        longest = IDENTITY_MAX - len(program) - 1
        raise ValueError(f"community {community}: too long for a certificate, use at most {longest} characters")
    return name


def broker_identity(community: str) -> str:
    """The identity of the community's broker."""
    return operator_identity("broker", community)


def health_identity(community: str) -> str:
    """The identity that only asks the MQTT server whether it is there."""
    return operator_identity("health", community)


def coordinator_identity(community: str) -> str:
    """The identity of the coordinator of a driven clock."""
    return operator_identity("coordinator", community)


def grants(community: str, *, driven: bool = False) -> tuple[Grant, ...]:
    """Every right of a community; what is not granted is denied. `driven` adds the clock of demos and tests."""
    every = [*_broker(community), *_members(community), *_gateways(community), _health(community)]
    return (*every, *(_clock(community) if driven else ()))


def _broker(community: str) -> list[Grant]:
    me = broker_identity(community)
    written = [rule.pattern.format(community=community, meter="+") for rule in TABLE if rule.publisher == "broker"]
    written.append(BINARY[BUNDLE].format(community=community, gateway="+"))
    reads = [broker_inbox(community), gateways_inbox(community)]
    return [
        *(Grant(who=me, may="write", topic=topic) for topic in written),
        *(Grant(who=me, may="read", topic=topic) for topic in reads),
    ]


def _members(community: str) -> list[Grant]:
    written = [rule.pattern.format(community=community, meter=OWN) for rule in TABLE if rule.publisher == "meter"]
    own = [rule.pattern.format(community=community, meter=OWN) for rule in TABLE if _is_private_answer(rule.pattern)]
    reads = [*own, public_inbox(community), witness_inbox(community)]
    return [
        *(Grant(who=None, may="write", topic=topic) for topic in written),
        *(Grant(who=None, may="read", topic=topic) for topic in reads),
    ]


def _is_private_answer(pattern: str) -> bool:
    return "/member/{meter}/" in pattern


def _gateways(community: str) -> list[Grant]:
    return [
        Grant(who=None, may="write", topic=BINARY[BATCH].format(community=community, gateway=OWN)),
        Grant(who=None, may="read", topic=BINARY[BUNDLE].format(community=community, gateway=OWN)),
    ]


def _health(community: str) -> Grant:
    return Grant(who=health_identity(community), may="read", topic=SERVER_UPTIME)


def _clock(community: str) -> list[Grant]:
    me, now = coordinator_identity(community), clock.now_topic(community)
    return [
        Grant(who=me, may="write", topic=now),
        Grant(who=me, may="read", topic=clock.done_topic(community, "+")),
        Grant(who=broker_identity(community), may="read", topic=now),
        Grant(who=broker_identity(community), may="write", topic=clock.done_topic(community, "broker")),
        Grant(who=None, may="read", topic=now),
        Grant(who=None, may="write", topic=clock.done_topic(community, OWN)),
    ]
