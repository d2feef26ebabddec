"""MQTT topics as functions, and the one table of who may publish what, with which QoS, retained or not."""

from dataclasses import dataclass
from typing import Literal

ROOT = "hearthgrid/v1"

# The last will cannot be signed; an award proves itself under the root in the signed clearing.
UNSIGNED = ("status", "award")

# Binary, for gateways: household records of many meters, and the frames that answer them.
BATCH, BUNDLE = "batch", "bundle"
BINARY: dict[str, str] = {
    BATCH: f"{ROOT}/{{community}}/gateway/{{gateway}}/batch",
    BUNDLE: f"{ROOT}/{{community}}/relay/{{gateway}}/bundle",
}

Publisher = Literal["broker", "meter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRule:
    """One row of the topic table; `pattern` has the levels {community} and, for private topics, {meter}."""

    kind: str
    pattern: str
    publisher: Publisher
    qos: int
    retain: bool
    signed: bool
    purpose: str


def _rule(kind: str, publisher: Publisher, *, private: bool, retain: bool = False, purpose: str) -> TopicRule:
    own, shared = ("meter", "shared/{meter}/") if publisher == "meter" else ("member", "public/")
    room = f"{own}/{{meter}}/" if private else shared
    return TopicRule(
        kind=kind,
        pattern=f"{ROOT}/{{community}}/{room}{kind}",
        publisher=publisher,
        qos=1,
        retain=retain,
        signed=kind not in UNSIGNED,
        purpose=purpose,
    )


TABLE: tuple[TopicRule, ...] = (
    _rule("hello", "meter", private=True, purpose="asks for its membership"),
    _rule("plan", "meter", private=True, purpose="non-binding plan for the indicative path"),
    _rule("order", "meter", private=True, purpose="bids and offers of a slot"),
    _rule("block_order", "meter", private=True, purpose="one price for several slots of a day ahead"),
    _rule("proposal", "meter", private=True, purpose="forward contract offered to another member"),
    _rule("acceptance", "meter", private=True, purpose="a proposal accepted or refused"),
    _rule("flex_offer", "meter", private=True, purpose="offer to a flexibility call"),
    _rule("reserve_offer", "meter", private=True, purpose="offer to stand by in an ancillary call"),
    _rule("storage_bid", "meter", private=True, purpose="bid for a share of the storage in a period"),
    _rule("storage_request", "meter", private=True, purpose="what to charge or discharge in a slot"),
    _rule("sealed", "meter", private=True, purpose="commitment to an order of a sealed market"),
    _rule("reveal", "meter", private=True, purpose="opens a sealed order after the gate"),
    _rule("reply", "meter", private=True, purpose="quantities at the prices of a question"),
    _rule("pair_reply", "meter", private=True, purpose="energy for each partner of a question about pairs"),
    _rule("query", "meter", private=True, purpose="asks for the state of a slot"),
    _rule("report", "meter", private=True, purpose="metered energy of a slot"),
    _rule("witness", "meter", private=False, retain=True, purpose="newest checkpoint this member saw"),
    _rule("welcome", "broker", private=True, purpose="membership confirmed"),
    _rule("receipt", "broker", private=True, purpose="message stored durably"),
    _rule("rejection", "broker", private=True, purpose="message refused, with the reason"),
    _rule("answer", "broker", private=True, purpose="state of a slot for the asking meter"),
    _rule(
        "pair_question", "broker", private=True, purpose="prices of a meter's pairs in a market of bilateral trade"
    ),
    _rule("award", "broker", private=True, purpose="private result of the auction"),
    _rule("block_award", "broker", private=True, purpose="what became of a block order"),
    _rule("contract", "broker", private=True, purpose="state of a forward contract, to both parties"),
    _rule("flex_award", "broker", private=True, purpose="what a meter is called for, or stands by with"),
    _rule("flex_result", "broker", private=True, purpose="a called slot against its baseline"),
    _rule("activation", "broker", private=True, purpose="a meter that stands by is called for a slot"),
    _rule("reserve_result", "broker", private=True, purpose="a slot of standing by, and of activation"),
    _rule("storage_share", "broker", private=True, purpose="capacity that is a meter's for a period"),
    _rule("storage_grant", "broker", private=True, purpose="what a meter's account in the storage did in a slot"),
    _rule("storage_flow", "broker", private=True, purpose="what the storage itself has to do in a slot"),
    _rule("settlement", "broker", private=True, purpose="what a slot cost"),
    _rule("calendar", "broker", private=False, retain=True, purpose="stages, gates, limits"),
    _rule("conditions", "broker", private=False, retain=True, purpose="outside prices and network state"),
    _rule("trading", "broker", private=False, retain=True, purpose="market paused by its operator, or open again"),
    _rule("storage", "broker", private=False, retain=True, purpose="the shared storage and how it is shared"),
    _rule("path", "broker", private=False, retain=True, purpose="aggregate of the members' plans"),
    _rule("roster", "broker", private=False, purpose="pseudonyms of a day, counted against the members"),
    _rule("rules", "broker", private=False, purpose="network and preferences of a day, under pseudonyms"),
    _rule("gate", "broker", private=False, purpose="count and root of the received orders, before the clearing"),
    _rule("question", "broker", private=False, purpose="prices to answer in a market cleared in rounds"),
    _rule("convergence", "broker", private=False, purpose="how the questions of a round ended"),
    _rule("clearing", "broker", private=False, purpose="public result of the auction"),
    _rule("call", "broker", private=False, purpose="the operator asks for flexibility, or for standing by"),
    _rule("book", "broker", private=False, purpose="orders of a round under pseudonyms, in pages"),
    _rule("blocks", "broker", private=False, purpose="block orders of a day-ahead auction, under pseudonyms"),
    _rule("replies", "broker", private=False, purpose="replies to the questions of a round, under pseudonyms"),
    _rule("leaves", "broker", private=False, purpose="new leaves of the log"),
    _rule("checkpoint", "broker", private=False, retain=True, purpose="head of the log"),
    _rule("status", "broker", private=False, retain=True, purpose="broker online or offline (last will)"),
)
BY_KIND: dict[str, TopicRule] = {rule.kind: rule for rule in TABLE}


def topic(kind: str, community: str, meter: str = "") -> str:
    """The topic of a message kind; `meter` is needed for private topics."""
    rule = BY_KIND[kind]
    if "{meter}" in rule.pattern and not meter:
        raise ValueError(f"the topic of a {kind} needs a meter")
    return rule.pattern.format(community=community, meter=meter)


def meter_inbox(community: str, meter: str) -> str:
    """The filter of everything the broker sends privately to a meter."""
    return f"{ROOT}/{community}/member/{meter}/+"


def public_inbox(community: str) -> str:
    """The filter of everything the broker publishes to all."""
    return f"{ROOT}/{community}/public/+"


def witness_inbox(community: str) -> str:
    """The filter of what members publish to each other."""
    return f"{ROOT}/{community}/shared/+/+"


def broker_inbox(community: str) -> str:
    """The filter of everything that meters send to the broker."""
    return f"{ROOT}/{community}/meter/+/+"


def batch_topic(community: str, gateway: str) -> str:
    """Where a gateway sends batches of household records."""
    return BINARY[BATCH].format(community=community, gateway=gateway)


def bundle_topic(community: str, gateway: str) -> str:
    """Where a gateway gets the frames for its meters."""
    return BINARY[BUNDLE].format(community=community, gateway=gateway)


def gateways_inbox(community: str) -> str:
    """The filter of everything that gateways send to the broker."""
    return BINARY[BATCH].format(community=community, gateway="+")


@dataclass(frozen=True, slots=True)
class Address:
    """What a topic says: message kind, and the meter of a private topic ("" for public ones) or the gateway."""

    kind: str
    meter: str


def parse_topic(text: str, community: str) -> Address | None:
    """The address of a topic of this community, or None when the topic is not of the protocol."""
    prefix = f"{ROOT}/{community}/"
    if not text.startswith(prefix):
        return None
    match text[len(prefix) :].split("/"):
        case ["public", kind] if _is_in("public", kind):
            return Address(kind, "")
        case [("meter" | "member" | "shared") as room, meter, kind] if _is_in(room, kind):
            return Address(kind, meter)
        case ["gateway", gateway, "batch"]:
            return Address(BATCH, gateway)
        case _:
            return None


def _is_in(room: str, kind: str) -> bool:
    return kind in BY_KIND and f"/{room}/" in BY_KIND[kind].pattern
