"""Tables: the numbers of a picture for those who do not see it or want them exactly."""

from collections.abc import Sequence

from web.charts.markup import Markup, tag


def table(caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]], *, css: str = "") -> Markup:
    """A table whose first column names its rows; it scrolls sideways by itself where it is too wide."""
    head = tag("tr", *(tag("th", heading, scope="col") for heading in headings))
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    content = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body), class_=css or None)
    return tag("div", content, class_="scroll", tabindex=0, role="region", aria_label=caption)
