"""Removing secrets from what leaves the house: by the name of a key, by place in an address, and by known values."""

import re
from collections.abc import Iterable

REMOVED = "[removed]"
_SECRET_KEY = re.compile(r"pass|secret|token|seed|private|credential|api_?key|authorization|cookie|contact", re.I)
_ASSIGNED = re.compile(r"""^(\s*)("?[\w.-]+"?)(\s*[=:]\s*)(.+?)(\s*)$""")
_LOGIN_IN_ADDRESS = re.compile(r"(\w+://)[^/\s@\"']+@")
_QUERY_SECRET = re.compile(r"([?&][\w-]*(?:key|token|pass|secret|sig)[\w-]*=)[^&\s\"']+", re.I)
_BEARER = re.compile(r"\b(Bearer|Token|Basic)\s+[A-Za-z0-9+/=_\-.]{8,}")
_HEX_KEY = re.compile(r"\b[0-9a-fA-F]{64,128}\b")
_PEM = re.compile(r"-----BEGIN ([A-Z ]*)-----.*?-----END \1-----", re.S)
# A public key tells nobody's secret, but who reads an archive needs no more of it than to compare it.
_PUBLIC = re.compile(r"public_key|broker_key")
_PLACE = re.compile(r"latitude|longitude", re.I)


def redacted(text: str, known: Iterable[str] = ()) -> str:
    """The text without secrets: `known` values anywhere, and whatever stands under a key that names a secret.

    Keys of 64 hexadecimal digits are cut to their first eight, which is enough to compare them.
    """
    for value in sorted({value for value in known if len(value) >= 4}, key=len, reverse=True):
        text = text.replace(value, REMOVED)
    text = _PEM.sub(lambda m: f"-----{m.group(1)} {REMOVED}-----", text)
    text = "\n".join(_line(line) for line in text.split("\n"))
    text = _LOGIN_IN_ADDRESS.sub(rf"\1{REMOVED}@", text)
    text = _QUERY_SECRET.sub(rf"\1{REMOVED}", text)
    text = _BEARER.sub(rf"\1 {REMOVED}", text)
    return _HEX_KEY.sub(lambda m: f"{m.group()[:8]}..", text)


def _line(line: str) -> str:
    found = _ASSIGNED.match(line)
    if found is None:
        return line
    key = found.group(2)
    names_a_file = key.strip('"').endswith("_file")
    if _PLACE.search(key) or (_SECRET_KEY.search(key) and not _PUBLIC.search(key) and not names_a_file):
        return f'{found.group(1)}{key}{found.group(3)}"{REMOVED}"{found.group(5)}'
    return line
