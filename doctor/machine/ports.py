"""A port that this program wants to serve on."""

import socket

from doctor.finding import Finding, fail, ok


def serving(host: str, port: int, *, runs: bool) -> Finding:
    """Whether the program answers on its port, or could take it when it is not running."""
    where = f"{host}:{port}"
    reached = _answers("127.0.0.1" if host in ("0.0.0.0", "::") else host, port)
    if runs and not reached:
        return fail("nobody answers", where=where, remedy="look at the program's log, and at firewalls")
    if not runs and reached:
        return fail("another program has the port", where=where, remedy="stop it, or set another port")
    return ok("answers" if runs else "free", where)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 2.0).close()
    except OSError:
        return False
    return True
