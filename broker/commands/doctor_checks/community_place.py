"""The community that is looked at: its configuration, its state directory, one replay for several checks."""

import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from broker.control.ports import StorageFailed
from broker.io.carried_states import NoTerms
from broker.io.config import BrokerConfig
from broker.io.config_file import ConfigError, load
from broker.io.state_copy import copy_database
from broker.io.state_dir import StateDir
from broker.io.verification import Verification, verify
from broker.market.events import UnknownRecord
from doctor.machine.files import read_only
from doctor.machine.mqtt_session import MqttPlace

REPLAY_RECORDS_MAX = 60_000
QUIET_TRIES = 5


@dataclass(slots=True)
class Replayed:
    """The result of replaying a journal, made once by whoever asks first."""

    state: StateDir
    lock: threading.Lock = field(default_factory=threading.Lock)
    result: "Verification | str | None" = None

    def get(self) -> "Verification | str":
        """The verification, or why there is none."""
        with self.lock:
            if self.result is None:
                self.result = _replayed(self.state)
            return self.result


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityPlace:
    """A community at a moment [s since 1970]; `config` is None when it cannot be read, `problem` says why."""

    path: Path
    config: BrokerConfig | None
    problem: str
    now_s: float
    replayed: Replayed

    @property
    def state(self) -> StateDir:
        """The state directory; beside the configuration as long as that cannot be read."""
        return self.replayed.state

    @property
    def is_driven(self) -> bool:
        """Whether the broker lives in announced time: then its records say nothing about now."""
        return self.config is not None and self.config.clock.mode == "driven"

    def server(self) -> MqttPlace | None:
        """The MQTT server as the broker reaches it."""
        if self.config is None:
            return None
        mqtt = self.config.mqtt
        return MqttPlace(
            host=mqtt.host,
            port=mqtt.port,
            username=mqtt.username,
            password_file=mqtt.password_file,
            ca_file=mqtt.ca_file,
            cert_file=mqtt.cert_file,
            key_file=mqtt.key_file,
        )


def community_at(path: Path, now_s: float) -> CommunityPlace:
    """The community of a configuration file, as far as it can be read."""
    config, problem = None, ""
    try:
        config = load(path)
    except ConfigError as error:
        problem = str(error)
    root = path.resolve().parent if config is None else config.state_dir
    return CommunityPlace(path=path, config=config, problem=problem, now_s=now_s, replayed=Replayed(StateDir(root)))


def _replayed(state: StateDir) -> "Verification | str":
    if not state.journal.is_file() or not state.records.is_file():
        return "no journal or no records yet"
    records = kept_records(state)
    if records > REPLAY_RECORDS_MAX:
        return f"a journal of {records} records: run 'community-broker replay {state.root}', it takes minutes"
    with tempfile.TemporaryDirectory(prefix="hearthgrid-doctor-") as directory:
        quiet = _quiet_copy(state, StateDir(Path(directory)))
        if not quiet:
            return "the broker is too busy to be looked at; run this again"
        try:
            return verify(StateDir(Path(directory)))
        except (StorageFailed, NoTerms, UnknownRecord) as error:
            return str(error)


def _quiet_copy(state: StateDir, to: StateDir) -> bool:
    """Copies journal and records as they were at one moment; false when the broker never paused long enough."""
    for name in ("secret", "broker.key"):
        (to.root / name).write_bytes((state.root / name).read_bytes())
    for _ in range(QUIET_TRIES):
        before = journal_size(state)
        for source, target in ((state.journal, to.journal), (state.records, to.records)):
            target.unlink(missing_ok=True)
            copy_database(source, target)
        if journal_size(state) == before == journal_size(to):
            return True
    return False


def kept_records(state: StateDir) -> int:
    """How many records a journal still has to be walked through: those that are not erased."""
    with read_only(state.journal) as connection:
        row = connection.execute("SELECT max(position) - min(position) + 1 FROM record").fetchone()
    return int(row[0] or 0)


def journal_size(state: StateDir) -> int:
    """How many records a journal holds, erased ones counted, by its own word."""
    with read_only(state.journal) as connection:
        row = connection.execute("SELECT size FROM head").fetchone()
    return int(row[0]) if row else 0
