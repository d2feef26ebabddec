"""Limited connections: a fixed-seed part of `scripts/prove limits`, and runs that are broken on purpose."""

from collections.abc import Callable
from typing import Any

import pytest

import hems.control.leases
from hems.control.following import Following
from hems.control.grid_limit import GridLimit, InForce
from hems.control.home_loop import HomeLoop
from hems.dispatch.guard import Limits
from proofs.limits import main, prove

SEEDS, SEEDS_TO_SEE = range(1, 11), (*range(1, 21), 179)


@pytest.mark.parametrize("seed", SEEDS)
def test_limits_and_leases_hold_second_by_second(seed: int) -> None:
    result = prove(seed)
    assert result.broken == []
    assert result.limited_s > 0


def nameplate_only(_: InForce, home: Any) -> Limits:
    return Limits(import_kw=home.import_limit_kw, export_kw=home.export_limit_kw)


def whole_peak(unit: Any, home: Any, image: Any, limits: Any) -> int:
    del home, limits
    return -9000 if unit.id == "roof" else max(0, round(image.devices[unit.id].power_w))


BROKEN: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "a guard that knows no limit": (InForce, "limits", nameplate_only),
    "a failsafe that never comes": (GridLimit, "_ends_s", lambda _: (None, None)),
    "devices that fall back to what they did": (hems.control.leases, "reversion_w", whole_peak),
    "trust in whoever was told": (Following, "marked", lambda _, image: image),
    "a limit that waits for the next slot": (HomeLoop, "is_limited_anew", lambda *_: False),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_seen(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    where, part, wrong = BROKEN[name]
    monkeypatch.setattr(where, part, wrong)
    assert any(prove(seed).broken for seed in reversed(SEEDS_TO_SEE))


def test_the_command_says_what_it_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "1", "--processes", "1"]) == 0
    assert capsys.readouterr().out.startswith("1 of 1 runs hold: ")
