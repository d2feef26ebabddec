"""Files of a page, read once at the start: style, scripts, icon. Nothing is ever looked up by a name from outside."""

from collections.abc import Mapping
from importlib.resources import files

from web.answers import Body

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
OWN = ("charts.css", "page.css", "no-script.css", "live.js", "enter.js", "icon.svg")


def own_assets() -> dict[str, Body]:
    """What every page has, by name."""
    return assets("web", OWN)


def assets(package: str, names: tuple[str, ...]) -> dict[str, Body]:
    """Files in the folder `assets` of a package, by name."""
    folder = files(package).joinpath("assets")
    return {name: Body(folder.joinpath(name).read_bytes(), TYPES[name[name.rindex(".") :]]) for name in names}


def href(found: Mapping[str, Body], name: str) -> str:
    """The address of a file, with its content's mark: a new release is never mixed with an old style."""
    return f"/assets/{name}?{found[name].tag[1:9]}"
