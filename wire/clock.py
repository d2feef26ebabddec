"""The driven clock of accelerated demos: a coordinator announces virtual instants and waits for every process.

Topics: ``hearthgrid/v1/{community}/clock/now`` ``{"instant": n, "now": "..Z"}`` from the coordinator, and
``hearthgrid/v1/{community}/clock/done/{process}`` ``{"instant": n, "next": "..Z" | null}`` from each process, QoS 1,
never retained, not signed: a driven clock is for demos and tests on one machine. Instant 0 asks who is ready; a
process answers it when it starts and whenever it is announced. Instant 1 is the start of the run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wire.codec import DecodeError, canonical, parse
from wire.slots import format_utc, parse_utc
from wire.topics import ROOT

QOS = 1
READY = 0


class ClockError(ValueError):
    """A clock message that is none, or a process that breaks the protocol: the process named has to be fixed."""


@dataclass(frozen=True, slots=True)
class Instant:
    """An announced virtual instant: its number and the virtual time [s since 1970]."""

    instant: int
    now_s: int


@dataclass(frozen=True, slots=True)
class Done:
    """A process has nothing left to do at an instant; `next_s` is when it wakes next, None when only by messages."""

    instant: int
    next_s: int | None


def now_topic(community: str) -> str:
    """The topic of the coordinator."""
    return f"{ROOT}/{community}/clock/now"


def done_topic(community: str, process: str) -> str:
    """The topic on which a process answers; `+` as process is the coordinator's filter."""
    return f"{ROOT}/{community}/clock/done/{process}"


def process_of(topic: str, community: str) -> str | None:
    """The process that answers on a topic, or None when it is no topic of answers."""
    prefix = done_topic(community, "")
    name = topic.removeprefix(prefix)
    return name if topic.startswith(prefix) and name and "/" not in name else None


def encode_now(instant: Instant) -> bytes:
    """The payload of an announcement."""
    return canonical({"instant": instant.instant, "now": format_utc(instant.now_s)})


def encode_done(done: Done) -> bytes:
    """The payload of an answer."""
    return canonical({"instant": done.instant, "next": None if done.next_s is None else format_utc(done.next_s)})


def decode_now(payload: bytes) -> Instant:
    """The announcement of a payload.

    Raises: ClockError when it is none.
    """
    number, moment_s = _decoded(payload, "now")
    if moment_s is None:
        raise ClockError("an announcement needs a time")
    return Instant(number, moment_s)


def decode_done(payload: bytes) -> Done:
    """The answer of a payload.

    Raises: ClockError when it is none.
    """
    return Done(*_decoded(payload, "next"))


def _decoded(payload: bytes, key: str) -> tuple[int, int | None]:
    try:
        value: dict[str, Any] = parse(payload)
        number, text = value.pop("instant"), value.pop(key)
        moment_s = None if text is None else parse_utc(text)
    except (DecodeError, KeyError, TypeError, ValueError) as error:
        raise ClockError(f"not a clock message: {error}") from None
    if value or isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ClockError("a clock message holds an instant >= 0 and one time, nothing else")
    return number, moment_s


class Verdict(StrEnum):
    """What an answer meant to the coordinator."""

    COUNTED = "counted"
    REPEATED = "repeated"
    STALE = "stale"
    RESTARTED = "restarted"
    UNKNOWN = "unknown"


class Coordinator:
    """Who has answered the current instant, and which is the next. Pure: the owner sends and receives.

    `RESTARTED` (an answer to instant 0 in the middle of a run) asks the owner to announce the current instant again.
    """

    def __init__(self, processes: Iterable[str], start_s: int) -> None:
        self._next_s: dict[str, int | None] = dict.fromkeys(processes)
        self._waiting = set(self._next_s)
        self._start_s = start_s
        self.current = Instant(READY, start_s)

    @property
    def waiting(self) -> frozenset[str]:
        """The processes that have not answered the current instant."""
        return frozenset(self._waiting)

    @property
    def all_done(self) -> bool:
        """True when every process has answered the current instant."""
        return not self._waiting

    def on_done(self, process: str, done: Done) -> Verdict:
        """Takes an answer.

        Raises: ClockError when it answers a future instant or names a wake that is not after the current one.
        """
        if process not in self._next_s:
            return Verdict.UNKNOWN
        if done.instant > self.current.instant:
            raise ClockError(f"{process} answered instant {done.instant}, {self.current.instant} is announced")
        if done.instant < self.current.instant:
            if done.instant != READY:
                return Verdict.STALE
            self._waiting.add(process)
            return Verdict.RESTARTED
        if done.next_s is not None and done.next_s <= self.current.now_s and done.instant != READY:
            raise ClockError(f"{process} wants to wake at {format_utc(done.next_s)}, which is not in the future")
        repeated = process not in self._waiting
        self._next_s[process] = done.next_s
        self._waiting.discard(process)
        return Verdict.REPEATED if repeated else Verdict.COUNTED

    def next_instant(self) -> int | None:
        """The virtual time of the next instant [s]: the start, then the earliest wake; None when nobody wakes."""
        if self.current.instant == READY:
            return self._start_s
        return min((wake for wake in self._next_s.values() if wake is not None), default=None)

    def announce(self, now_s: int) -> Instant:
        """Starts the instant at `now_s` and returns what has to be published.

        Raises: ClockError when a process has not answered yet or time would not advance.
        """
        if self._waiting:
            raise ClockError(f"still waiting for {', '.join(sorted(self._waiting))}")
        if now_s < self.current.now_s or (now_s == self.current.now_s and self.current.instant != READY):
            raise ClockError(f"{format_utc(now_s)} is not after {format_utc(self.current.now_s)}")
        self.current = Instant(self.current.instant + 1, now_s)
        self._waiting = set(self._next_s)
        return self.current
