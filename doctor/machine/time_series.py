"""The time series server: does it answer, does it take the token, does it know the bucket."""

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from doctor.finding import Finding, fail, ok, warn
from tls import is_read_on_the_way

TIMEOUT_S = 5.0
UNKNOWN_PATH = "unsupported path requested"  # what VictoriaMetrics says to a path of InfluxDB that it does not have


def time_series(url: str, org: str, bucket: str, token_file: Path, ca_file: Path | None) -> Finding:
    """Whether an InfluxDB 2 server takes the token and has the bucket, and nobody on the way reads the token."""
    try:
        token = token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not text"
        return fail(f"{token_file}: {said}", remedy="write the server's token into telemetry.token_file")
    query = urllib.parse.urlencode({"name": bucket, "org": org})
    request = urllib.request.Request(f"{url}/api/v2/buckets?{query}", headers={"Authorization": f"Token {token}"})
    try:
        context = None if ca_file is None else ssl.create_default_context(cafile=str(ca_file))
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context) as answer:
            found = json.loads(answer.read(1_000_000))
    except urllib.error.HTTPError as error:
        said = error.read(1_000).decode("utf-8", "replace")
        if UNKNOWN_PATH in said:
            return _unasked(url)
        return _refused(url, error.code, org)
    except (OSError, ValueError) as error:
        remedy = "start the server or correct telemetry.url; points are kept on disk until it is back"
        return fail(f"no answer: {getattr(error, 'reason', error)}", where=url, remedy=remedy)
    if not found.get("buckets"):
        return fail(f"no bucket {bucket!r}", where=url, remedy="create it, or correct telemetry.bucket")
    return _told(f"bucket {bucket} of {org}", url)


def _unasked(url: str) -> Finding:
    """VictoriaMetrics takes what is written and knows no buckets, organisations or tokens."""
    return _told("it answers and takes writes; it cannot be asked for bucket and token", url)


def _told(what: str, url: str) -> Finding:
    if is_read_on_the_way(url):
        remedy = "use https in telemetry.url, with ca_file for a private authority"
        return warn(f"{what}; not encrypted: who listens on the way gets the token", where=url, remedy=remedy)
    return ok(what, url)


def _refused(url: str, code: int, org: str) -> Finding:
    if code in (401, 403):
        return fail(f"the token is not accepted ({code})", where=url, remedy="put one that may write into token_file")
    if code == 404:
        what = f"no organisation {org!r}, or no InfluxDB 2 (404)"
        return fail(what, where=url, remedy="correct telemetry.org and telemetry.url")
    return fail(f"it answers {code}", where=url, remedy="look at the server's log")
