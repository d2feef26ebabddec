"""What was sent and heard while a broker or a meter was under test, in order: all that verdicts rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message that a client of the kit received; `at_s` is the market's time [s since 1970].

    `retain` is the flag as delivered: true for what the server had kept when the client subscribed.
    """

    client: str
    topic: str
    payload: bytes
    qos: int
    retain: bool
    at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A frame that the kit published: `label` is what it was sent for, `named` the digest that answers name."""

    client: str
    label: str
    kind: str
    meter: str
    topic: str
    frame: bytes
    named: str
    at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A packet of MQTT 3.1.1 that a meter under test sent, as the kit's tap saw it; `kind` in lower case.

    `facts` are the fields of CONNECT and SUBSCRIBE; a PUBLISH has `topic`, `payload`, `qos` and `retain`.
    """

    kind: str
    at_s: int
    topic: str = ""
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    facts: Mapping[str, str | int | bool] = field(default_factory=dict)


STOPPED = "stopped early: "
"""How the mark of a run begins that did not get to its end."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the run that verdicts refer to: "late join", "cut", "killed", .."""

    name: str
    at_s: int


Event = Heard | Sent | Packet | Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A whole run. `meters` are the public keys of the meters by id; `broker_key` is that of the broker.

    `clients` says which client speaks for which meter; `first` is the client whose view of the public topics
    counts, the others are compared with it.
    """

    community: str
    meters: Mapping[str, bytes]
    clients: Mapping[str, str]
    broker_key: bytes
    first: str
    events: tuple[Event, ...]
