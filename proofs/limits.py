"""Limited connections: the network operator's limit beats the price, and devices are safe when nothing is heard.

`scripts/prove limits --runs 1000` runs the promises R8 and R9 on drawn houses (`proofs.limited_house`), judged second
by second by what was told and what is drawn, not by what the energy manager believes:

* R8: a storage, car or heat pump that nobody has commanded for 60 s does nothing; no device was ever asked for a
  power outside its nameplate; a roof that nobody commands gives at most what was allowed when it last was.
* R9: ten seconds after a limit changed (one step where a device does not do what it is told), and one step after
  load, sun or a device changed, either the connection keeps to the limit or nothing is left that could take or give
  less.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from hems.control.following import ACTS_WITHIN_S
from proofs.limited_house import BEAT_S, RUN_S, LimitedHouse, Told, Trouble, drawn_run
from proofs.limited_manager import TICK_S, LimitedManager

HEARTBEAT_S, FAILSAFE_KW, LEASE_S = 120, 4.2, 60
LIMIT_GRACE_S, CHANGE_GRACE_S, ROUNDING_W = 10, TICK_S + ACTS_WITHIN_S + 1, 5.0
EVERYTHING = Told(from_s=0, import_kw=None, export_kw=None)
FAILSAFE = Told(from_s=0, import_kw=FAILSAFE_KW, export_kw=None)
STOPPING = ("battery", "car", "heat")


@dataclass(slots=True)
class Result:
    """What one run showed: broken promises, and how many of its seconds were limited and judged."""

    seed: int
    broken: list[str] = field(default_factory=list)
    limited_s: int = 0
    silent_s: int = 0
    kills: int = 0


@dataclass(slots=True)
class Judge:
    """Counts seconds itself: of silence, since the limit changed, since something else did, since a command."""

    house: LimitedHouse
    result: Result
    silence_s: int = HEARTBEAT_S  # nothing was ever heard
    heard: Told = EVERYTHING
    holds: Told = FAILSAFE
    limit_is_new_s: int = 0
    change_is_new_s: int = 0
    settled_export_kw: float | None = None  # allowed for long enough to be in every roof's reversion
    _before: tuple[object, ...] = ()

    def hear(self, told: Told) -> None:
        """A signal has come in."""
        self.heard, self.silence_s = told, 0

    def restarted(self) -> None:
        """A new energy manager has begun: what was heard before holds for one heartbeat."""
        self.change_is_new_s = 0
        if self.silence_s < HEARTBEAT_S or self.heard is not EVERYTHING:
            self.silence_s = 0

    def judge(self, *, lives: bool) -> None:
        """Judges a second."""
        self._count(lives=lives)
        self._nothing_goes_on_alone()
        house = self.house
        follows = not house.is_bound and not any(house.run.device_clocks_s.values())
        limit_grace_s = LIMIT_GRACE_S if follows else CHANGE_GRACE_S
        if lives and self.limit_is_new_s > limit_grace_s and self.change_is_new_s > CHANGE_GRACE_S:
            self._limit_is_kept()

    def _count(self, *, lives: bool) -> None:
        house = self.house
        holds = FAILSAFE if self.silence_s >= HEARTBEAT_S else self.heard
        is_same = (holds.import_kw, holds.export_kw) == (self.holds.import_kw, self.holds.export_kw)
        self.limit_is_new_s = self.limit_is_new_s + 1 if is_same else 0
        self.holds = holds
        cannot_be_told = house.run.trouble("devices", house.at_s)
        now = (house.load_w, house.sun_w, house.is_bound, house.told_in_vain, lives, cannot_be_told)
        self.change_is_new_s = self.change_is_new_s + 1 if now == self._before else 0
        self._before = now
        if house.run.trouble("clock", house.at_s) != house.run.trouble("clock", house.at_s - 1):
            self.change_is_new_s = -TICK_S  # whoever lost time sees no earlier that a device does not follow
        self.silence_s += 1
        if lives and cannot_be_told is None and min(self.limit_is_new_s, self.change_is_new_s) > CHANGE_GRACE_S:
            self.settled_export_kw = holds.export_kw
        elif not is_same:
            self.settled_export_kw = _looser(self.settled_export_kw, holds.export_kw)

    def _nothing_goes_on_alone(self) -> None:
        house = self.house
        for name, device in house.devices.items():
            if device.state().refused_writes:
                self._broken(f"{name} was asked for what it cannot do: {device.state().command}")
            if house.at_s - house.written_s[name] <= LEASE_S:
                continue
            power_w = house.powers_w[name]
            if name in STOPPING and power_w:
                self._broken(
                    f"{name} goes on with {power_w:.0f} W, its last command was at {house.written_s[name]} s"
                )
            most_kw = self._most_export_kw()
            if name == "roof" and -power_w > 1000 * most_kw + ROUNDING_W:
                self._broken(f"the roof gives {-power_w:.0f} W with nobody there, {most_kw:g} kW may be fed in")

    def _most_export_kw(self) -> float:
        own_kw = self.house.run.home.export_limit_kw
        return own_kw if self.settled_export_kw is None else min(own_kw, self.settled_export_kw)

    def _limit_is_kept(self) -> None:
        house, powers_w, holds = self.house, self.house.powers_w, self.holds
        home = house.run.home
        if house.run.trouble("devices", house.at_s) is not None:
            return
        self.result.limited_s += holds.import_kw is not None or holds.export_kw is not None
        self.result.silent_s += holds is FAILSAFE
        import_kw = min(home.import_limit_kw, home.import_limit_kw if holds.import_kw is None else holds.import_kw)
        export_kw = min(home.export_limit_kw, home.export_limit_kw if holds.export_kw is None else holds.export_kw)
        taking = [name for name in STOPPING if powers_w.get(name, 0.0) > ROUNDING_W]
        giving = [name for name, power_w in powers_w.items() if power_w < -ROUNDING_W]
        if house.net_w > 1000 * import_kw + ROUNDING_W and taking:
            self._broken(f"{house.net_w:.0f} W are drawn, {import_kw:g} kW allowed, and {taking} take power")
        if -house.net_w > 1000 * export_kw + ROUNDING_W and giving:
            self._broken(f"{-house.net_w:.0f} W are fed in, {export_kw:g} kW allowed, and {giving} give power")

    def _broken(self, text: str) -> None:
        self.result.broken.append(f"second {self.house.at_s}: {text}")


def _looser(one_kw: float | None, other_kw: float | None) -> float | None:
    return None if one_kw is None or other_kw is None else max(one_kw, other_kw)


def prove(seed: int) -> Result:
    """Lives through the run of a seed."""
    run, result = drawn_run(seed), Result(seed=seed)
    house, manager, token = LimitedHouse(run), None, 0
    judge, remembered = Judge(house, result), None
    told = EVERYTHING
    for at_s in range(RUN_S):
        house.move(at_s)
        clock_s = house.true_s + _off_s(run.trouble("clock", at_s))
        if run.trouble("manager", at_s) is not None:
            result.kills += manager is not None
            remembered = remembered if manager is None else manager.limit.last
            manager = None
        elif manager is None:
            token += 1
            manager = LimitedManager(run, house, clock_s, token, remembered)
            judge.restarted()
        allowed = run.allowed(at_s)
        if manager is not None and run.trouble("signal", at_s) is None and (at_s % BEAT_S == 0 or allowed != told):
            told = allowed
            judge.hear(allowed)
            manager.hear(clock_s, allowed.import_kw, allowed.export_kw)
        if manager is not None:
            manager.live(clock_s)
        house.apply()
        judge.judge(lives=manager is not None)
    return result


def _off_s(trouble: Trouble | None) -> int:
    return 0 if trouble is None else trouble.off_s


def main(argv: list[str] | None = None) -> int:
    """Runs drawn houses in parallel; 0 when none broke a promise."""
    parser = argparse.ArgumentParser(prog="scripts/prove limits", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args(argv)
    begin, totals, bad = time.monotonic(), Counter[str](), 0
    seeds = range(args.first_seed, args.first_seed + args.runs)
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        for result in pool.imap_unordered(prove, seeds, chunksize=2):
            totals.update(limited=result.limited_s, silent=result.silent_s, kills=result.kills)
            if result.broken:
                bad += 1
                print(f"seed {result.seed}: {result.broken[0]} (and {len(result.broken) - 1} more)", file=sys.stderr)
    print(
        f"{args.runs - bad} of {args.runs} runs hold: {totals['limited']} s judged under a limit, "
        f"{totals['silent']} s of them without a signal, {totals['kills']} kills, {time.monotonic() - begin:.0f} s"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
