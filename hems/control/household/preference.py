"""What plans are made for beside money: energy of one's own and of the community before that of the grid.

`green` counts a kWh from the grid as 0.10 dearer than it is. In a community the price that a home expects climbs from
feed-in to retail with the probability that the community is short and its next kWh comes from outside, so that
probability carries the 0.10: energy of a neighbour's roof counts as what it costs. `local` in addition counts
a kWh that leaves the community as worth 0.10 less, though never below nothing: own generation is not thrown away.
Money is settled as ever; the 0.10 is what a household is ready to pay for it.
"""

from dataclasses import replace

import numpy as np

from hems.control.household.settings import Objective
from hems.planning.outlook import Outlook

PREFERENCE_PER_KWH = 0.10  # in the currency of the tariff


def preferred(outlook: Outlook, objective: Objective) -> Outlook:
    """The outlook with outside prices as the household weighs them; orders stay within the real ones."""
    if objective == "cheap":
        return outlook
    retail = outlook.retail_per_kwh + PREFERENCE_PER_KWH
    if objective == "green":
        return replace(outlook, retail_per_kwh=retail)
    feed_in = outlook.feed_in_per_kwh
    weighed = np.maximum(feed_in - PREFERENCE_PER_KWH, np.minimum(feed_in, 0.0))
    return replace(outlook, retail_per_kwh=retail, feed_in_per_kwh=weighed)


def preference_words(objective: Objective) -> str:
    """What a reason says about the preference behind its price."""
    if objective == "cheap":
        return ""
    wanted = "green energy" if objective == "green" else "energy of your community"
    return f" You prefer {wanted}: a kWh from the grid counts {PREFERENCE_PER_KWH:.2f} dearer than it is."
