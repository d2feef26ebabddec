"""Own orders in the book, awards and their proofs, and whether energy and money of a round agree."""

from conformance.assertion import BROKER
from conformance.broker_judges.orders import order_of
from conformance.broker_judges.rounds import books_of, clearings_of, gates_of
from conformance.evidence import Evidence
from conformance.verdict import Verdict, all_hold
from wire import audit
from wire.commitments import RoundName, order_leaf, round_of, shown_order
from wire.merkle import includes, leaf_hash
from wire.messages import Award, BookEntry, Receipt, Side
from wire.quantities import amount_nano


def _awards(run: Evidence) -> list[Award]:
    return [award for meter in run.transcript.clients for award in run.of(Award, meter)]


def _own_entries(run: Evidence) -> list[tuple[str, Receipt, BookEntry]]:
    """(label, receipt, entry as it has to stand in the book) of the kit's last orders that were cleared."""
    found = []
    for label in ("order.final", "order.second"):
        receipt = run.receipt(label)
        if receipt is None or receipt.salt is None or receipt.pseudonym is None or receipt.round is None:
            continue
        order = order_of(run, label)
        of = RoundName(run.community, order.stage, order.slot, receipt.round)
        shown = shown_order(
            order.steps, pseudonym=receipt.pseudonym, sequence=order.sequence, salt=receipt.salt, of=of
        )
        found.append((label, receipt, shown))
    return found


@BROKER.asserts(176)
def _own_order(run: Evidence) -> Verdict:
    books = books_of(run)
    wrong, count = [], 0
    for label, receipt, shown in _own_entries(run):
        order = order_of(run, label)
        entries = books.get(RoundName(run.community, order.stage, order.slot, receipt.round or 0))
        if entries is not None:
            count += 1
            wrong += [str(violation) for violation in audit.own_order(receipt, shown, entries)]
    return all_hold(wrong, count, missing="no order of the kit was cleared")


@BROKER.asserts(179)
def _one_award_each(run: Evidence) -> Verdict:
    wrong, count = [], 0
    for label in ("order.final", "order.second", "withdraw.nothing"):
        if run.receipt(label) is None:
            continue
        order = order_of(run, label)
        if not any(of.slot == order.slot and of.stage == order.stage for of in clearings_of(run)):
            continue
        count += 1
        found = {a.award_proof for a in run.of(Award, order.meter, slot=order.slot, stage=order.stage)}
        if len(found) != 1:
            wrong.append(f"{order.meter} ordered in {order.slot} and got {len(found)} awards")
    return all_hold(wrong, count, missing="no order of the kit was cleared")


@BROKER.asserts(180)
def _proven(run: Evidence) -> Verdict:
    cleared = clearings_of(run)
    pairs = [(award, cleared[round_of(award)]) for award in _awards(run) if round_of(award) in cleared]
    wrong = [
        f"the award of {a.slot} is not under the awards' root" for a, c in pairs if not audit.award_is_proven(a, c)
    ]
    return all_hold(wrong, len(pairs), missing="no award was heard")


@BROKER.asserts(181)
def _order_proven(run: Evidence) -> Verdict:
    gates, books = gates_of(run), books_of(run)
    wrong, count = [], 0
    for award in _awards(run):
        gate, entries = gates.get(round_of(award)), books.get(round_of(award), ())
        entry = next((e for e in entries if e.pseudonym == award.pseudonym), None)
        if gate is None or entry is None:
            continue
        count += 1
        proof = [bytes.fromhex(node) for node in award.order_proof]
        if not includes(award.index, gate.orders, leaf_hash(order_leaf(entry)), proof, bytes.fromhex(gate.root)):
            wrong.append(f"the order of {award.slot} is not under the gate's root")
    return all_hold(wrong, count, missing="no award was heard")


def _answered(run: Evidence) -> list[tuple[Award, dict[Side, list[tuple[int, int]]]]]:
    """Awards of the kit's orders with the (price, energy) steps of each side."""
    found = []
    for label in ("order.final", "order.second"):
        order = order_of(run, label) if label in run.sent else None
        for award in run.of(Award, order.meter, slot=order.slot, stage=order.stage) if order is not None else ():
            steps: dict[Side, list[tuple[int, int]]] = {Side.BUY: [], Side.SELL: []}
            for step in order.steps if order is not None else ():
                steps[step.side].append((step.price_micro_per_kwh, step.energy_wh))
            found.append((award, steps))
    return found


@BROKER.asserts(182)
def _not_too_much(run: Evidence) -> Verdict:
    pairs = _answered(run)
    wrong = [
        f"bought {a.bought_wh} and sold {a.sold_wh} Wh in {a.slot}, more than was ordered"
        for a, steps in pairs
        if a.bought_wh > sum(e for _, e in steps[Side.BUY]) or a.sold_wh > sum(e for _, e in steps[Side.SELL])
    ]
    return all_hold(wrong, len(pairs), missing="no order of the kit was cleared")


@BROKER.asserts(183)
def _within_limits(run: Evidence) -> Verdict:
    pairs = _answered(run)
    wrong = [
        f"an award of {award.slot} costs {award.amount_nano} nano, the limits allow {most}"
        for award, steps in pairs
        if award.amount_nano > (most := _most_nano(award, steps))
    ]
    return all_hold(wrong, len(pairs), missing="no order of the kit was cleared")


def _most_nano(award: Award, steps: dict[Side, list[tuple[int, int]]]) -> int:
    """What the award may cost at most: its best steps, each at its limit."""
    paid = _best(award.bought_wh, sorted(steps[Side.BUY], reverse=True))
    earned = _best(award.sold_wh, sorted(steps[Side.SELL]))
    return paid - earned


def _best(energy_wh: int, steps: list[tuple[int, int]]) -> int:
    total = 0
    for price, most_wh in steps:
        taken_wh = min(energy_wh, most_wh)
        total += amount_nano(taken_wh, price)
        energy_wh -= taken_wh
    return total


@BROKER.asserts(184)
def _amount(run: Evidence) -> Verdict:
    priced = [award for award in _awards(run) if award.price_micro_per_kwh is not None]
    wrong = [
        f"{a.bought_wh - a.sold_wh} Wh at {a.price_micro_per_kwh} cost {a.amount_nano} nano"
        for a in priced
        if a.amount_nano != amount_nano(a.bought_wh - a.sold_wh, a.price_micro_per_kwh or 0)
    ]
    return all_hold(wrong, len(priced), missing="no award has one price")


@BROKER.asserts(185)
def _balanced(run: Evidence) -> Verdict:
    own: dict[RoundName, dict[str, Award]] = {}
    for award in _awards(run):
        own.setdefault(round_of(award), {})[award.meter] = award
    whole = [(c, own[of]) for of, c in clearings_of(run).items() if of in own and len(own[of]) == c.orders]
    wrong = []
    for clearing, awards in whole:
        bought = sum(a.bought_wh for a in awards.values())
        sold = sum(a.sold_wh for a in awards.values())
        lost = clearing.lost_wh or 0
        if not bought == sold - lost == clearing.volume_wh:
            wrong.append(
                f"{clearing.slot}: bought {bought}, sold {sold}, lost {lost}, volume {clearing.volume_wh} Wh"
            )
    return all_hold(wrong, len(whole), missing="other members traded too: not all awards are known")
