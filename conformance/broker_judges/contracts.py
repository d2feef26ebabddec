"""Plans and the path, contracts between two members, batches of gateways."""

from conformance.assertion import BROKER
from conformance.evidence import Evidence
from conformance.probes.paths import energy_at
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire.codec import decode
from wire.messages import Contract, Path, PlanNotice, Proposal
from wire.signing import split

NO_STAGE = "the calendar has no stage of bilateral trade"
AGREED, REFUSED = "contract", "contract_refused"  # labels


def _path_sum(run: Evidence, after: str, labels: tuple[str, ...]) -> Verdict:
    """Whether a path after a plan is the sum of some plans in the slot of the first of them."""
    if run.calendar is None or after not in run.sent:
        return NotJudged("the run did not get to plans")
    if run.calendar.group_min > len(labels):
        return NotJudged(f"the path takes {run.calendar.group_min} members, the kit speaks for {len(labels)}")
    plans = [decode(PlanNotice, split(run.sent[label][1].frame)[1]) for label in labels]
    place, expected = run.sent[after][0], sum(plan.net_wh[0] for plan in plans)
    found = [path for read, path in run.placed(Path) if read.place > place]
    if not found:
        return Broken("no path was published after the plans")
    slot, minutes = plans[0].first_slot, run.calendar.slot_minutes
    if any(path.members > len(labels) for path in run.of(Path)):
        return NotJudged("other members tell plans too")
    values = [
        v for path in found if path.members == len(labels) and (v := energy_at(path, slot, minutes)) is not None
    ]
    if not values:
        return NotJudged("no path of both plans was published")
    return Held() if expected in values else Broken(f"the path says {values[0]} Wh, the plans sum to {expected} Wh")


@BROKER.asserts(230)
def _in_path(run: Evidence) -> Verdict:
    return _path_sum(run, "plan.second", ("plan.first", "plan.second"))


@BROKER.asserts(232)
def _newer_plan(run: Evidence) -> Verdict:
    return _path_sum(run, "plan.newer", ("plan.newer", "plan.second"))


@BROKER.asserts(231)
def _group(run: Evidence) -> Verdict:
    calendar = run.calendar
    found = run.of(Path)
    if calendar is None or not found:
        return NotJudged("no path was published")
    wrong = [f"a path of {p.members} members, group_min is {calendar.group_min}" for p in found
             if p.members < calendar.group_min]  # fmt: skip
    return all_hold(wrong, len(found), missing="")


def _contract(run: Evidence, name: str, states: tuple[str, ...]) -> Verdict:
    """Whether both parties were told of a contract in all of some states."""
    label = f"{name}.proposal"
    if label not in run.sent:
        return NotJudged(NO_STAGE)
    if run.receipt(label) is None:
        refused = run.rejection(label)
        return Broken("the proposal was " + ("not answered" if refused is None else f"refused: {refused.detail}"))
    proposal = decode(Proposal, split(run.sent[label][1].frame)[1])
    wrong = [
        f"{meter} was not told that the contract is {state}"
        for meter in (proposal.meter, proposal.counterparty)
        for state in states
        if not run.of(Contract, meter, contract=proposal.contract, state=state)
    ]
    return all_hold(wrong, 2 * len(states), missing=NO_STAGE)


@BROKER.asserts(235)
def _proposed(run: Evidence) -> Verdict:
    verdict = _contract(run, AGREED, ("proposed",))
    receipt = run.receipt(f"{AGREED}.proposal")
    if isinstance(verdict, Held) and receipt is not None and receipt.sequence != 1:
        return Broken(f"the receipt of a proposal has the sequence {receipt.sequence}")
    return verdict


@BROKER.asserts(236)
def _agreed(run: Evidence) -> Verdict:
    return _contract(run, AGREED, ("agreed",))


@BROKER.asserts(237)
def _positions(run: Evidence) -> Verdict:
    buyer, seller = (_positions_of(run, AGREED, client, "agreed") for client in ("first", "second"))
    if buyer is None or seller is None:
        return NotJudged(NO_STAGE)
    return Held() if (buyer, seller) == ((100,), (-100,)) else Broken(f"positions are {buyer} and {seller} Wh")


def _positions_of(run: Evidence, name: str, client: str, state: str) -> tuple[int, ...] | None:
    if f"{name}.proposal" not in run.sent:
        return None
    proposal = decode(Proposal, split(run.sent[f"{name}.proposal"][1].frame)[1])
    meter = next((m for m, c in run.transcript.clients.items() if c == client), "")
    found = run.of(Contract, meter, contract=proposal.contract, state=state)
    return found[-1].position_wh if found else None


@BROKER.asserts(238)
def _refused(run: Evidence) -> Verdict:
    verdict = _contract(run, REFUSED, ("refused",))
    after = _positions_of(run, REFUSED, "first", "refused")
    if isinstance(verdict, Held) and after != (100,):
        return Broken(f"after a refused contract the position is {after} Wh")
    return verdict
