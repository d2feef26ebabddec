"""Gates, books, clearings, awards and their proofs; the checks are those that every meter makes."""

from collections.abc import Callable

from conformance.assertion import BROKER
from conformance.broker_judges.orders import order_of
from conformance.evidence import Evidence
from conformance.verdict import Broken, Held, NotJudged, Verdict, all_hold
from wire import audit
from wire.commitments import RoundName, order_leaf, round_of, shown_order
from wire.merkle import includes, leaf_hash
from wire.messages import Award, Book, BookEntry, Clearing, Conditions, Gate, Leaves, Receipt, Roster, Side
from wire.quantities import amount_nano
from wire.slots import parse_utc

EARLIER = "the roster of the day was published before the run"
NO_ROUND = "the run did not get to a gate"


def gates_of(run: Evidence) -> dict[RoundName, Gate]:
    """The gates by round."""
    return {round_of(gate): gate for gate in run.of(Gate)}


def _clearings(run: Evidence) -> dict[RoundName, Clearing]:
    return {round_of(clearing): clearing for clearing in run.of(Clearing)}


def books_of(run: Evidence) -> dict[RoundName, tuple[BookEntry, ...]]:
    """The complete books by round."""
    pages: dict[RoundName, list[Book]] = {}
    for page in run.of(Book):
        pages.setdefault(round_of(page), []).append(page)
    found = {of: audit.complete_book(own) for of, own in pages.items()}
    return {of: entries for of, entries in found.items() if entries is not None}


def _awards(run: Evidence) -> list[Award]:
    return [award for meter in run.transcript.clients for award in run.of(Award, meter)]


def _each_round(run: Evidence, wrong: Callable[[Gate, tuple[BookEntry, ...]], list[str]]) -> Verdict:
    """The verdict on every gate with orders and its book."""
    books = books_of(run)
    rounds = [(gate, books[of]) for of, gate in gates_of(run).items() if gate.orders and of in books]
    found = [text for gate, entries in rounds for text in wrong(gate, entries)]
    return all_hold(found, len(rounds), missing="no gate with orders and its book were heard")


@BROKER.asserts(170)
def _gate_time(run: Evidence) -> Verdict:
    found = [g for g in run.of(Gate) if g.orders]
    wrong = []
    for gate in found:
        due_s = run.gate_s(gate.stage, gate.slot, gate.round)
        if due_s is None:
            wrong.append(f"the calendar has no gate {gate.round} of {gate.stage} for {gate.slot}")
        else:
            wrong += [str(violation) for violation in audit.gate_time(gate, due_s)]
    return all_hold(wrong, len(found), missing=NO_ROUND)


@BROKER.asserts(171)
def _gate_first(run: Evidence) -> Verdict:
    gates = {round_of(gate): read.place for read, gate in run.placed(Gate)}
    cleared = [(round_of(clearing), read.place) for read, clearing in run.placed(Clearing)]
    wrong = [
        f"the clearing of {of.slot} came before its gate" for of, place in cleared if gates.get(of, place) >= place
    ]
    return all_hold(wrong, len(cleared), missing=NO_ROUND)


def _book_findings(check: audit.Check, text: str) -> Callable[[Gate, tuple[BookEntry, ...]], list[str]]:
    def wrong(gate: Gate, entries: tuple[BookEntry, ...]) -> list[str]:
        found = audit.book_against_gate(gate, entries)
        return [str(violation) for violation in found if violation.check is check and text in violation.detail]

    return wrong


@BROKER.asserts(172)
def _book_root(run: Evidence) -> Verdict:
    return _each_round(run, _book_findings(audit.Check.GATE_ROOT, ""))


@BROKER.asserts(173)
def _commitments(run: Evidence) -> Verdict:
    return _each_round(run, _book_findings(audit.Check.BOOK, "committed"))


@BROKER.asserts(174)
def _ascending(run: Evidence) -> Verdict:
    return _each_round(run, _book_findings(audit.Check.BOOK, "ascending"))


@BROKER.asserts(175)
def _pages(run: Evidence) -> Verdict:
    books = books_of(run)
    due = [of for of, gate in gates_of(run).items() if gate.orders and of in _clearings(run)]
    wrong = [f"not all pages of the book of {of.slot} were published" for of in due if of not in books]
    return all_hold(wrong, len(due), missing=NO_ROUND)


@BROKER.asserts(65)
def _all_pages(run: Evidence) -> Verdict:
    seen: dict[tuple[str, ...], set[int]] = {}
    pages: dict[tuple[str, ...], int] = {}
    heard: list[Book | Roster] = [*run.of(Book), *run.of(Roster)]
    for page in heard:
        name = (
            (page.kind, *round_of(page)[1:3]) if isinstance(page, Book) else (page.kind, page.day, str(page.revision))
        )
        seen.setdefault(name, set()).add(page.page)
        pages[name] = page.pages
    wrong = [
        f"{name}: pages {sorted(found)} of {pages[name]}" for name, found in seen.items() if len(found) != pages[name]
    ]
    return all_hold(wrong, len(seen), missing=NO_ROUND)


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


@BROKER.asserts(156)
def _counts_once(run: Evidence) -> Verdict:
    books = books_of(run)
    if not books:
        return NotJudged("no book was heard")
    twice = [of.slot for of, entries in books.items() if len({e.pseudonym for e in entries}) < len(entries)]
    return Broken(f"the book of {twice[0]} shows a member twice") if twice else Held(len(books))


@BROKER.asserts(177)
def _cleared_orders(run: Evidence) -> Verdict:
    gates = gates_of(run)
    pairs = [(gates[of], clearing) for of, clearing in _clearings(run).items() if of in gates]
    wrong = [str(v) for gate, clearing in pairs for v in audit.clearing_against_gate(gate, clearing)]
    return all_hold(wrong, len(pairs), missing=NO_ROUND)


@BROKER.asserts(178)
def _ends(run: Evidence) -> Verdict:
    cleared = _clearings(run)
    now_s = max((read.at_s for read in run.told), default=0)
    due = [
        of for of in gates_of(run) if (s := run.gate_s(of.stage, of.slot, of.round)) is not None and s + 60 < now_s
    ]
    wrong = [f"the gate of {of.slot} was followed by no clearing" for of in due if of not in cleared]
    return all_hold(wrong, len(due), missing=NO_ROUND)


@BROKER.asserts(179)
def _one_award_each(run: Evidence) -> Verdict:
    wrong, count = [], 0
    for label in ("order.final", "order.second", "withdraw.nothing"):
        if run.receipt(label) is None:
            continue
        order = order_of(run, label)
        if not any(of.slot == order.slot and of.stage == order.stage for of in _clearings(run)):
            continue
        count += 1
        found = {a.award_proof for a in run.of(Award, order.meter, slot=order.slot, stage=order.stage)}
        if len(found) != 1:
            wrong.append(f"{order.meter} ordered in {order.slot} and got {len(found)} awards")
    return all_hold(wrong, count, missing="no order of the kit was cleared")


@BROKER.asserts(180)
def _proven(run: Evidence) -> Verdict:
    cleared = _clearings(run)
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
    whole = [(c, own[of]) for of, c in _clearings(run).items() if of in own and len(own[of]) == c.orders]
    wrong = []
    for clearing, awards in whole:
        bought = sum(a.bought_wh for a in awards.values())
        sold = sum(a.sold_wh for a in awards.values())
        if not bought == sold == clearing.volume_wh:
            wrong.append(f"{clearing.slot}: bought {bought}, sold {sold}, volume {clearing.volume_wh} Wh")
    return all_hold(wrong, len(whole), missing="other members traded too: not all awards are known")


@BROKER.asserts(186)
def _price_in_band(run: Evidence) -> Verdict:
    bands = {c.slot: (c.feed_in_micro_per_kwh, c.retail_micro_per_kwh) for c in run.of(Conditions)}
    priced = [c for c in run.of(Clearing) if c.price_micro_per_kwh is not None and c.slot in bands]
    wrong = [
        f"{c.slot} was cleared at {c.price_micro_per_kwh}, the band is {bands[c.slot]}"
        for c in priced
        if not bands[c.slot][0] <= (c.price_micro_per_kwh or 0) <= bands[c.slot][1]
    ]
    return all_hold(wrong, len(priced), missing="no slot was cleared with a price")


def _from_the_start(run: Evidence) -> bool:
    """Whether the log began in this run: then nothing was published before it."""
    return any(page.first == 0 for page in run.of(Leaves))


@BROKER.asserts(187)
def _roster(run: Evidence) -> Verdict:
    pages, books = run.placed(Roster), run.placed(Book)
    if not books:
        return NotJudged("no book was heard")
    if not pages and not _from_the_start(run):
        return NotJudged(EARLIER)
    wrong = [str(violation) for violation in audit.rosters([page for _, page in pages])]
    for read, book in books:
        day = audit.day_of(book.slot)
        if not any(page.day == day and at.place < read.place for at, page in pages):
            wrong.append(f"no roster of {day} before the book of {book.slot}")
    return all_hold(wrong, len(books), missing="")


@BROKER.asserts(188)
def _no_strangers(run: Evidence) -> Verdict:
    days = audit.roster_names(run.of(Roster))
    if not days and not _from_the_start(run):
        return NotJudged(EARLIER)
    found = books_of(run)
    wrong = [str(v) for of, es in found.items() for v in audit.strangers(of.slot, [e.pseudonym for e in es], days)]
    return all_hold(wrong, len(found), missing="no book was heard")


@BROKER.asserts(189)
def _in_time(run: Evidence) -> Verdict:
    found = run.placed(Clearing, live=True)
    wrong = [f"the clearing of {c.slot} came {r.at_s - parse_utc(c.slot)} s after its start"
             for r, c in found if r.at_s > parse_utc(c.slot)]  # fmt: skip
    return all_hold(wrong, len(found), missing=NO_ROUND)
