"""The register maps of Modbus meters that come with the program, as TOML files beside this module."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from hems.io.template_files import TemplateError
from hems.metering.register_map import RegisterMap

FOLDER = Path(__file__).with_name("maps")
SUNSPEC = "sunspec"


@cache
def map_names() -> tuple[str, ...]:
    """The names of all maps beside `sunspec`, which is walked and needs none."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def register_map(name: str) -> RegisterMap:
    """The map of this name.

    Raises: TemplateError when there is none, or its file cannot be used.
    """
    if name not in map_names():
        raise TemplateError(f"there is no register map {name!r}: use one of {', '.join((SUNSPEC, *map_names()))}")
    return read_map(FOLDER / f"{name}.toml")


def read_map(path: Path) -> RegisterMap:
    """The map in a file.

    Raises: TemplateError with every finding.
    """
    try:
        return RegisterMap.model_validate(tomllib.loads(path.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{path}: not TOML: {error}") from None
    except ValidationError as error:
        found = [f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
        raise TemplateError("\n".join(found)) from None
