"""`[grid_limit]` of a home: where the network operator's limit is heard, and what holds without it."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from hems.site.config_fields import NotNegative, Table
from hems.site.config_meter import Topic

Word = Annotated[str, Field(min_length=1, max_length=60)]


class GridSignalTable(Table):
    """Limits as JSON on a topic of the home's MQTT server, at least as often as `heartbeat_s`.

    Without news for so long `failsafe_import_kw` and `failsafe_export_kw` hold for `failsafe_hours`; an export limit
    that is left out does not hold.
    """

    kind: Literal["signal"] = "signal"
    topic: Topic
    heartbeat_s: Annotated[int, Field(ge=10, le=3600)] = 120
    failsafe_import_kw: NotNegative = 4.2
    failsafe_export_kw: NotNegative | None = None
    failsafe_hours: Annotated[float, Field(ge=2, le=24)] = 2.0


class GridContactTable(Table):
    """A contact of the network operator's control box, read by anything that tells its state on a topic.

    The state is the whole payload or what stands at `path` of a JSON document. Closed, the limits hold.
    """

    kind: Literal["contact"]
    topic: Topic
    path: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    closed: Word = "ON"
    open: Word = "OFF"
    import_limit_kw: NotNegative = 4.2
    export_limit_kw: NotNegative | None = None

    @field_validator("open")
    @classmethod
    def _differs(cls, word: str, info: ValidationInfo) -> str:
        if word == info.data.get("closed"):
            raise ValueError(f"open and closed are both {word!r}: the two states need different words")
        return word


def _kind(given: object) -> str:
    kind = given.get("kind", "signal") if isinstance(given, dict) else getattr(given, "kind", "signal")
    return kind if isinstance(kind, str) else "signal"


GridLimitTable = Annotated[
    Annotated[GridSignalTable, Tag("signal")] | Annotated[GridContactTable, Tag("contact")],
    Discriminator(_kind, custom_error_type="grid_kind", custom_error_message='kind has to be "signal" or "contact"'),
]
