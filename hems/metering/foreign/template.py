"""A template: where a kind of device puts which quantity on MQTT. Data, read strictly from a TOML file."""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hems.metering.foreign.units import Quantity, Unit, factor, units_of

Role = Literal["meter", "pv", "relay"]
Topic = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^(?:[^+#{}\x00]|\{[a-z_]+\+?\})+$")]
Sign = Literal[1, -1]
PLACE = re.compile(r"\{([a-z_]+)\+?\}")


class Strict(BaseModel):
    """A table that refuses unknown keys and values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Source(Strict):
    """One place of a value. An empty `path` takes the whole payload as text, else it leads into JSON (`a.b.0`).

    `partial`: messages on this topic may leave the value out (deltas). `time_path` leads to the payload's own time.
    """

    topic: Topic
    path: str = ""
    partial: bool = False
    time_path: str | None = None
    time_kind: Literal["unix_s", "unix_ms", "utc"] = "unix_s"


class Part(Strict):
    """A summand of a value, from the first of its sources that speaks; each later message replaces it."""

    source: tuple[Source, ...] = Field(min_length=1, strict=False)
    sign: Sign = 1


class Value(Strict):
    """A quantity: the sum of its parts, times sign, in a unit. `sign` -1 turns a foreign direction into ours.

    `array` says what to do where a path leads to a list; `channel` picks one of it. `unit_topic` and `unit_path` say
    where the device tells its unit. `words` translates texts. `constant` needs no message.
    """

    quantity: Quantity
    unit: Unit
    sign: Sign = 1
    part: tuple[Part, ...] = Field(default=(), strict=False)
    array: Literal["refuse", "sum"] = "refuse"
    channel: Annotated[int, Field(ge=0, le=63)] | None = None
    unit_topic: Topic | None = None
    unit_path: str | None = None
    words: dict[str, float] | None = None
    constant: float | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if factor(self.quantity, self.unit) is None:
            raise ValueError(f"{self.quantity} is not measured in {self.unit!r}: use {units_of(self.quantity)}")
        if not self.part and self.constant is None:
            raise ValueError(f"{self.quantity} has neither parts nor a constant: name its topic and path")
        return self


class Availability(Strict):
    """Where a device says whether it is there; JSON payloads hold the word at `path`."""

    topic: Topic
    path: str = "state"
    online: tuple[str, ...] = Field(default=("online",), strict=False)
    offline: tuple[str, ...] = Field(default=("offline",), strict=False)


class KeepAlive(Strict):
    """What a device has to be sent again and again so that it goes on publishing."""

    topic: Topic
    payload: str
    first_payload: str
    every_s: Annotated[int, Field(ge=5, le=3600)]


class Switch(Strict):
    """How a relay is switched so that it falls off by itself: `{lease_s}` and `{pulse}` (lease + 100) are filled in.

    `on_comm_loss` is what the relay does when nobody speaks to it: `off` after the lease, or `hold` its state.
    """

    topic: Topic
    on_payload: str
    off_payload: str
    on_comm_loss: Literal["off", "hold"]


class Template(Strict):
    """One kind of device. `detect` is what a topic has to contain to be taken for one when nobody named it (a regular
    expression). `places` are the names in braces that have a default; the others come from the topic.

    `retained` says whether what the server repeats may be used: energies that are sent only when they change count
    once the device has proved that it lives (`on_change`), everything else waits for a live message (`old`).
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    title: str
    source: Annotated[str, Field(min_length=10)]
    roles: tuple[Role, ...] = Field(min_length=1, strict=False)
    topic: Topic
    example: Topic
    detect: str = ".*"
    max_age_s: Annotated[int, Field(ge=5, le=7200)]
    retained: Literal["old", "on_change"] = "old"
    note: str = ""
    places: dict[str, str] = Field(default_factory=dict)
    value: tuple[Value, ...] = Field(min_length=1, strict=False)
    availability: Availability | None = None
    keep_alive: KeepAlive | None = None
    switch: Switch | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        twice = {v.quantity for v in self.value if [w.quantity for w in self.value].count(v.quantity) > 1}
        if twice:
            raise ValueError(f"quantities stand twice: {', '.join(sorted(twice))}")
        known = set(PLACE.findall(self.topic)) | set(self.places)
        unknown = set(PLACE.findall(self.model_dump_json())) - known - {"lease_s", "pulse", "on"}
        if unknown:
            raise ValueError(f"places {', '.join(sorted(unknown))} are neither in the topic nor in [places]")
        return self
