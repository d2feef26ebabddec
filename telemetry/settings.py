"""The keys of `[telemetry]` that a home and a broker share, and the connection that they describe."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class TokenMissing(Exception):
    """The token cannot be read: the message names the file and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where to write: the token is a secret and never shown."""

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)
    timeout_s: int
    ca_file: Path | None


def _is_web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no address: write it as http://127.0.0.1:8086")
    if parts.username or parts.password or parts.query:
        raise ValueError("the address holds a secret or a question: put the token into token_file")
    return url.rstrip("/")


def _whole(low: int, high: int) -> object:
    return Field(strict=True, ge=low, le=high)


Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\n/]+$")]
FilePath = Annotated[Path, Field(strict=False)]


class TelemetryKeys(BaseModel):
    """`url`, `org`, `bucket` and the token say where points go.

    Every `interval_s` new ones are written, at most `batch_points` at once; after an outage at most `points_per_s` so
    that neither the server nor the line is flooded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    url: Annotated[str, AfterValidator(_is_web_address)] = "http://127.0.0.1:8086"
    org: Name = "hearthgrid"
    bucket: Name = "hearthgrid"
    token_file: FilePath
    ca_file: FilePath | None = None
    interval_s: Annotated[int, _whole(1, 3_600)] = 10
    timeout_s: Annotated[int, _whole(1, 120)] = 10
    batch_points: Annotated[int, _whole(1, 50_000)] = 5_000
    points_per_s: Annotated[int, _whole(1, 1_000_000)] = 5_000

    def connection(self, base: Path) -> Connection:
        """The connection; relative paths start at `base`.

        Raises: TokenMissing when there is no token in its file.
        """
        path = base / self.token_file
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            raise TokenMissing(f"telemetry.token_file: {path}: {reason}; write the server's token into it") from None
        if not token or not token.isprintable():
            raise TokenMissing(f"telemetry.token_file: {path} holds no token in one line; write the server's into it")
        return Connection(
            url=self.url,
            org=self.org,
            bucket=self.bucket,
            token=token,
            timeout_s=self.timeout_s,
            ca_file=None if self.ca_file is None else base / self.ca_file,
        )
