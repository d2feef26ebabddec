"""Carries the state of a finished demo into a real engine with the real exporters and asks all dashboards of it.

    python -m tests.dashboards.demo_state OUT     OUT: the folder of `twin demo --out OUT`

The state is copied first: exporters keep how far they are beside it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from asked_queries import excused, unanswered

from dashboards.review.engine import Engine
from tests.telemetry_servers import BUCKET, ORG, TOKEN, Influx, influx

ROOT = Path(__file__).parents[2]
NOT_IN_A_DEMO = {
    "Community: Rejected messages (A)": "every message was right",
    "Market: Rejections by code (A)": "every message was right",
    "System: Points written (A)": "needs an exporter that runs for ten minutes",
    "alert Storage does not follow": "the members share no storage",
    "alert Supply is too weak": "only a Raspberry Pi tells it",
    "alert Test alert": "nobody tests",
}


def carried(demo: Path, folder: Path, server: Influx) -> None:
    """Runs the exporters of a copy of the demo's homes and broker until everything has been taken.

    Raises: AssertionError with what an exporter said when it fails.
    """
    folder.mkdir(exist_ok=True)
    state = folder / "state"
    shutil.copytree(demo / "state", state, ignore=shutil.ignore_patterns("*.sock", "lock"))
    token = folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    table = f'\n[telemetry]\nurl = "{server.url}"\norg = "{ORG}"\nbucket = "{BUCKET}"\ntoken_file = "{token}"\n'
    for path in sorted(state.glob("*.toml")):
        is_broker = path.stem == "broker"
        text = path.read_text("utf-8").replace(str(demo / "state"), str(state)) + table
        path.write_text(text + ("members = true\n" if is_broker else ""), "utf-8")
        program = "broker.cli" if is_broker else "hems.cli"
        done = subprocess.run(
            [sys.executable, "-m", program, "telemetry", "--config", str(path), "--once"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{path.name}: {done.stderr}"


def last_reading_s(engine: Engine) -> int:
    """The end of the demo's own time [s since 1970]."""
    [series] = engine.ask('SELECT last("power_w") FROM "grid"')
    return int(series.values[0][0]) // 1000 + 1


def main() -> int:
    """0 when every query finds data or says why not."""
    demo = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, influx(Path(folder) / "influx") as server:
        carried(demo, Path(folder), server)
        engine = Engine(url=server.engine, database=BUCKET)
        empty = unanswered(engine, [last_reading_s(engine), int(time.time())])
    reasons = dict.fromkeys(excused(), "says itself why") | NOT_IN_A_DEMO
    for name in sorted(empty):
        print(f"no data: {name}: {reasons.get(name, 'a dead panel')}")
    return 1 if empty - reasons.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
