"""Progress for people: bars on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Never

from tqdm import tqdm

LINES_PER_STAGE = 4


@contextmanager
def progress(stages: Mapping[str, int], *, quiet: bool = False) -> Iterator[Callable[[str, int], None]]:
    """A function `tick(stage, steps)`; writes to standard error, nothing when `quiet`."""
    if quiet:
        yield lambda _stage, _steps: None
    elif sys.stderr.isatty():
        bars: dict[str, tqdm[Never]] = {
            name: tqdm(total=total, desc=f"{name:<12}", unit="", leave=True) for name, total in stages.items()
        }
        yield lambda stage, steps: _advance(bars, stage, steps)
        for bar in bars.values():
            bar.close()
    else:
        done = dict.fromkeys(stages, 0)
        yield lambda stage, steps: _print_line(done, stages, stage, steps)


def _advance(bars: "Mapping[str, tqdm[Never]]", stage: str, steps: int) -> None:
    if stage in bars:
        bars[stage].update(steps)


def _print_line(done: dict[str, int], totals: Mapping[str, int], stage: str, steps: int) -> None:
    if stage not in done:
        return
    before = done[stage] * LINES_PER_STAGE // totals[stage]
    done[stage] += steps
    after = done[stage] * LINES_PER_STAGE // totals[stage]
    if after > before:
        print(f"{stage}: {100 * done[stage] // totals[stage]} %", file=sys.stderr, flush=True)
