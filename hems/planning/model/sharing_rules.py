"""Rules between devices: charge from own generation only, no discharge to the grid, no battery energy in cars."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hems.planning.model.connection import Connection
from hems.planning.model.site_rows import Flow, SiteRows

Floats = NDArray[np.float64]


def add_sharing_rules(site: SiteRows, connection: Connection) -> None:
    """One row per slot and rule that some device asks for."""
    if site.own_charge:
        _at_most(site, site.own_charge, site.generated, np.zeros(site.slots))
    if site.own_discharge:
        # what loads and lamps give up is fed to the balance like unserved base load, and is not used on site
        _at_most(site, site.own_discharge, site.taken, site.base_kw, less=[connection.unserved, *site.given_up])
    if site.no_battery:
        _at_most(site, site.no_battery, [connection.imports, *site.supplied], np.zeros(site.slots))


def _at_most(
    site: SiteRows, limited: list[Flow], allowed: list[Flow], fixed: Floats, less: Sequence[Flow] = ()
) -> None:
    """Sum of `limited` <= `fixed` + sum of `allowed` - sum of `less`, per slot."""
    rows = site.model.rows(site.slots, upper=fixed)
    for flows, sign in ((limited, 1.0), (allowed, -1.0), (less, 1.0)):
        for flow in flows:
            site.model.entries(rows[flow.slots], flow.columns, sign * flow.kw_per_unit)
