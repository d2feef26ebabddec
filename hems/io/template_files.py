"""The templates of foreign meters and devices that come with the program, as TOML files beside this module."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from hems.metering.foreign.template import Template

FOLDER = Path(__file__).with_name("templates")


class TemplateError(ValueError):
    """There is no such template, or its file is wrong: the message says which there are, or what is wrong where."""


@cache
def template_names() -> tuple[str, ...]:
    """The names of all templates."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def template(name: str, base: Path | None = None) -> Template:
    """The template of this name, or in the TOML file of this name, which starts at `base`.

    Raises: TemplateError when there is none, or its file cannot be used.
    """
    if name.endswith(".toml"):
        return read_template((Path() if base is None else base) / name)
    if name not in template_names():
        raise TemplateError(
            f"there is no template {name!r}: use one of {', '.join(template_names())}, or a .toml file"
        )
    return read_template(FOLDER / f"{name}.toml")


def read_template(path: Path) -> Template:
    """The template in a file.

    Raises: TemplateError with every finding.
    """
    try:
        made = Template.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror}; name a template, or a TOML file that is there") from None
    except UnicodeDecodeError:
        raise TemplateError(f"{path}: not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{path}: not TOML: {error}") from None
    except ValidationError as error:
        found = [f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
        raise TemplateError("\n".join(found)) from None
    if made.name != path.stem:
        raise TemplateError(f"{path}: name is {made.name!r}: it has to be the file's name")
    return made
