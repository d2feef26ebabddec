"""Who may use a page from the network: one-time links that are exchanged for sessions, kept as files.

A link or a session is a random token; on disk is only its SHA-256, as the name of a file that holds when it ends.
Files make it safe that two processes take part: `hems page link` makes a link while the energy manager serves, and
taking a link is one `unlink`, which only one of two takers can win.
"""

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path

LINK_S = 15 * 60
SESSION_S = 90 * 24 * 3600
SESSIONS_MAX = 64
TOKEN_BYTES = 24


class Access:
    """Links and sessions in a folder of their own; `clock` gives the time [s since 1970]."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._links, self._sessions = folder / "links", folder / "sessions"
        self._clock = clock

    def new_link(self) -> str:
        """The token of a new link; it works once, within a quarter of an hour."""
        return self._new(self._links, LINK_S)

    def session_for(self, link: str) -> str | None:
        """The token of a new session in exchange for a link; None when the link is unknown, used or too old."""
        ends_s = self._taken(self._links / _name(link))
        if ends_s is None or ends_s <= self._clock():
            return None
        self._end_oldest()
        return self._new(self._sessions, SESSION_S)

    def is_session(self, token: str) -> bool:
        """Whether a session is in force."""
        ends_s = _ends_s(self._sessions / _name(token))
        return ends_s is not None and ends_s > self._clock()

    def sessions(self) -> int:
        """How many sessions are in force."""
        return sum(1 for file in _files(self._sessions) if (_ends_s(file) or 0.0) > self._clock())

    def revoke_all(self) -> int:
        """Ends every session and link; returns how many sessions there were."""
        ended = self.sessions()
        for file in (*_files(self._links), *_files(self._sessions)):
            file.unlink(missing_ok=True)
        return ended

    def _new(self, folder: Path, lasts_s: int) -> str:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in _files(folder):
            if (_ends_s(file) or 0.0) <= self._clock():
                file.unlink(missing_ok=True)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        path = folder / _name(token)
        path.touch(mode=0o600)
        path.write_text(f"{self._clock() + lasts_s:.0f}", encoding="ascii")
        return token

    @staticmethod
    def _taken(path: Path) -> float | None:
        """When a link ends, which is taken away by this; None when there is none or another one was faster."""
        ends_s = _ends_s(path)
        try:
            path.unlink()
        except OSError:
            return None
        return ends_s

    def _end_oldest(self) -> None:
        """Keeps the number of sessions bounded: those that end first go first."""
        kept = sorted(_files(self._sessions), key=lambda file: _ends_s(file) or 0.0)
        for file in kept[: max(0, len(kept) + 1 - SESSIONS_MAX)]:
            file.unlink(missing_ok=True)


def _name(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()  # a header may hold any bytes


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _ends_s(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
