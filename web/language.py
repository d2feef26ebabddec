"""How numbers are written for a reader, from what the browser says of its languages. Pure.

Source: RFC 9110 12.5.4 (Accept-Language); Unicode CLDR 45, decimal and group symbols of these languages.
"""

from web.charts.numerals import ENGLISH, Numerals

THIN = "\N{NARROW NO-BREAK SPACE}"
COMMA_DOT, COMMA_THIN = Numerals(decimal_mark=",", group_mark="."), Numerals(decimal_mark=",", group_mark=THIN)
SWISS = Numerals(decimal_mark=".", group_mark="\N{RIGHT SINGLE QUOTATION MARK}")
BY_LANGUAGE: dict[str, Numerals] = {
    **dict.fromkeys(
        ("da", "de", "el", "es", "hr", "id", "is", "it", "nl", "pt", "ro", "sl", "sr", "tr", "vi"), COMMA_DOT
    ),
    **dict.fromkeys(
        ("bg", "cs", "et", "fi", "fr", "hu", "lt", "lv", "nb", "nn", "no", "pl", "ru", "sk", "sv", "uk"), COMMA_THIN
    ),
    "de-ch": SWISS,
    "de-li": SWISS,
}
LANGUAGES_MAX = 10
HEADER_MAX = 200


def numerals_for(accept_language: str) -> Numerals:
    """The numerals of the language that the reader likes best; English ones where nothing is said."""
    liked = [_liked(part) for part in accept_language[:HEADER_MAX].split(",")[:LANGUAGES_MAX]]
    tags = [tag for quality, tag in sorted(liked, key=lambda one: -one[0]) if tag and quality > 0.0]
    if not tags or tags[0] == "*":
        return ENGLISH
    return BY_LANGUAGE.get(tags[0], BY_LANGUAGE.get(tags[0].split("-")[0], ENGLISH))


def channel_of(numerals: Numerals) -> str:
    """A short name for the pages that are written with these numerals."""
    return f"{numerals.decimal_mark}{numerals.group_mark}"


def _liked(part: str) -> tuple[float, str]:
    tag, _, weight = part.strip().lower().partition(";q=")
    try:
        return (float(weight) if weight else 1.0), tag.strip()
    except ValueError:
        return 0.0, ""
