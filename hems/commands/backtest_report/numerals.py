"""Numbers as people read them; a dash for what cannot be told."""

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"


def number(value: float | None, decimals: int = 3) -> str:
    """The rounded number."""
    return MISSING if value is None else f"{value:.{decimals}f}".replace("-", MINUS)


def percent(share: float | None) -> str:
    """A share in per cent."""
    return MISSING if share is None else f"{number(100 * share, 1)}{SPACE}%"
