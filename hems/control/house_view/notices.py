"""What the household should know before anything else: what is wrong, most important first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hems.control.grid_limit import FREE, GridState, InForce
from hems.control.house_view.now import NowView
from hems.control.market_clock import clock_words

COMMUNITY_SILENT_SLOTS = 3


class NoticeCode(StrEnum):
    """What is the matter."""

    METER_SILENT = "meter_silent"
    DEVICE_SILENT = "device_silent"
    WITHOUT_PLAN = "without_plan"
    LAST_PLAN = "last_plan"
    METER_PROCESS_AWAY = "meter_process_away"
    COMMUNITY_SILENT = "community_silent"
    CLOCK_OFF = "clock_off"
    AUDIT = "audit"
    MODE = "mode"
    GRID_LIMITED = "grid_limited"
    GRID_FAILSAFE = "grid_failsafe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One matter: `since_s` when it began, None when nobody knows; `names` are the devices or words it is about."""

    code: NoticeCode
    names: tuple[str, ...] = ()
    since_s: int | None = None
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How the home stands with its market: does it trade, is the meter's process there, when was something heard.

    With a clock that is off it hears and is not heard: nothing of it is believed.
    """

    trades: bool = False
    is_linked: bool = False
    heard_s: int | None = None
    findings: tuple[str, ...] = field(default_factory=tuple)
    clock_off_s: int | None = None  # ahead of the market's clock (+) or behind (-); None: they agree


def notices(
    now_s: int,
    now: NowView | None,
    *,
    contact: Contact,
    silent_since_s: int | None,
    slot_s: int,
    mode: str = "auto",
    grid: InForce = FREE,
    is_decided: bool = True,
) -> tuple[Notice, ...]:
    """Everything that is the matter; `silent_since_s` is since when the site meter gives no answer."""
    found: list[Notice] = []
    if silent_since_s is not None:
        found.append(Notice(code=NoticeCode.METER_SILENT, since_s=silent_since_s, is_bad=True))
    found += _grid_notices(grid)
    found += _market_notices(now_s, contact, slot_s)
    if contact.findings:
        found.append(Notice(code=NoticeCode.AUDIT, names=contact.findings, is_bad=True))
    if now is not None:
        silent = tuple(device.name for device in now.devices if device.kw is None)
        found += [Notice(code=NoticeCode.DEVICE_SILENT, names=silent, is_bad=True)] if silent else []
        found += _rung_notices(now.rung) if is_decided else []
    if mode in ("away", "manual"):
        found.append(Notice(code=NoticeCode.MODE, names=(mode,)))
    return tuple(found)


def _grid_notices(grid: InForce) -> Sequence[Notice]:
    match grid.state:
        case GridState.LIMITED:
            return (Notice(code=NoticeCode.GRID_LIMITED, names=(grid.told,)),)
        case GridState.FAILSAFE:
            return (Notice(code=NoticeCode.GRID_FAILSAFE, names=(grid.told,), is_bad=True),)
        case GridState.FREE:
            return ()


def _market_notices(now_s: int, contact: Contact, slot_s: int) -> Sequence[Notice]:
    if not contact.trades:
        return ()
    if not contact.is_linked:
        return (Notice(code=NoticeCode.METER_PROCESS_AWAY),)
    if contact.clock_off_s is not None:
        return (Notice(code=NoticeCode.CLOCK_OFF, names=(clock_words(contact.clock_off_s),), is_bad=True),)
    if contact.heard_s is None or now_s - contact.heard_s > COMMUNITY_SILENT_SLOTS * slot_s:
        return (Notice(code=NoticeCode.COMMUNITY_SILENT, since_s=contact.heard_s),)
    return ()


def _rung_notices(rung: str | None) -> Sequence[Notice]:
    match rung:
        case "rules":
            return (Notice(code=NoticeCode.WITHOUT_PLAN),)
        case "last_plan":
            return (Notice(code=NoticeCode.LAST_PLAN),)
        case _:
            return ()
