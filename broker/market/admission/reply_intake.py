"""Whether a reply to a question may count: every check, in one order, without touching the session."""

from broker.market.outcome import Accepted, Admission, Rejected
from broker.market.sessions.iteration import Iteration
from broker.market.sessions.limits import over_nameplate
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Member
from wire.messages import PairReply, Reply, SlotState
from wire.reasons import Reason


def admit_reply(reply: Reply | PairReply, digest: str, *, book: SlotBook, member: Member, at_s: int) -> Admission:
    """Whether the reply counts; `digest` is that of its payload, `at_s` the moment it came in."""
    gate, iteration = book.session.gate, book.session.iteration
    if iteration is None or (reply.stage, reply.round) != (gate.stage, gate.round):
        return Rejected(Reason.ROUND_OVER, f"nothing is asked of {reply.stage} {reply.slot} now", "slot")
    held = iteration.digests.get((member.meter, reply.question))
    if held is not None:
        detail = f"question {reply.question} was answered with other quantities"
        return (
            Accepted(repeated=True) if held == digest else Rejected(Reason.CONFLICTING_SEQUENCE, detail, "question")
        )
    if member.meter not in iteration.names:
        return Rejected(Reason.WRONG_REPLY, f"{member.meter} has no sealed order for {reply.slot}", "slot")
    if book.state is not SlotState.GATE_CLOSED:
        return Rejected(Reason.ROUND_OVER, f"{reply.slot} is {book.state}", "slot")
    if reply.question != iteration.number or at_s >= iteration.answer_by_s:
        return Rejected(Reason.ROUND_OVER, f"question {iteration.number} is the last one", "question")
    if member.meter not in iteration.asked or iteration.asks_pairs is isinstance(reply, Reply):
        return Rejected(Reason.WRONG_REPLY, f"question {reply.question} asks {_what(iteration)}", "question")
    wrong = wrong_reply(reply, iteration)
    if wrong is None and isinstance(reply, Reply):
        wrong = _too_much(reply, book, member)
    return wrong or Accepted()


def wrong_reply(reply: Reply | PairReply, iteration: Iteration) -> Rejected | None:
    """What is wrong with the numbers of an asked meter's reply to the last question, given those before."""
    return _wrong_quantities(reply, iteration) if isinstance(reply, Reply) else _wrong_pairs(reply, iteration)


def _what(iteration: Iteration) -> str:
    return "members with pairs about them" if iteration.asks_pairs else "for quantities at prices"


def _wrong_quantities(reply: Reply, iteration: Iteration) -> Rejected | None:
    prices = iteration.rounds.asked[-1]
    if len(reply.quantities) != len(prices):
        detail = f"{len(reply.quantities)} rows for {len(prices)} prices"
        return Rejected(Reason.WRONG_REPLY, detail, "quantities")
    if iteration.rounds.contradicts(iteration.names[reply.meter], iteration.said(reply)):
        return Rejected(Reason.WRONG_REPLY, "no order gives these quantities and those before", "quantities")
    return None


def _too_much(reply: Reply, book: SlotBook, member: Member) -> Rejected | None:
    held_wh = book.position_wh(member.meter)
    buys, sells = max(q.bought_most for q in reply.quantities), max(q.sold_most for q in reply.quantities)
    return over_nameplate(buys, held_wh, member.nameplate_import_w, book.slot) or over_nameplate(
        sells, -held_wh, member.nameplate_export_w, book.slot
    )


def _wrong_pairs(reply: PairReply, iteration: Iteration) -> Rejected | None:
    """What is wrong with energies for partners: other rows than were asked, or more than was told at prices."""
    name, pairs = iteration.names[reply.meter], iteration.pairs
    said = iteration.rounds.heard[name].values()
    sides = (
        (reply.sells_milli_wh, pairs.sells(name), max(row.sold_most for row in said), "sells_milli_wh"),
        (reply.buys_milli_wh, pairs.buys(name), max(row.bought_most for row in said), "buys_milli_wh"),
    )
    for told, rows, most_wh, named in sides:
        if len(told) != len(rows):
            return Rejected(Reason.WRONG_REPLY, f"{len(told)} energies for {len(rows)} partners", named)
        if sum(told) > 1000 * most_wh:
            return Rejected(Reason.WRONG_REPLY, f"more than the {most_wh} Wh of the replies before", named)
    return None
