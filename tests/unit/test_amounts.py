"""Amounts per participant: whoever ends at nothing is left out, however the parts are spread over steps."""

import numpy as np

from broker.clearing.participants import Amounts, summed


def test_parts_that_cancel_are_left_out_like_parts_that_are_nothing() -> None:
    spread, bare = Amounts(["a", "b", "a"], np.array([5, 2, -5])), Amounts(["a", "b", "a"], np.array([0, 2, 0]))
    assert spread == bare == {"b": 2}
    assert spread.get("a", 0) == 0


def test_steps_of_a_participant_add_up_beyond_64_bits() -> None:
    assert Amounts(["a", "a"], np.array([2**70, 1], dtype=object)) == {"a": 2**70 + 1}


def test_a_single_part_that_is_nothing_is_left_out() -> None:
    assert summed(["a", "b"], [0, 1]) == {"b": 1}
