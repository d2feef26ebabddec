"""Tricks in a market that asks: with what members replied, with what they are asked, with when and how it ends.

Each needs a community whose orders stay sealed: `asked_terms` has its mechanism.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from broker.clearing.outcome import Outcome, Rules
from broker.market.outgoing import Outgoing
from broker.market.sessions import asking as questions
from broker.market.sessions import reply_book
from broker.market.sessions.iteration import Iteration
from broker.market.sessions.slot_book import SlotBook
from broker.market.terms import Terms
from hems.bidding.replies import replies
from proofs.tricks.listing import PUPPET
from proofs.tricks.network import wishes
from proofs.tricks.plot import Cheat, Plot, Replaced, cheat
from proofs.tricks.results import shave
from wire.audit import Check
from wire.messages import (
    Convergence,
    OrderStep,
    PairQuestion,
    PairReply,
    Quantities,
    Question,
    Reply,
    ReplyBook,
    Side,
)

Said = Reply | PairReply


def change_a_reply(plot: Plot) -> Replaced:
    """What a member replies at prices counts twice."""

    class Changing(Iteration):
        def hear(self, reply: Said, digest: str) -> None:
            if isinstance(reply, Reply) and reply.meter == max(self.names):
                more = tuple(Quantities(*(2 * energy for energy in row)) for row in reply.quantities)
                plot.done = plot.done or more != reply.quantities
                reply = reply.model_copy(update={"quantities": more})
            super().hear(reply, digest)

    return _asking_as(plot, Changing)


def drop_a_reply(plot: Plot) -> Replaced:
    """A receipted reply does not count."""

    class Deaf(Iteration):
        def hear(self, reply: Said, digest: str) -> None:
            if reply.question == 1 and reply.meter == max(self.names):
                plot.done = True
                self.digests[reply.meter, reply.question] = digest
                return
            super().hear(reply, digest)

    return _asking_as(plot, Deaf)


def invent_a_reply(plot: Plot) -> Replaced:
    """Somebody replies who has no order under the gate's root: it steers the prices and does not trade."""
    price, energy_wh = plot.rng.randrange(11, 29) * 10_000, plot.rng.randint(1, 2_000)
    steps = (OrderStep(side=plot.rng.choice(list(Side)), price_micro_per_kwh=price, energy_wh=energy_wh),)

    class Crowded(Iteration):
        def next_questions(self, at_s: int) -> list[Outgoing]:
            self.names = {**self.names, "puppet": PUPPET}
            sent = super().next_questions(at_s)
            plot.done = plot.done or bool(sent)
            _answer(self, sent, "puppet", steps)
            return sent

        def outcome(self) -> Outcome:
            self.rounds.heard.pop(PUPPET, None)
            return super().outcome()

    return _asking_as(plot, Crowded)


def answer_for_a_member(plot: Plot) -> Replaced:
    """A member is not asked, and the operator replies in its name."""
    silenced: list[str] = []

    def tamper(name: str, out: Outgoing) -> Outgoing | None:
        is_asked = isinstance(out.message, Question) and plot.is_about(out.message.slot)
        return None if is_asked and name in silenced else out

    class Speaking(Iteration):
        def next_questions(self, at_s: int) -> list[Outgoing]:
            others = sorted(set(self.names) - {plot.community.witness})
            sent = super().next_questions(at_s)
            if sent and others:
                plot.done = True
                silenced[:] = others[:1]
                _answer(self, sent, others[0], ())
            return sent

    plot.community.tamper = tamper
    return _asking_as(plot, Speaking)


def ask_other_prices(plot: Plot) -> Replaced:
    """A question asks at other prices than those that follow from the replies before it."""

    class Wandering(Iteration):
        def _of_prices(self, prices: tuple[int, ...]) -> list[Outgoing]:
            if self.number == 2:
                plot.done = True
                prices = tuple(price + 1 for price in prices)
            return super()._of_prices(prices)

    return _asking_as(plot, Wandering)


def ask_other_pairs(plot: Plot) -> Replaced:
    """One member is asked about its pairs at prices that are worse for it."""

    def tamper(name: str, out: Outgoing) -> Outgoing:
        asked = out.message
        if not isinstance(asked, PairQuestion) or not plot.is_about(asked.slot) or name != plot.community.witness:
            return out
        plot.done = True
        worse = {
            "sells": tuple(row._replace(price_micro_per_kwh=row.price_micro_per_kwh - 500) for row in asked.sells),
            "buys": tuple(row._replace(price_micro_per_kwh=row.price_micro_per_kwh + 500) for row in asked.buys),
        }
        return Outgoing(asked.model_copy(update=worse), out.meter)

    plot.community.tamper = tamper
    return {}


def favour_a_pair(plot: Plot) -> Replaced:
    """A pair trades at a better price for a friend than the replies give, and its partner pays."""
    micro = plot.rng.choice((-1, 1)) * plot.rng.randint(1, 20_000)

    class Favouring(Iteration):
        def outcome(self) -> Outcome:
            honest = super().outcome()
            if not honest.trades or honest.paid is None or honest.received is None:
                return honest
            plot.done = True
            trade = plot.rng.choice(honest.trades)
            more = micro * trade.quantity
            paid = {**honest.paid, trade.buyer: honest.paid[trade.buyer] + more}
            received = {**honest.received, trade.seller: honest.received[trade.seller] + more}
            return replace(honest, paid=paid, received=received)

    return _asking_as(plot, Favouring)


def award_beside_the_replies(plot: Plot) -> Replaced:
    """A buyer and a seller trade less with each other than the replies give, under a root that fits."""
    return shave(plot)


def break_off(plot: Plot) -> Replaced:
    """The questions end although there is time, and one to ask."""

    class Impatient(Iteration):
        def next_questions(self, at_s: int) -> list[Outgoing]:
            return _broken_off(plot, self, super().next_questions(at_s))

    return _asking_as(plot, Impatient)


def break_off_by_the_clock(plot: Plot) -> Replaced:
    """The same, and the operator says that the time was over: only the members' clocks tell."""

    class Hasty(Iteration):
        def next_questions(self, at_s: int) -> list[Outgoing]:
            return _broken_off(plot, self, super().next_questions(at_s))

        def convergence(self, ended_s: int) -> Convergence:
            return super().convergence(self.ends_s)

    return _asking_as(plot, Hasty)


def hide_replies(plot: Plot) -> Replaced:
    """What members replied is never published."""
    return _publishing(plot, lambda pages: [])


def rewrite_replies(plot: Plot) -> Replaced:
    """A reply is left out of what is published, after the report with the root of all."""

    def change(pages: Sequence[ReplyBook]) -> list[ReplyBook]:
        return [pages[0].model_copy(update={"entries": pages[0].entries[1:]}), *pages[1:]]

    return _publishing(plot, change)


def _asking_as(plot: Plot, kind: type[Iteration]) -> Replaced:
    """The questions of the slot are asked by a dishonest kind of them."""

    def asking(book: SlotBook, terms: Terms, rules: Rules) -> Iteration | None:
        honest = questions.asking(book, terms, rules)
        if honest is None or book.slot != plot.slot:
            return honest
        return kind(**{each.name: getattr(honest, each.name) for each in fields(honest)})

    return {"asking": asking}


def _answer(asked: Iteration, sent: Sequence[Outgoing], meter: str, steps: tuple[OrderStep, ...]) -> None:
    """The operator replies to a question at prices in the name of a meter."""
    for out in sent:
        if isinstance(out.message, Question):
            told = replies(steps, out.message.prices_micro_per_kwh)
            asked.hear(
                Reply(**asked.of._asdict(), meter=meter, question=out.message.question, quantities=told), "0" * 64
            )


def _broken_off(plot: Plot, asked: Iteration, sent: list[Outgoing]) -> list[Outgoing]:
    """Nothing instead of the second question, which is taken back."""
    if not sent or asked.number != 2:
        return sent
    plot.done = True
    asked.number = 1
    asked.asked_at_s.pop()
    if any(isinstance(out.message, Question) for out in sent):
        asked.rounds.asked.pop()
        asked.rounds._summed = {}
    return []


def _publishing(plot: Plot, change: Callable[[Sequence[ReplyBook]], list[ReplyBook]]) -> Replaced:
    """Changes the pages of the replies."""

    def reply_pages(asked: Iteration | None) -> list[ReplyBook]:
        pages = reply_book.reply_pages(asked)
        if not pages or not plot.is_about(pages[0].slot) or not pages[0].entries:
            return pages
        plot.done = True
        return change(pages)

    return {"reply_pages": reply_pages}


PRICES, PAIRS = "iterated_price", "admm_bilateral"
MECHANISMS_OF: Mapping[str, tuple[str, ...]] = {
    "change_a_reply": (PRICES, PAIRS),
    "drop_a_reply": (PRICES, PAIRS),
    "invent_a_reply": (PRICES,),
    "answer_for_a_member": (PRICES,),
    "ask_other_prices": (PRICES,),
    "ask_other_pairs": (PAIRS,),
    "favour_a_pair": (PAIRS,),
    "award_beside_the_replies": (PRICES, PAIRS),
    "break_off": (PRICES, PAIRS),
    "break_off_by_the_clock": (PRICES, PAIRS),
    "hide_replies": (PRICES, PAIRS),
    "rewrite_replies": (PRICES, PAIRS),
}


def asked_terms(name: str, members: int) -> dict[str, Any]:
    """The terms that the community of a trick has beside the usual ones."""
    mechanisms = MECHANISMS_OF.get(name)
    if mechanisms is None:
        return {}
    mechanism = mechanisms[members % len(mechanisms)]
    return {"mechanism": mechanism, "preferences": wishes(members), "sealed": True, "reveal_within_s": 32}


ASKED_CHEATS: dict[str, Cheat] = {
    one.trick.__name__: one
    for one in (
        cheat(change_a_reply, Check.OWN_ORDER),
        cheat(drop_a_reply, Check.OWN_ORDER),
        cheat(invent_a_reply, Check.REPLIES),
        cheat(answer_for_a_member, Check.OWN_ORDER),
        cheat(ask_other_prices, Check.REPLIES),
        cheat(ask_other_pairs, Check.REPLIES),
        cheat(favour_a_pair, Check.CLEARING, Check.AWARDS_ROOT),
        cheat(award_beside_the_replies, Check.AWARDS_ROOT),
        cheat(break_off, Check.REPLIES),
        cheat(break_off_by_the_clock, Check.GATE_TIME),
        cheat(hide_replies, Check.REPLIES),
        cheat(rewrite_replies, Check.REPLIES),
    )
}
