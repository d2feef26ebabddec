"""The HTML document around the content of a page: it loads the page's own files alone and has no inline code."""

from collections.abc import Mapping, Sequence

from web.answers import Body
from web.assets import href
from web.charts.markup import Markup, tag

STYLES = ("charts.css", "page.css")


def document(
    title: str,
    *content: Markup,
    known: Mapping[str, Body],
    scripts: Sequence[str] = ("live.js",),
    styles: Sequence[str] = (),
    lang: str = "en",
) -> str:
    """The whole document; of the files `known` it loads `styles`, after the room's own, and `scripts`."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1, viewport-fit=cover"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href=href(known, "icon.svg"), type="image/svg+xml"),
        *(tag("link", rel="stylesheet", href=href(known, name)) for name in (*STYLES, *styles)),
        tag("noscript", tag("link", rel="stylesheet", href=href(known, "no-script.css"))),
        *(tag("script", src=href(known, name), defer=True) for name in scripts),
    )
    skip = tag("a", "Skip to the content", href="#main", class_="skip")
    return f"<!doctype html>\n{tag('html', head, tag('body', skip, *content), lang=lang)}\n"
