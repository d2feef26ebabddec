"""Telemetry of a community: conditions, rounds, money, members, ledger. Units of the market: Wh, micro, nano."""

from wire.telemetry.declaration import Measurement, Tag, Writer, real, text, whole, yes

COMMUNITY = "the community's id"
STAGE = "stage of the market calendar"
MEMBER = "the member's meter; only with `[telemetry] members = true`"


class Conditions(Measurement, name="conditions", writer=Writer.BROKER, stamp="slot"):
    """What the broker published before a slot."""

    community = Tag(COMMUNITY)
    retail_micro_per_kwh = whole("micro-currency/kWh", "highest retail price: the market's upper bound")
    feed_in_micro_per_kwh = whole("micro-currency/kWh", "lowest feed-in price: the market's lower bound")
    is_constrained = yes("the network is constrained")
    last_demand_wh = whole("Wh", "demand of the slot that was known last")
    last_generation_wh = whole("Wh", "generation of that slot")


class Clearing(Measurement, name="clearing", writer=Writer.BROKER, stamp="slot"):
    """The public result of a round. A home writes the same points from what it received."""

    community = Tag(COMMUNITY)
    stage = Tag(STAGE)
    mechanism = Tag("how it was cleared")
    round = Tag("number of the round in its stage")
    price_micro_per_kwh = whole("micro-currency/kWh", "price, or the mean where members pay different ones")
    price_low_micro_per_kwh = whole("micro-currency/kWh", "lower end of the prices that clear the market")
    price_high_micro_per_kwh = whole("micro-currency/kWh", "upper end of them")
    buyer_price_micro_per_kwh = whole("micro-currency/kWh", "mean price of buyers")
    seller_price_micro_per_kwh = whole("micro-currency/kWh", "mean price of sellers")
    volume_wh = whole("Wh", "energy traded")
    lost_wh = whole(
        "Wh", "energy that sellers sold beyond it and that is lost on the way, where the mechanism knows losses"
    )
    orders = whole("", "orders in the book")
    unrevealed = whole("", "sealed orders that were void")
    surplus_nano = whole("nano-currency", "left to the community account, negative asked of it")
    outcome = text("`cleared`, `no_trade`, `no_market`, `shared`")
    is_cleared = yes("it traded")
    is_no_trade = yes("nobody met")
    is_no_market = yes("the round was void")


class Round(Measurement, name="round", writer=Writer.BROKER):
    """How a round ended, at the moment its gate closed."""

    community = Tag(COMMUNITY)
    stage = Tag(STAGE)
    orders = whole("", "orders received at the gate")
    blocks = whole("", "block orders cleared with them")
    gate_to_award_s = real("s", "from the calendar's gate until awards were handed to the MQTT client")
    is_late = yes("orders waited for more than 5 s beyond the time to reveal")


class Award(Measurement, name="award", writer=Writer.BROKER, stamp="slot"):
    """What a round awarded, summed over members."""

    community = Tag(COMMUNITY)
    stage = Tag(STAGE)
    round = Tag("number of the round in its stage")
    reason = Tag("`traded`, `part_traded`, `not_competitive`, ...")
    awards = whole("", "members with this result")
    bought_wh = whole("Wh", "energy they bought")
    sold_wh = whole("Wh", "energy they sold")


class SettledSlot(Measurement, name="settled_slot", writer=Writer.BROKER, stamp="slot"):
    """A settled slot of the whole community, corrections included."""

    community = Tag(COMMUNITY)
    members = whole("", "members settled")
    estimated = whole("", "of them on an estimate")
    corrections = whole("", "corrections so far")
    import_wh = whole("Wh", "sum of members' net imports")
    export_wh = whole("Wh", "sum of members' net exports")
    bought_wh = whole("Wh", "awards bought")
    sold_wh = whole("Wh", "awards sold")
    imbalance_wh = whole("Wh", "sum of what members differ from their awards, without sign")
    total_nano = whole("nano-currency", "paid by all members, negative when received")
    tariff_nano = whole("nano-currency", "their metered energy at retail and feed-in prices alone")
    saved_nano = whole("nano-currency", "tariff less total")


class MemberMoney(Measurement, name="member_money", writer=Writer.BROKER, stamp="slot"):
    """What a slot cost a member, corrections included; the operator's settlement needs it."""

    community = Tag(COMMUNITY)
    meter = Tag(MEMBER)
    total_nano = whole("nano-currency", "paid by the member, negative when received")
    tariff_nano = whole("nano-currency", "its metered energy at retail and feed-in prices alone")
    saved_nano = whole("nano-currency", "tariff less total")
    award_wh = whole("Wh", "energy held from the market, + bought")
    metered_wh = whole("Wh", "metered net energy, + import")
    imbalance_wh = whole("Wh", "metered less awarded")
    is_estimated = yes("settled on an estimate")


class SharedStorage(Measurement, name="shared_storage", writer=Writer.BROKER, stamp="slot"):
    """A slot of the storage that the members share, told before it; once settled, also what its meter showed."""

    community = Tag(COMMUNITY)
    charge_wh = whole("Wh", "what all accounts hold after the slot")
    capacity_wh = whole("Wh", "what they can hold")
    flow_wh = whole("Wh", "what the storage was told to do, + charge")
    charged_wh = whole("Wh", "granted to members that charge")
    discharged_wh = whole("Wh", "granted to members that discharge")
    losses_wh = whole("Wh", "lost from the accounts")
    requests = whole("", "members that asked for something")
    cut = whole("", "of them granted less than they asked")
    metered_wh = whole("Wh", "what its meter showed, + import; none while no reading was settled")
    deviation_wh = whole("Wh", "metered less held in the slot, its own trades included")
    is_astray = yes("the deviation is above a tenth of the most that it can move in a slot")


class StorageAccount(Measurement, name="storage_account", writer=Writer.BROKER, stamp="slot"):
    """A member's account in the shared storage, in slots in which it asked for something or the account changed."""

    community = Tag(COMMUNITY)
    meter = Tag(MEMBER)
    share_wh = whole("Wh", "capacity that is the member's")
    level_wh = whole("Wh", "what the account holds after the slot")
    requested_wh = whole("Wh", "asked for, + charge")
    granted_wh = whole("Wh", "granted, + charge")
    losses_wh = whole("Wh", "lost from the account")


class Member(Measurement, name="member", writer=Writer.BROKER):
    """Whether a member is heard, when it changes and, up to 1,000 members, once a slot."""

    community = Tag(COMMUNITY)
    meter = Tag(MEMBER)
    silent_s = real("s", "since its last message, or since the broker's start")
    is_silent = yes("nothing came for two slots")


class Members(Measurement, name="members", writer=Writer.BROKER):
    """How many members are heard, every minute."""

    community = Tag(COMMUNITY)
    enrolled = whole("", "members that may trade")
    seen = whole("", "of them heard within two slots")
    silent = whole("", "of them not heard for two slots")
    suspended = whole("", "members that are suspended")


class Trading(Measurement, name="trading", writer=Writer.BROKER):
    """Whether trading goes on, every minute."""

    community = Tag(COMMUNITY)
    is_paused = yes("stopped by the operator: no gate makes a market")


class Rejection(Measurement, name="rejection", writer=Writer.BROKER):
    """A message that was not accepted, when it came."""

    community = Tag(COMMUNITY)
    message = Tag("kind of the message")
    code = Tag("rejection code of the protocol")
    rejections = whole("", "1")
    meter = text("who sent it; only with `[telemetry] members = true`")


class Ledger(Measurement, name="ledger", writer=Writer.BROKER):
    """Accounts and log, every minute."""

    community = Tag(COMMUNITY)
    sum_nano = whole("nano-currency", "sum of all balances: anything but 0 is an error")
    entries = whole("", "transfers posted")
    log_size = whole("", "leaves of the log")
    checkpoint_age_s = real("s", "since the newest checkpoint was published; none before the first")


class Checkpoint(Measurement, name="checkpoint", writer=Writer.BROKER, stamp="slot"):
    """A signed checkpoint of the log, at the slot it closes."""

    community = Tag(COMMUNITY)
    size = whole("", "leaves that it covers")


class Intake(Measurement, name="intake", writer=Writer.BROKER):
    """What came in and went out, every minute."""

    community = Tag(COMMUNITY)
    received = whole("", "frames since the start of the process")
    accepted = whole("", "receipts since the start of the process")
    rejected = whole("", "rejections since the start of the process")
    refused = whole("", "frames refused over a full queue since the start of the process")
    queue_frames = whole("", "frames that wait")
    journal_records = whole("", "records in the journal")
    unsent_records = whole("", "of them whose messages the MQTT server has not acknowledged")
    is_mqtt_connected = yes("connected to the MQTT server")
