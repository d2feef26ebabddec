"""Parts of the operator's page that its sections share: facts, notices, and what stands where nothing is yet."""

from web.charts.markup import Markup, tag


def fact(name: str, value: str, more: str) -> Markup:
    """One fact in a list of them: its name, its value, and what explains it."""
    parts = (tag("span", name, class_="name"), tag("span", value, class_="value"), tag("span", more, class_="more"))
    return tag("li", *parts, class_="fact")


def notice(what: str, to_do: str) -> Markup:
    """What asks for attention, and what to do."""
    return tag("div", tag("div", tag("b", what), tag("p", to_do)), class_="notice", role="note")


def empty(what: str, to_do: str) -> Markup:
    """What stands where there is nothing to show yet."""
    return tag("section", tag("h3", what), tag("p", to_do), class_="card empty")
