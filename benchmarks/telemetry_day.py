"""One part of the telemetry benchmark in a fresh process; prints what it measured as JSON."""

import json
import sys
from pathlib import Path

from benchmarks.machine import own_peak_mb
from telemetry.machine import usage


def main() -> None:
    """`STORE FOLDER`: MB written. `carry HOME.toml`: peak memory in MB."""
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "carry":
        from hems.cli import main as hems

        if hems(["telemetry", "--config", str(where), "--once"]) != 0:
            raise SystemExit(1)
        print(json.dumps(own_peak_mb()))  # the last line: the command has said what it carried
        return
    from benchmarks.telemetry import STORES

    where.mkdir(parents=True)
    before = usage().written_bytes or 0
    STORES[what](where)
    print(json.dumps(((usage().written_bytes or 0) - before) / 1e6))


if __name__ == "__main__":
    main()
