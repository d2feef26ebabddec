"""The messages between meters and the broker, protocol version 1.

All messages are frozen, strict (no type coercion) and closed (unknown fields are refused). Quantities are whole
numbers: energy in Wh, prices in micro-currency per kWh, money in nano-currency as a string.
"""

from wire.messages.ancillary import Activation, ReserveOffer, ReserveResult, ReserveStep
from wire.messages.awards import Award, BlockAward, Contract
from wire.messages.block_book import BlockBook, BlockEntry
from wire.messages.day_rules import ChargeRule, DayRules, LineRule, MemberRule
from wire.messages.flexibility import Call, FlexAward, FlexOffer, FlexResult
from wire.messages.iteration import PRICES_MAX, QUESTIONS_MAX, Convergence, Quantities, Question, Reply
from wire.messages.log import Checkpoint, Leaves, ServiceStatus, Witness
from wire.messages.membership import Hello, Roster, Welcome
from wire.messages.message import VERSION, AwardReason, Message, Side, SlotState
from wire.messages.orders import Acceptance, BlockOrder, Order, OrderStep, Proposal, Reveal, SealedOrder, StatusQuery
from wire.messages.replies import Receipt, Receipted, Rejection, StatusAnswer
from wire.messages.rounds import Book, BookEntry, Clearing, CurveStep, Gate, Level
from wire.messages.settlement import MeterReport, Settlement, SettlementItem, SettlementLine
from wire.messages.terms import Calendar, Conditions, Path, PlanNotice, Stage, StageKind

ALL: tuple[type[Message], ...] = (
    Hello,
    Welcome,
    Calendar,
    Conditions,
    PlanNotice,
    Path,
    Order,
    BlockOrder,
    Proposal,
    Acceptance,
    FlexOffer,
    ReserveOffer,
    SealedOrder,
    Reveal,
    Question,
    Reply,
    Convergence,
    Receipt,
    Rejection,
    StatusQuery,
    StatusAnswer,
    Roster,
    DayRules,
    Gate,
    Clearing,
    Book,
    BlockBook,
    Award,
    BlockAward,
    Contract,
    Call,
    FlexAward,
    FlexResult,
    Activation,
    ReserveResult,
    MeterReport,
    Settlement,
    Leaves,
    Checkpoint,
    Witness,
    ServiceStatus,
)

BY_KIND: dict[str, type[Message]] = {model.kind: model for model in ALL}

__all__ = [
    "ALL",
    "BY_KIND",
    "PRICES_MAX",
    "QUESTIONS_MAX",
    "VERSION",
    "Acceptance",
    "Activation",
    "Award",
    "AwardReason",
    "BlockAward",
    "BlockBook",
    "BlockEntry",
    "BlockOrder",
    "Book",
    "BookEntry",
    "Calendar",
    "Call",
    "ChargeRule",
    "Checkpoint",
    "Clearing",
    "Conditions",
    "Contract",
    "Convergence",
    "CurveStep",
    "DayRules",
    "FlexAward",
    "FlexOffer",
    "FlexResult",
    "Gate",
    "Hello",
    "Leaves",
    "Level",
    "LineRule",
    "MemberRule",
    "Message",
    "MeterReport",
    "Order",
    "OrderStep",
    "Path",
    "PlanNotice",
    "Proposal",
    "Quantities",
    "Question",
    "Receipt",
    "Receipted",
    "Rejection",
    "Reply",
    "ReserveOffer",
    "ReserveResult",
    "ReserveStep",
    "Reveal",
    "Roster",
    "SealedOrder",
    "ServiceStatus",
    "Settlement",
    "SettlementItem",
    "SettlementLine",
    "Side",
    "SlotState",
    "Stage",
    "StageKind",
    "StatusAnswer",
    "StatusQuery",
    "Welcome",
    "Witness",
]
