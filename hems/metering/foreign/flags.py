"""What can be wrong with a foreign payload: flags are told to people, the value is not used."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class FlagCode(StrEnum):
    """Why a value was not used, or only with doubt."""

    TOO_BIG = "too_big"
    NOT_JSON = "not_json"
    NOTHING_YET = "nothing_yet"
    NO_VALUE = "no_value"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    NOT_FINITE = "not_finite"
    ARRAY = "array"
    UNKNOWN_UNIT = "unknown_unit"
    NEGATIVE_ENERGY = "negative_energy"
    OUT_OF_RANGE = "out_of_range"
    RETAINED = "retained"
    OLD = "old"
    TIME_WITHOUT_ZONE = "time_without_zone"
    TIME_IN_FUTURE = "time_in_future"
    NOT_A_TIME = "not_a_time"
    OFFLINE = "offline"
    STEPPED_BACK = "stepped_back"
    JUMP = "jump"
    NEW_COUNTER = "new_counter"
    GAP = "gap"


REMEDIES: dict[FlagCode, str] = {
    FlagCode.TOO_BIG: "the message is no meter value: check the topic",
    FlagCode.NOT_JSON: "check the topic and that the template fits the device's firmware",
    FlagCode.NOTHING_YET: "check that the device sends on this topic, and how often",
    FlagCode.NO_VALUE: "the device says that it has none now: check its sensor and its connection",
    FlagCode.MISSING: "check the template, or name the path in [meter.value.<quantity>]",
    FlagCode.WRONG_TYPE: "name the path of a number in [meter.value.<quantity>]",
    FlagCode.NOT_FINITE: "the device has no value now: check its sensor",
    FlagCode.ARRAY: 'the device has several channels: set channel = 0 or array = "sum" in [meter.value.<quantity>]',
    FlagCode.UNKNOWN_UNIT: "set the device to W, kW, Wh or kWh",
    FlagCode.NEGATIVE_ENERGY: "a counter is never negative: check the path, or use net_wh for a signed counter",
    FlagCode.OUT_OF_RANGE: "check unit and path: the value is beyond what the connection carries",
    FlagCode.RETAINED: "wait for a live message; the server only repeated an old one",
    FlagCode.OLD: "check the device and how often it sends, or raise max_age_s",
    FlagCode.TIME_WITHOUT_ZONE: "its age is taken from its arrival: let the device send UTC with Z",
    FlagCode.TIME_IN_FUTURE: "set the clock of the device; its age is taken from its arrival",
    FlagCode.NOT_A_TIME: "its age is taken from its arrival: check the time of the payload",
    FlagCode.OFFLINE: "the device is offline: check its power and network",
    FlagCode.STEPPED_BACK: "a counter fell: it is not used until it counts on; was the meter reset or replaced?",
    FlagCode.JUMP: "a counter jumped beyond what the connection carries: it is not used until it counts on",
    FlagCode.NEW_COUNTER: "the counter goes on from its new value; the energy in between is not counted",
    FlagCode.GAP: "power was missing for a while: that energy is not counted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One doubt about what a device said: its code, about which quantity, and the words for people."""

    code: FlagCode
    about: str
    detail: str

    def __str__(self) -> str:
        return _words(self.about, self)


def told_together(flags: Iterable[Flag]) -> str:
    """The doubts in words; the same doubt about several quantities is one sentence."""
    by_doubt: dict[tuple[FlagCode, str], list[Flag]] = {}
    for flag in flags:
        by_doubt.setdefault((flag.code, flag.detail), []).append(flag)
    return "; ".join(_words(", ".join(flag.about for flag in same), same[0]) for same in by_doubt.values())


def _words(about: str, flag: Flag) -> str:
    return f"{about}: {flag.detail} ({flag.code}); {REMEDIES[flag.code]}"
