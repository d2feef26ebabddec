"""What of the broker's configuration the process itself needs: MQTT, clock, queue, and how long things are kept."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from broker.io.config_table import Table


class MqttSettings(Table):
    """The MQTT server; the password stands in a file, never in the configuration."""

    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65_535)
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=120)


class ClockSettings(Table):
    """`system`: the machine's clock; `driven`: a coordinator announces virtual time (accelerated demos, tests)."""

    mode: Literal["system", "driven"] = "system"


class QueueSettings(Table):
    """Bounds of the frames that wait to be handled and of the messages that wait to be sent."""

    frames_max: int = Field(default=50_000, ge=10, le=1_000_000)
    megabytes_max: int = Field(default=64, ge=1, le=4_096)
    frames_per_meter_max: int = Field(default=400, ge=1, le=100_000)
    kilobytes_per_slot_max: int = Field(default=8_000, ge=100, le=1_000_000)
    outgoing_max: int = Field(default=500_000, ge=1_000, le=10_000_000)
    batch_frames: int = Field(default=500, ge=1, le=10_000)


class PrivacySettings(Table):
    """`people_kept_days` after a revocation who the member was is erased; None: by `forget-member` alone.

    Journal and records older than `records_kept_days` are erased once a day; None: they stay.
    """

    people_kept_days: int | None = Field(default=None, ge=1, le=36_500)
    records_kept_days: int | None = Field(default=None, ge=1, le=36_500)
