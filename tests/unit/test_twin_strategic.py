"""Members that misstate orders: what they state, what it is worth, and what it gains."""

import numpy as np
import pytest

from broker.mechanisms.catalogue import LIVE
from hems.bidding.steps import Step
from twin.cli import main
from twin.strategic.behaviours import BEHAVIOURS, HONEST, LEARNABLE, Action, spoof
from twin.strategic.books import generated_slots, recorded_slots
from twin.strategic.game import Game
from twin.strategic.learning import q_learning, regret_matching
from twin.strategic.tournament import NAMES, gains
from twin.strategic.values import ValuedSlot, worth_nano

UNIFORM = "uniform_price_k_double_auction"
SELLER = (Step("sell", 100_000, 400), Step("sell", 150_000, 200))
BUYER = (Step("buy", 250_000, 300), Step("buy", 120_000, 500))
SLOT = ValuedSlot(label="s", feed_in_micro=70_000, retail_micro=300_000, values={"b": BUYER, "s": SELLER})


def test_a_position_is_worth_its_best_steps_and_the_outside_price_beyond_them() -> None:
    assert worth_nano(BUYER, 0, SLOT) == 0
    assert worth_nano(BUYER, 400, SLOT) == 300 * 250_000 + 100 * 120_000
    assert worth_nano(BUYER, 1000, SLOT) == 300 * 250_000 + 500 * 120_000 + 200 * 70_000
    assert worth_nano(SELLER, -500, SLOT) == -(400 * 100_000 + 100 * 150_000)
    assert worth_nano(SELLER, -700, SLOT) == -(400 * 100_000 + 200 * 150_000 + 100 * 300_000)
    assert worth_nano(SELLER, 100, SLOT) == 100 * 70_000


def test_honesty_states_the_truth_and_gains_nothing_more() -> None:
    assert HONEST(BUYER, SLOT) == BUYER
    game = Game(UNIFORM)
    assert game.gains(SLOT, {"b": HONEST}) == game.honest(SLOT)


@pytest.mark.parametrize("behaviour", [*BEHAVIOURS.values(), *LEARNABLE])
def test_every_stated_order_is_one_that_a_broker_takes(behaviour: Action) -> None:
    for slot in generated_slots(3, 20, 6):
        for steps in slot.values.values():
            stated = behaviour(steps, slot)
            assert all(s.energy_wh > 0 and slot.feed_in_micro <= s.price_micro <= slot.retail_micro for s in stated)
            highest = max((s.price_micro for s in stated if s.side == "buy"), default=slot.feed_in_micro - 1)
            assert all(s.price_micro > highest for s in stated if s.side == "sell")


def test_a_spoofer_that_is_taken_at_its_word_pays_for_it() -> None:
    fake = [s for s in spoof(SELLER, SLOT) if s.side == "buy"]
    assert fake == [Step("buy", 99_999, 3000)]
    cheap = ValuedSlot(
        label="c",
        feed_in_micro=70_000,
        retail_micro=300_000,
        values={"a": (Step("sell", 80_000, 5000),), "s": SELLER},
    )
    assert Game(UNIFORM).gains(cheap, {"s": spoof})["s"] < 0


def test_an_honest_member_never_loses_and_no_lie_raises_the_sum() -> None:
    game = Game(UNIFORM)
    for slot in generated_slots(5, 30, 8):
        honest = game.honest(slot)
        assert min(honest.values()) >= 0
        for behaviour in BEHAVIOURS.values():
            liar = next(iter(slot.values))
            assert sum(game.gains(slot, {liar: behaviour}).values()) <= sum(honest.values())


def test_a_lone_seller_gains_by_asking_more_at_a_uniform_price() -> None:
    game = Game(UNIFORM)
    assert game.gains(SLOT, {"s": Action(sells=0.3)})["s"] > game.honest(SLOT)["s"]


def test_no_lie_about_one_step_pays_where_truth_is_promised() -> None:
    for name, mechanism in LIVE.items():
        if mechanism.clear is None or not mechanism.truthfulness.startswith("yes"):
            continue
        game = Game(name)
        for drawn in generated_slots(7, 15, 6):
            values = {member: steps[:1] for member, steps in drawn.values.items()}
            slot = ValuedSlot(label=drawn.label, feed_in_micro=70_000, retail_micro=300_000, values=values)
            for member in values:
                for by in (-0.5, -0.1, 0.1, 0.5):
                    lied = game.gains(slot, {member: Action(buys=by, sells=by)})[member]
                    assert lied <= game.honest(slot)[member], (name, slot.label, member, by)


@pytest.mark.parametrize("learn", [regret_matching, q_learning])
def test_a_learner_finds_the_lie_that_pays_and_learns_alike_from_one_seed(learn: object) -> None:
    slots = [SLOT] * 120
    play = regret_matching if learn is regret_matching else q_learning
    played = play(Game(UNIFORM), slots, "s", np.random.default_rng(1))
    assert played == play(Game(UNIFORM), slots, "s", np.random.default_rng(1))
    honest = Game(UNIFORM).honest(SLOT)["s"]
    assert sum(gained["s"] for gained in played[60:]) > 60 * honest


def test_the_tournament_is_the_same_twice_and_names_every_behaviour() -> None:
    slots = generated_slots(1, 12, 5)
    first = gains(UNIFORM, slots, seeds=3, rounds=6)
    assert first == gains(UNIFORM, slots, seeds=3, rounds=6)
    assert [gain.behaviour for gain in first] == list(NAMES)


def test_no_slots_of_a_run_without_orders() -> None:
    from tests.twin_worlds import small_world
    from twin.foresight import PerfectOutlook
    from twin.schemes.trading import TradingCommunity

    world = small_world(2, homes=4)
    outlooks = {twin.name: PerfectOutlook(world, twin) for twin in world.homes}
    assert recorded_slots(world, TradingCommunity(world, outlooks, 1, mechanism="mid_market_rate").run()) == []
    found = recorded_slots(world, TradingCommunity(world, outlooks, 1).run())
    assert found
    assert all(min(Game(UNIFORM).honest(slot).values()) >= 0 for slot in found)


def test_the_command_prints_every_auction_and_names_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    names = f"{UNIFORM},mid_market_rate"
    assert main(["strategies", "--mechanisms", names, "--seeds", "2", "--rounds", "4", "--members", "4"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in (*NAMES, UNIFORM))
    assert "nothing to misstate: mid_market_rate" in out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mechanisms", "no_such"], "no_such cannot run a community"),
        (["--mechanisms", ","], "names nothing"),
        (["--mechanisms", UNIFORM, "--members", "1"], "--members"),
        (["--mechanisms", UNIFORM, "--seeds", "1"], "--seeds"),
        (["--mechanisms", UNIFORM, "--books", "community", "--members", "11"], "shipped homes"),
    ],
)
def test_bad_options_are_told(options: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategies", *options]) == 2
    assert told in capsys.readouterr().err
