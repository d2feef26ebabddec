"""NotIdentified: the answer when data cannot tell a model. No number is given then."""

from dataclasses import dataclass

from hems.identification.prediction import PredictionErrors
from hems.site.finding import Finding

HELD_OUT = 0.25  # last part of the data, on which what was fitted to the rest is tried


@dataclass(frozen=True, slots=True, kw_only=True)
class NotIdentified:
    """Why the data do not tell it and what to do; `errors` of the fit that was tried, None when none was."""

    reasons: tuple[Finding, ...]
    errors: PredictionErrors | None = None
