"""The network and the preferences of the configuration, and the texts they stand for in the market."""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from broker.clearing.preferences import QUALITIES
from broker.io.config_table import Table
from broker.io.limit_files import Fixed, LimitFiles
from broker.io.tariff import PRICE_MAX, micro
from broker.io.timed_limits import POWER_W_MAX, LimitFileError
from broker.network.grid import MILLION
from broker.network.grid_text import grid_text
from broker.network.slot_limits import PowerLimits
from wire.fields import Id

NAMED_MAX = 100  # what one member prefers is published as one row of a page
Power = Annotated[int, Field(ge=0, le=POWER_W_MAX)]
Charge = Annotated[Decimal, Field(ge=0, le=PRICE_MAX, allow_inf_nan=False)]
Quality = Literal["any", "grey", "local", "green"]
LOSS_MAX = Decimal("0.999999")  # in whole ppm something arrives
Pair = tuple[str, str]


class ZoneSettings(Table):
    """A zone: the meters that are connected in it."""

    name: Id
    meters: tuple[Id, ...]


class LineSettings(Table):
    """A line between two zones and what it carries at most, in either direction [W]."""

    start: Id = Field(alias="from")
    end: Id = Field(alias="to")
    capacity_w: Power


class EnvelopeSettings(Table):
    """What a connection point may export and import [W]; nothing limits what is left out."""

    meter: Id
    export_limit_w: Power | None = None
    import_limit_w: Power | None = None


class DistanceSettings(Table):
    """The electrical distance between two zones, or inside one, and the share of energy that is lost on it."""

    start: Id = Field(alias="from")
    end: Id = Field(alias="to")
    distance: Decimal = Field(default=Decimal(0), ge=0, le=1_000_000, allow_inf_nan=False)
    loss: Decimal = Field(default=Decimal(0), ge=0, le=LOSS_MAX, allow_inf_nan=False)


class NetworkSettings(Table):
    """Envelopes, zones, lines, what energy pays between zones and what of it is lost.

    A kWh from one zone to another pays `charge_per_kwh_and_distance x distance + loss_price_per_kwh x loss`.
    """

    charge_per_kwh_and_distance: Charge = Decimal(0)
    loss_price_per_kwh: Charge = Decimal(0)
    zones: tuple[ZoneSettings, ...] = ()
    lines: tuple[LineSettings, ...] = ()
    envelopes: tuple[EnvelopeSettings, ...] = ()
    distances: tuple[DistanceSettings, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._repeated(), *self._unknown_zones()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _repeated(self) -> Iterator[str]:
        named = {
            "zones.name": [zone.name for zone in self.zones],
            "zones.meters": [meter for zone in self.zones for meter in zone.meters],
            "envelopes.meter": [envelope.meter for envelope in self.envelopes],
            "distances": [" - ".join(sorted((row.start, row.end))) for row in self.distances],
        }
        for key, names in named.items():
            for name, count in sorted(Counter(names).items()):
                if count > 1:
                    yield f"{key} {name} stands {count} times: keep one"

    def _unknown_zones(self) -> Iterator[str]:
        known = {zone.name for zone in self.zones}
        for key, rows in (("lines", self.lines), ("distances", self.distances)):
            for row in rows:
                for name in sorted({row.start, row.end} - known):
                    yield f"{key}: there is no zone {name!r}: add it to zones or correct the name"
        for line in self.lines:
            if line.start == line.end:
                yield f"lines: a line from {line.start} to itself: join two zones"

    def unknown_meters(self, members: Iterable[str]) -> list[str]:
        """What is wrong with the meters that are named here, when these are the members."""
        known = set(members)
        named = {meter for zone in self.zones for meter in zone.meters}
        problems = [
            f"{meter!r} is no member" for meter in sorted((named | {e.meter for e in self.envelopes}) - known)
        ]
        if self.zones:
            problems += [f"member {meter!r} is in no zone" for meter in sorted(known - named)]
        return problems

    def text(self) -> str:
        """The network as the market reads it, "" for none.

        Charges in whole micro per kWh, losses in whole ppm, halves to even.
        """
        if not (self.zones or self.lines or self.envelopes or self.distances):
            return ""
        losses = [{"from": start, "to": end, "ppm": ppm} for (start, end), ppm in self._losses()]
        return grid_text(
            {
                **({"losses": losses} if losses else {}),
                "zones": {zone.name: sorted(zone.meters) for zone in self.zones},
                "lines": [{"from": line.start, "to": line.end, "capacity_w": line.capacity_w} for line in self.lines],
                "envelopes": [envelope.model_dump() for envelope in self.envelopes],
                "charges": [
                    {"from": start, "to": end, "micro_per_kwh": charge} for (start, end), charge in self._charges()
                ],
            }
        )

    def _charges(self) -> list[tuple[Pair, int]]:
        charges: dict[Pair, int] = {}
        for row in self.distances:
            charge = self.charge_per_kwh_and_distance * row.distance + self.loss_price_per_kwh * row.loss
            whole = micro(charge)
            charges[row.start, row.end] = charges[row.end, row.start] = whole
        return sorted(charges.items())

    def _losses(self) -> list[tuple[Pair, int]]:
        losses: dict[Pair, int] = {}
        for row in self.distances:
            if ppm := round(row.loss * MILLION):
                losses[row.start, row.end] = losses[row.end, row.start] = ppm
        return sorted(losses.items())


class TimedNetworkSettings(NetworkSettings):
    """A network whose limits change with time: CSV files of what the network operator allows, in place of the fixed
    envelopes and lines while a row of them holds."""

    envelopes_file: Path | None = None
    lines_file: Path | None = None

    @field_validator("envelopes_file", "lines_file")
    @classmethod
    def _beside_the_configuration(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return None if value is None else Path((info.context or {}).get("directory", Path())) / value

    def limits(self, members: Iterable[str]) -> LimitFiles:
        """The limits by time for these members.

        Raises: LimitFileError, OSError when a file cannot be used.
        """
        return LimitFiles(
            envelopes=self.envelopes_file,
            lines=self.lines_file,
            fixed=Fixed(
                meters=frozenset(members),
                envelopes={e.meter: PowerLimits(e.export_limit_w, e.import_limit_w) for e in self.envelopes},
                lines={(line.start, line.end): line.capacity_w for line in self.lines},
            ),
        )

    def file_problem(self, members: Iterable[str]) -> str | None:
        """What is wrong with the files, None when nothing is."""
        ends = Counter((line.start, line.end) for line in self.lines)
        parallel = next((pair for pair, count in ends.items() if count > 1), None)
        if self.lines_file is not None and parallel is not None:
            return f"lines_file cannot tell the lines from {parallel[0]} to {parallel[1]} apart: make them one"
        try:
            self.limits(members)
        except OSError as error:
            return f"{error.filename} cannot be read: {error.strerror or error}: give an existing file"
        except LimitFileError as error:
            return str(error)
        return None


class PremiumSettings(Table):
    """What a member adds to its bids for energy of at least a quality, or from the meter of a seller."""

    of: Id
    premium_per_kwh: Charge


class PreferenceSettings(Table):
    """What a member sells and wants to buy; `partners` are the only meters it buys from, all when it is left out."""

    quality: Quality = "grey"
    min_quality: Quality = "any"
    partners: tuple[Id, ...] | None = Field(default=None, max_length=NAMED_MAX)
    premiums: tuple[PremiumSettings, ...] = Field(default=(), max_length=NAMED_MAX)

    def preference_row(self) -> dict[str, Any] | None:
        """The preferences as the market reads them, None where all energy is alike."""
        if (
            self.partners is None
            and not self.premiums
            and QUALITIES[self.quality] == QUALITIES[self.min_quality] == 0
        ):
            return None
        return {
            "quality": self.quality,
            "min_quality": self.min_quality,
            "partners": None if self.partners is None else sorted(self.partners),
            "premiums": {premium.of: micro(premium.premium_per_kwh) for premium in self.premiums},
        }
