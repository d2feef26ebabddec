"""Orders that enter, their receipts, resending, and the question for an unknown outcome."""

from conformance.assertion import BROKER
from conformance.broker_judges.rejections import answer_to
from conformance.evidence import Evidence
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.codec import decode
from wire.messages import Award, Conditions, Order, Receipt
from wire.signing import split

GOOD = ("order.first", "order.second", "order.final")
NO_KILL = "the kit was given no way to kill and start the broker (--kill, --start)"


def order_of(run: Evidence, label: str) -> Order:
    """The order that was sent under a label."""
    return decode(Order, split(run.sent[label][1].frame)[1])


def _receipted(run: Evidence, labels: tuple[str, ...]) -> Verdict:
    sent = [label for label in labels if label in run.sent]
    return all_hold(
        [text for label in sent if (text := _not_receipted(run, label)) is not None],
        len(sent),
        missing=f"the run did not get to {labels[0]}",
    )


def _not_receipted(run: Evidence, label: str) -> str | None:
    receipt = run.receipt(label)
    if receipt is not None:
        return None
    refused = run.rejection(label)
    return f"{label} was {'not answered' if refused is None else f'refused: {refused.code} {refused.detail}'}"


@BROKER.asserts(18)
def _full_frame(run: Evidence) -> Verdict:
    return _receipted(run, ("frame.full",))


@BROKER.asserts(19)
def _spaced(run: Evidence) -> Verdict:
    return _receipted(run, ("frame.spaced",))


@BROKER.asserts(75)
def _conditions_in_time(run: Evidence) -> Verdict:
    if "order.final" not in run.sent:
        return NotJudged("no order was sent")
    order = order_of(run, "order.final")
    gate_s = run.gate_s(order.stage, order.slot, 0)
    found = [read.at_s for read, _ in run.placed(Conditions, slot=order.slot)]
    if not found or gate_s is None:
        return Broken(f"no conditions for {order.slot}")
    return Held() if min(found) < gate_s else Broken(f"the conditions of {order.slot} came after its gate")


@BROKER.asserts(80)
def _receipts(run: Evidence) -> Verdict:
    verdict = _receipted(run, GOOD)
    wrong = [text for label in GOOD if (text := _misnamed(run, label)) is not None]
    return Broken(wrong[0]) if wrong and isinstance(verdict, Held) else verdict


def _misnamed(run: Evidence, label: str) -> str | None:
    receipt = run.receipt(label)
    if label not in run.sent or receipt is None:
        return None
    order = order_of(run, label)
    said = (receipt.of, receipt.meter, receipt.slot, receipt.sequence)
    meant = ("order", order.meter, order.slot, order.sequence)
    return None if said == meant else f"{label}: the receipt is for {said}, the order is {meant}"


@BROKER.asserts(81)
def _receipt_places(run: Evidence) -> Verdict:
    found = [(label, receipt) for label in GOOD if (receipt := run.receipt(label)) is not None]
    wrong = [
        f"the receipt of {label} leaves out stage, round, pseudonym or salt"
        for label, r in found
        if None in (r.stage, r.round, r.pseudonym, r.salt) or r.stage != order_of(run, label).stage
    ]
    return all_hold(wrong, len(found), missing="no order was receipted")


@BROKER.asserts(82)
def _replaces(run: Evidence) -> Verdict:
    answer = answer_to(run, "query.held")
    if answer is None or "order.final" not in run.sent:
        return NotJudged("the query after the orders was not answered")
    named, sequence = run.sent["order.final"][1].named, order_of(run, "order.final").sequence
    if (answer.order_sequence, answer.order_digest) == (sequence, named):
        return Held()
    return Broken(f"after sequence {sequence} the broker holds sequence {answer.order_sequence}")


@BROKER.asserts(83)
def _withdraws(run: Evidence) -> Verdict:
    if "withdraw.nothing" not in run.sent:
        return NotJudged("the next slot was not open for orders")
    if run.receipt("withdraw.nothing") is None:
        return Broken("an order without steps was not receipted")
    order = order_of(run, "withdraw.nothing")
    traded = [a for a in run.of(Award, order.meter, slot=order.slot, stage=order.stage) if a.bought_wh or a.sold_wh]
    return Broken(f"a withdrawn order traded {traded[0].bought_wh} Wh") if traded else Held()


@BROKER.asserts(84)
def _band_ends(run: Evidence) -> Verdict:
    return _receipted(run, ("order.first", "order.second"))


def _same(run: Evidence, label: str, again: str) -> Verdict:
    if again not in run.sent:
        return NotJudged(f"the run did not get to {again}")
    first, second = run.receipt(label), run.receipt(again)
    if first is None:
        return NotJudged(f"{label} was not receipted")
    if second is None:
        return Broken(_not_receipted(run, again) or f"{again} was not receipted")
    return (
        Held() if _core(first) == _core(second) else Broken(f"another receipt: {_core(second)}, not {_core(first)}")
    )


def _core(receipt: Receipt) -> tuple[object, ...]:
    """What is the same in every receipt of the same bytes."""
    r = receipt
    return (r.of, r.slot, r.sequence, r.digest, r.stage, r.round, r.pseudonym, r.salt)


@BROKER.asserts(150)
def _again(run: Evidence) -> Verdict:
    return _same(run, "order.final", "order.again")


@BROKER.asserts(151)
def _again_late(run: Evidence) -> Verdict:
    return _same(run, "order.final", "order.final_late")


@BROKER.asserts(152)
def _all_answered(run: Evidence) -> Verdict:
    asked = [s.label for _, s in run.sent.values() if s.kind in ("order", "report", "sealed", "reveal", "query")]
    asked = [label for label in asked if label != "access.query"]
    wrong = [label for label in asked if not run.answers(label) and answer_to(run, label) is None]
    return all_hold([f"{label} was not answered" for label in wrong], len(asked), missing="nothing was sent")


@BROKER.asserts(153)
def _answers(run: Evidence) -> Verdict:
    answer = answer_to(run, "query.held")
    if answer is None:
        return Broken("a query was not answered") if "query.held" in run.sent else NotJudged("no query was sent")
    order = order_of(run, "order.final")
    said = (answer.slot, answer.stage, answer.order_sequence, answer.order_digest)
    meant = (order.slot, order.stage, order.sequence, run.sent["order.final"][1].named)
    return Held() if said == meant else Broken(f"the answer says {said}, the broker has receipted {meant}")


@BROKER.asserts(154)
def _answers_nothing(run: Evidence) -> Verdict:
    answer = answer_to(run, "query.nothing")
    if answer is None:
        return Broken("a query was not answered") if "query.nothing" in run.sent else NotJudged("no query was sent")
    said = (answer.order_sequence, answer.order_digest, answer.report_sequence)
    return Held() if said == (None, None, None) else Broken(f"the answer says {said}, nothing was taken yet")


@BROKER.asserts(155)
def _durable(run: Evidence) -> Verdict:
    if "query.durable" not in run.sent:
        return NotJudged(NO_KILL)
    if run.receipt("durable.order") is None:
        return NotJudged("the order before the kill was not receipted")
    answer = answer_to(run, "query.durable")
    if answer is None:
        return Broken("the restarted broker does not answer a query")
    named = run.sent["durable.order"][1].named
    held = (answer.order_sequence, answer.order_digest)
    meant = (order_of(run, "durable.order").sequence, named)
    return Held() if held == meant else Broken(f"a receipted order was lost: the broker holds {held}")


@BROKER.asserts(157)
def _same_after_restart(run: Evidence) -> Verdict:
    return _same(run, "durable.order", "durable.again") if "durable.again" in run.sent else NotJudged(NO_KILL)
