"""Sealed orders and the round that opens them."""

from conformance.assertion import BROKER
from conformance.evidence import Evidence
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.codec import decode
from wire.messages import Clearing, Question, SealedOrder
from wire.signing import split
from wire.slots import parse_utc

QUESTIONS_MAX = 32
NO_STAGE = "the calendar has no stage of sealed orders after the open one"


@BROKER.asserts(220)
def _receipt(run: Evidence) -> Verdict:
    if "sealed.first" not in run.sent:
        return NotJudged(NO_STAGE)
    receipt = run.receipt("sealed.first")
    if receipt is None:
        refused = run.rejection("sealed.first")
        return Broken("a sealed order was " + ("not answered" if refused is None else f"refused: {refused.detail}"))
    if receipt.of != "sealed" or receipt.pseudonym is None or receipt.salt is not None:
        return Broken(f"its receipt is of {receipt.of}, with pseudonym {receipt.pseudonym} and salt {receipt.salt}")
    return Held()


@BROKER.asserts(222)
def _reveal(run: Evidence) -> Verdict:
    if "sealed.reveal" not in run.sent:
        return NotJudged(NO_STAGE)
    receipt = run.receipt("sealed.reveal")
    return Held() if receipt is not None and receipt.of == "reveal" else Broken("a right reveal was not receipted")


@BROKER.asserts(224)
def _unrevealed(run: Evidence) -> Verdict:
    if "sealed.second" not in run.sent or run.receipt("sealed.second") is None:
        return NotJudged(NO_STAGE)
    order = decode(SealedOrder, split(run.sent["sealed.second"][1].frame)[1])
    found = run.of(Clearing, slot=order.slot, stage=order.stage, round=order.round)
    if not found:
        return NotJudged("the sealed round was not cleared in the run")
    count = found[-1].unrevealed
    return Held() if count >= 1 else Broken(f"one sealed order was never revealed, the clearing counts {count}")


@BROKER.asserts(241)
def _questions(run: Evidence) -> Verdict:
    rounds: dict[tuple[str, str, int], list[tuple[int, Question]]] = {}
    for read, question in run.placed(Question, live=True):
        rounds.setdefault((question.stage, question.slot, question.round), []).append((read.at_s, question))
    wrong = [text for key, asked in rounds.items() for text in _of_round(run, key, asked)]
    return all_hold(wrong, len(rounds), missing="no stage that is cleared in rounds asked anything")


def _of_round(run: Evidence, key: tuple[str, str, int], asked: list[tuple[int, Question]]) -> list[str]:
    name, slot, number = key
    stage, gate_s = run.stage(name), run.gate_s(name, slot, number)
    if stage is None or gate_s is None:
        return [f"questions of {name} {slot}, which the calendar does not have"]
    end_s, wrong = gate_s + stage.reveal_within_s, []
    if len(asked) > QUESTIONS_MAX or max(question.question for _, question in asked) > QUESTIONS_MAX:
        wrong.append(f"{name} {slot}: {len(asked)} questions")
    last_s = max(max(at_s, parse_utc(question.answer_by)) for at_s, question in asked)
    return [*wrong, f"{name} {slot}: a question until {last_s - end_s} s after the end"] if last_s > end_s else wrong
