"""Calls reach the energy manager and its offers the market: parts of both processes, local socket, real MQTT."""

import asyncio
import queue
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
from broker_rig import mosquitto

from hems.app.ems import EmsApp
from hems.app.meter import MeterApp
from hems.bidding.blocks import BlockBid
from hems.bidding.contracts import ProposalBid
from hems.bidding.flexibility import FlexBid, FlexStep
from hems.bidding.offers import Offers
from hems.bidding.standby import StandbyBid
from hems.bidding.storage import ShareBid, StorageOffers, StorageUse
from hems.io.home_link import Line
from hems.site.config import HomeConfig, parse_config
from tests.fakes import BROKER_KEY, COMMUNITY, METER, broker_says, slot
from tests.properties.test_flex_offers import a_call
from wire import messages as m
from wire.codec import decode
from wire.signing import open_frame
from wire.topics import broker_inbox, parse_topic, topic

WISHES = ("storage_request", "storage_bid")
CONFIG = """
[home]
meter = "{meter}"
state_dir = "s"
[meter]
port = 1
[tariff]
import_price_per_kwh = 0.3
[market]
community = "{community}"
broker_key = "{key}"
port = {port}
[market.flexibility]
[market.ancillary]
[market.blocks]
[market.contracts]
[market.storage]
"""
OFFERS = Offers(
    flex=(FlexBid(call="peak", steps=(FlexStep(120_000, 300),), baseline_wh=(400, 400), why="Call peak: offers."),),
    standby=(
        StandbyBid(
            call="evening",
            steps=(FlexStep(10_000, 200),),
            activation_micro=90_000,
            limits_wh=(400, 400),
            why="Call evening: stands by.",
        ),
    ),
    blocks=(
        BlockBid(
            stage="day_ahead", device="washer", group="washer-1", first=slot(9), price_micro=1, energy_wh=(500, 250)
        ),
    ),
    block_words=(("washer", "washer: bids."),),
    proposed=(
        ProposalBid(
            contract="sell-home-2-1",
            counterparty="home-2",
            side="sell",
            price_micro=2,
            first=slot(9),
            energy_wh=(100,),
            expires_s=slot(8).start_s,
        ),
    ),
    accepted=(("home-2", "spring"),),
    storage=StorageOffers(
        bid=ShareBid(period_s=slot(9).start_s, steps=((400_000, 1_000),)),
        uses=(StorageUse(slot=slot(6), energy_wh=-250),),
        words=(("storage_request", "Storage: asks."),),
    ),
)
AWARD = m.FlexAward(
    community=COMMUNITY, meter=METER, call="peak", sequence=1, awarded_wh=300, price_micro_per_kwh=120_000
)
ACTIVATION = m.Activation(
    community=COMMUNITY, meter=METER, call="evening", slot=slot(5).label, called_wh=100, price_micro_per_kwh=90_000
)
CONTRACT = m.Contract(
    community=COMMUNITY,
    meter=METER,
    contract="spring",
    proposer="home-2",
    counterparty=METER,
    side=m.Side.SELL,
    price_micro_per_kwh=1,
    first_slot=slot(40).label,
    energy_wh=(1,),
    position_wh=(0,),
    state="proposed",
    proposal_digest="0" * 64,
)
BLOCK = m.BlockAward(
    community=COMMUNITY,
    meter=METER,
    stage="day_ahead",
    block=f"washer-{slot(9).start_s}",
    sequence=1,
    first_slot=slot(9).label,
    accepted_permille=1000,
    reason="accepted",
)

RULES = m.StorageRules(
    community=COMMUNITY,
    stage="storage",
    storage_meter="store",
    capacity_wh=8_000,
    charge_w=4_000,
    discharge_w=4_000,
    charge_efficiency_ppm=950_000,
    discharge_efficiency_ppm=950_000,
    standing_loss_per_day_ppm=0,
    allocation="auction",
    period_days=1,
    first_period=slot(0).label,
    allocation_lead_s=900,
    reserve_price_micro_per_kwh=0,
    handover_price_micro_per_kwh=0,
)
SHARE = m.StorageShare(
    community=COMMUNITY,
    meter=METER,
    period=slot(0).label,
    share_wh=2_000,
    price_micro_per_kwh=100_000,
    amount_nano=200_000_000,
    score_wh=None,
)
GRANT = m.StorageGrant(
    community=COMMUNITY,
    meter=METER,
    slot=slot(5).label,
    sequence=None,
    requested_wh=0,
    granted_wh=0,
    handed_wh=500,
    losses_wh=0,
    level_wh=500,
    share_wh=2_000,
)


class Broker:
    """The test as the broker: says signed messages, hears what meters send."""

    def __init__(self, port: int) -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(broker_inbox(COMMUNITY), qos=1)
        self._client.loop_start()

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        address = parse_topic(message.topic, COMMUNITY)
        assert address is not None and address.meter == METER
        self.heard.put((address.kind, message.payload))

    def say(self, *messages: m.Message) -> None:
        """Publishes to the meter, or to all."""
        for message in messages:
            where = topic(message.kind, COMMUNITY, getattr(message, "meter", ""))
            self._client.publish(where, broker_says(message), qos=1)

    async def hear(self, kind: str) -> bytes:
        """The next frame of a kind."""
        while True:
            found, data = await asyncio.to_thread(self.heard.get, True, 20)
            if found == kind:
                return data

    def close(self) -> None:
        """Leaves."""
        self._client.loop_stop()
        self._client.disconnect()


async def until_learnt(ems: EmsApp, condition: Callable[[], bool]) -> None:
    """Waits until what the meter's process passes on has made a condition true."""
    heard, take = asyncio.Event(), ems._meter.on_line

    async def on_line(line: Line) -> None:
        await take(line)
        heard.set()

    ems._meter.on_line = on_line  # type: ignore[method-assign]
    async with asyncio.timeout(20):
        while not condition():
            heard.clear()
            await heard.wait()


def config(port: int) -> HomeConfig:
    return parse_config(
        CONFIG.format(meter=METER, community=COMMUNITY, key=BROKER_KEY.public_hex, port=port), "home.toml"
    )


def test_what_is_called_for_reaches_the_home_and_its_offers_reach_the_market_signed(tmp_path: Path) -> None:
    async def scene(port: int) -> None:
        broker, stop = Broker(port), asyncio.Event()
        meter, ems = MeterApp(config(port), config(port).market, tmp_path), EmsApp(config(port), tmp_path)  # type: ignore[arg-type]
        running = [asyncio.create_task(meter.serve(stop)), asyncio.create_task(ems._meter.run())]
        try:
            await broker.hear("hello")
            view, key = ems._loop.view, meter._session._signer.key.public
            broker.say(a_call(4), AWARD, ACTIVATION, CONTRACT, BLOCK, RULES, SHARE, GRANT)
            await until_learnt(
                ems, lambda: bool(view.contracts.known and view.blocks.starts_s and view.flexibility.promised())
            )
            await until_learnt(ems, lambda: view.storage.rules is not None and view.storage.newest is not None)
            assert (view.storage.share_wh(slot(5).start_s), view.storage.level_wh) == (2_000, 500)
            ems._offer(slot().start_s, OFFERS)
            for kind in ("flex_offer", "reserve_offer", "block_order", "acceptance", "proposal", *WISHES):
                payload = open_frame(await broker.hear(kind), key, kind, COMMUNITY)
                message = decode(m.BY_KIND[kind], payload)
                assert getattr(message, "meter", None) == METER
            rows = ems._store.rows("decisions", "device, code, text", "device")
            assert rows == [
                ("call-evening", "standby_offer", "Call evening: stands by."),
                ("call-peak", "flex_offer", "Call peak: offers."),
                ("storage", "storage_request", "Storage: asks."),
                ("washer-block", "block_order", "washer: bids."),
            ]
        finally:
            stop.set()
            running[1].cancel()
            await asyncio.gather(*running, return_exceptions=True)
            broker.close()
            ems._devices.close()
            ems._store.close()

    with mosquitto(tmp_path) as port:
        asyncio.run(scene(port))
    again = MeterApp(config(1), config(1).market, tmp_path)  # type: ignore[arg-type]
    kept = {message.kind for message in again._news._held.for_home()}
    assert kept == {"call", "flex_award", "activation", "contract", "block_award", "storage_share", "storage_grant"}
    assert again._session.view.flexibility.promised() == ["peak"]
    again._store.close()


def test_a_home_whose_owner_opened_no_stage_has_no_trader(tmp_path: Path) -> None:
    text = CONFIG.format(meter=METER, community=COMMUNITY, key=BROKER_KEY.public_hex, port=1)
    closed = parse_config(text[: text.index("[market.flexibility]")], "home.toml")
    for given, expected in ((closed, False), (config(1), True)):
        app = EmsApp(given, tmp_path)
        assert (app._loop._trader is not None) is expected
        app._devices.close()
        app._store.close()
