"""A port that this program wants to serve on."""

import http.client
import socket

from doctor.finding import Finding, fail, ok

WAIT_S, FIRST_BYTES = 2.0, 20_000


def serving(host: str, port: int, *, runs: bool, says: str = "") -> Finding:
    """Whether the program answers on its port, or could take it when it is not running.

    `says` is a text that its first page holds, "" to ask for none: two homes of one machine may want the same port.
    """
    where, at = f"{host}:{port}", "127.0.0.1" if host in ("0.0.0.0", "::") else host
    reached = _answers(at, port)
    if runs and reached and says and says not in _first_page(at, port):
        return fail("another program answers there", where=where, remedy="stop it, or set another port")
    if runs and not reached:
        return fail("nobody answers", where=where, remedy="look at the program's log, and at firewalls")
    if not runs and reached:
        return fail("another program has the port", where=where, remedy="stop it, or set another port")
    return ok("answers" if runs else "free", where)


def _first_page(host: str, port: int) -> str:
    """What the program shows at its root, to whoever may see it or not; "" for one that speaks no HTTP."""
    connection = http.client.HTTPConnection(host, port, timeout=WAIT_S)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read(FIRST_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), WAIT_S).close()
    except OSError:
        return False
    return True
