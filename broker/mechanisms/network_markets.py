"""Markets of the catalogue that know the network or what members prefer, and those cleared in rounds of messages."""

from broker.clearing import network_charges, operating_envelope, preference, zonal
from broker.mechanisms.mechanism import Mechanism

NETWORK_MARKETS = (
    Mechanism(
        name="operating_envelope",
        title="Uniform price inside operating envelopes",
        clear=operating_envelope.clear,
        budget_balance="strong",
        individual_rationality="yes",
        truthfulness="as the uniform price",
        welfare="maximal inside the export and import limits",
        source="ARENA & DEIP 2022, Dynamic Operating Envelopes; Liu et al. 2021, doi:10.1109/TSG.2021.3138367",
        complexity="O(n log n)",
        assumes="limits per connection point in [network]",
        fallback="without limits the uniform price",
    ),
    Mechanism(
        name="zonal_uniform_price",
        title="Zonal uniform prices",
        clear=zonal.clear,
        budget_balance="weak: the congestion rent goes to the community account",
        individual_rationality="yes",
        truthfulness="as the uniform price, zone by zone",
        welfare="maximal inside the line limits",
        source="Schweppe et al. 1988, doi:10.1007/978-1-4613-1683-1",
        complexity="O(n log n) and a few maximum flows on the zones",
        assumes="zones and lines in [network]; a transport network",
        fallback="without zones the uniform price; participants without a zone do not trade",
    ),
    Mechanism(
        name="network_charges",
        title="Bilateral trade with network charges",
        clear=network_charges.clear,
        budget_balance="weak: the charges go to the community account",
        individual_rationality="yes",
        truthfulness="as the uniform price, place by place",
        welfare="maximal after charges",
        source="Baroche et al. 2019, doi:10.1109/TPWRS.2019.2900533",
        complexity="O(n log n) and a few maximum flows on the zones",
        assumes="zones and charges in [network]",
        fallback="without charges the uniform price; participants without a zone do not trade",
    ),
    Mechanism(
        name="preference_matching",
        title="Matching by quality, partner and premium",
        clear=preference.clear,
        budget_balance="strong",
        individual_rationality="yes, premiums included",
        truthfulness="as the uniform price, product by product",
        welfare="maximal under the stated preferences",
        source="Zade et al. 2022, doi:10.1016/j.apenergy.2021.118004; Shapley & Shubik 1971, doi:10.1007/BF01753437",
        complexity="O(n log n) and a few maximum flows on the classes of preferences",
        assumes="qualities, partners and premiums of members; without them all energy is alike",
        fallback="none needed",
    ),
)
