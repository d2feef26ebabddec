"""The texts of the household's page by key, from one file per language."""

import tomllib
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    """All texts in English by key."""
    found: dict[str, str] = tomllib.loads(files("hems.io.page").joinpath("english.toml").read_text(encoding="utf-8"))
    return found


def say(key: str, **values: str) -> str:
    """The text of a key with its values. Raises: KeyError when there is none, which is a mistake of ours."""
    text = texts()[key]
    return text.format(**values) if values else text
