"""The data sets of the forecast benchmark: what is in them, whose they are, and which weeks are tested."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hems.forecasting.series import Kind

SHIPPED = Path(__file__).parents[1] / "twin" / "data"
SUM_NAME = "sum of the homes"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """One target of one file. `reference` is (naive nMAE, naive pinball, trees nMAE, trees pinball) as an
    independent bench measured them with untuned boosted trees.

    It does not say which weeks it tested: its skill is comparable with ours, its kW are not.
    """

    name: str
    file: str
    target: str
    kind: Kind
    timezone: str
    starts: tuple[date, ...]
    licence: str
    reference: tuple[float, float, float, float]
    is_sum: bool = False

    @property
    def reference_skills(self) -> tuple[float, float]:
        """What the untuned trees gained on the best naive model there: nMAE, pinball."""
        naive_mae, naive_pinball, mae, pinball = self.reference
        return 1 - mae / naive_mae, 1 - pinball / naive_pinball


FONTANA = "fontana_ca_load_pv_60min.csv.gz"
FONTANA_WEEKS = (date(2016, 10, 4), date(2017, 1, 10), date(2017, 4, 4), date(2017, 7, 3))
FONTANA_LICENCE = "CityLearn Challenge 2022 (MIT), homes studied by EPRI; shipped, see twin/data/SOURCES.md"
LOS_ANGELES = "America/Los_Angeles"

SETS = (
    DataSet(
        name="10 homes, California, 60 min",
        file=FONTANA,
        target="load_kw",
        kind="load",
        timezone=LOS_ANGELES,
        starts=FONTANA_WEEKS,
        licence=FONTANA_LICENCE,
        reference=(0.581, 0.240, 0.501, 0.193),
    ),
    DataSet(
        name="sum of the 10 homes",
        file=FONTANA,
        target="load_kw",
        kind="load",
        timezone=LOS_ANGELES,
        starts=FONTANA_WEEKS,
        licence=FONTANA_LICENCE,
        reference=(0.243, 0.940, 0.222, 0.835),
        is_sum=True,
    ),
    DataSet(
        name="PV, 10 homes, California, 60 min",
        file=FONTANA,
        target="pv_kw",
        kind="pv",
        timezone=LOS_ANGELES,
        starts=FONTANA_WEEKS,
        licence=FONTANA_LICENCE,
        reference=(0.190, 0.055, 0.192, 0.048),
    ),
    DataSet(
        name="6 homes, New South Wales, 30 min",
        file="nsw_au_load_30min.csv.gz",
        target="load_kw",
        kind="load",
        timezone="Australia/Sydney",
        starts=(date(2013, 1, 15), date(2013, 4, 16), date(2013, 7, 16), date(2013, 10, 15)),
        licence=(
            "Smart-Grid Smart-City Customer Trial, Australian Government, Department of the Environment and Energy "
            "(Ausgrid consortium), CC BY 3.0 AU; not shipped"
        ),
        reference=(0.916, 0.124, 0.677, 0.098),
    ),
    DataSet(
        name="1 home, Germany, 60 min",
        file="konstanz_de_submetered_60min.csv.gz",
        target="load_kw",
        kind="load",
        timezone="Europe/Berlin",
        starts=(date(2016, 3, 1), date(2016, 6, 7), date(2016, 10, 4), date(2017, 1, 3)),
        licence="Open Power System Data, Household Data; ISC Konstanz, CoSSMic project, CC BY 4.0; not shipped",
        reference=(0.420, 0.112, 0.365, 0.095),
    ),
)


def chosen(paths: Sequence[Path]) -> list[tuple[DataSet, Path]]:
    """The sets whose files are shipped or given, in the order of the table.

    Raises: SystemExit naming a file that is none of them.
    """
    given = {path.name: path for path in paths}
    unknown = [path for name, path in given.items() if name not in {one.file for one in SETS} or not path.is_file()]
    if unknown:
        known = ", ".join(sorted({one.file for one in SETS}))
        raise SystemExit(f"{unknown[0]}: not there, or not one of {known}")
    places = [(one, given.get(one.file, SHIPPED / one.file)) for one in SETS]
    return [(one, path) for one, path in places if path.is_file()]
