"""How soon a home keeps to the network operator's limit: from its message to the commands in the devices' registers.

`scripts/bench grid_limit [--rounds N] [--silences N]` starts an emulated house with roof, battery, car and heat pump,
an MQTT server and `hems run` as processes of their own, with the page and the default interval between steps.
"""

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import paho.mqtt.client as paho

from benchmarks.machine import table, write

sys.path.append(str(Path(__file__).parents[1] / "tests" / "integration"))

from broker_rig import mosquitto
from mqtt_household import speaker
from page_rig import House, living, served

TOPIC, ECHO = "operator/limit", "echo"
HEARTBEAT_S, TICK_S, LIMIT_W, FAILSAFE_W, FULL_W = 10, 20, 2_000, 4_200, 6_000
CAR_WH, LEAVES_S = 14_500, 5_100  # it has to be charged with all its power from now on
POLL_S, WAIT_S = 0.005, 60.0
EXTRA = """
[mqtt]
port = {port}
[grid_limit]
topic = "operator/limit"
heartbeat_s = 10
[[tariff.period]]
from_hour = {first}
to_hour = {end}
import_price_per_kwh = 0.05
export_price_per_kwh = 0.01
"""
WHAT = f"""A house draws more than {FULL_W / 1000:g} kW because its car leaves soon: car, battery, heat pump, emulated
on Modbus TCP, and a roof that gives 2.15 kW; `hems run` steps every {TICK_S} s and with news.

* **Limit:** from the message that allows {LIMIT_W / 1000:g} kW until the registers hold commands that keep to it.
* **Release:** from the message that allows everything until it draws {FULL_W / 1000:g} kW, after a new plan.
* **Silence:** from the end of the heartbeat of {HEARTBEAT_S} s until it keeps to {FAILSAFE_W / 1000:g} kW (failsafe).
  Seconds are counted whole, so it comes up to one of them early.
* **Floor:** one message through the same MQTT server and back into this program.

Promise R9: within 10 s, always."""


@dataclass(slots=True)
class Scene:
    """A house under a limit, and who tells it."""

    house: House
    client: paho.Client

    def net_w(self) -> float:
        """What the connection draws as commanded now [W]."""
        now = time.time()
        drawn = (device.commanded_power_w(now) for device in (self.house.battery, self.house.car, self.house.heat))
        return self.house.load_w - self.house.sun_w + sum(drawn)

    def tell(self, **limit: float) -> float:
        """Publishes a limit; returns the moment before [s, monotonic]."""
        began_s = time.monotonic()
        self.client.publish(TOPIC, json.dumps(limit), 1).wait_for_publish(WAIT_S)
        return began_s

    def wait(self, holds: Callable[[float], bool], since_s: float) -> float:
        """Seconds since a moment until the power drawn holds a condition."""
        while not holds(self.net_w()):
            if time.monotonic() - since_s > WAIT_S:
                raise SystemExit(f"not within {WAIT_S:g} s: the connection draws {self.net_w():.0f} W")
            time.sleep(POLL_S)
        return time.monotonic() - since_s

    def limited_s(self) -> float:
        """From the message of a limit to the commands."""
        return self.wait(lambda w: w <= LIMIT_W + 1, self.tell(import_limit_w=LIMIT_W))

    def released_s(self) -> float:
        """From the message that ends a limit to a house that draws what it wants."""
        return self.wait(lambda w: w > FULL_W, self.tell())

    def silent_s(self) -> float:
        """From the end of the last heartbeat to the failsafe limit."""
        return self.wait(lambda w: w <= FAILSAFE_W + 1, self.tell()) - HEARTBEAT_S


def echoes_s(client: paho.Client, count: int) -> list[float]:
    """Times of messages to the server and back."""
    back, found = threading.Event(), []
    client.message_callback_add(ECHO, lambda *_: back.set())
    client.subscribe(ECHO, 1)
    for _ in range(count + 1):
        back.clear()
        began_s = time.monotonic()
        client.publish(ECHO, "x", 1)
        back.wait(WAIT_S)
        found.append(time.monotonic() - began_s)
    return found[1:]


@contextmanager
def scene() -> Iterator[Scene]:
    """A home that runs and has heard that nothing is limited."""
    hour = time.gmtime().tm_hour + 1  # the house is in Berlin: its hour of now is this one or the next
    cheap = {"first": (hour - 1) % 24, "end": (hour + 4) % 24}
    with (
        tempfile.TemporaryDirectory() as folder,
        mosquitto(Path(folder)) as port,
        speaker(port) as client,
        living(House()) as house,
        served(Path(folder), house, extra=EXTRA.format(port=port, **cheap), tick_s=TICK_S),
    ):
        house.battery.report(soc=0.3, power_w=0)
        house.car.report_car(CAR_WH, int(time.time()) + LEAVES_S)
        found = Scene(house, client)
        began_s = time.monotonic()
        while found.net_w() <= FULL_W:
            found.tell()
            time.sleep(1.0)
            if time.monotonic() - began_s > WAIT_S:
                raise SystemExit(f"the house never draws {FULL_W} W: {found.net_w():.0f} W")
        yield found


def main() -> None:
    """Measures, and writes the result."""
    parser = argparse.ArgumentParser(prog="scripts/bench grid_limit", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="limits told and taken back [40]")
    parser.add_argument("--silences", type=int, default=5, help="lost signals [5]")
    args = parser.parse_args()
    if shutil.which("mosquitto") is None:
        parser.error("mosquitto is not installed")
    with scene() as home:
        floor = echoes_s(home.client, args.rounds)
        limited, released = [], []
        for _ in range(args.rounds):
            limited.append(home.limited_s())
            released.append(home.released_s())
        silent = []
        for _ in range(args.silences):
            silent.append(home.silent_s())
            home.released_s()
    rows = [
        [
            name,
            str(len(times)),
            f"{1000 * median(times):.1f}",
            f"{1000 * max(times):.1f}",
        ]
        for name, times in (("floor", floor), ("limit", limited), ("release", released), ("silence", silent))
    ]
    made = table(("what", "times", "median ms", "longest ms"), rows)
    print(write("grid_limit", f"{args.rounds} limits, {args.silences} lost signals", [WHAT, made]))


if __name__ == "__main__":
    main()
