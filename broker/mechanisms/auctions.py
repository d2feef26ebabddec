"""The auctions and matchings of the catalogue."""

from broker.clearing import uniform
from broker.mechanisms.mechanism import Mechanism

AUCTIONS = (
    Mechanism(
        name="uniform_price_k_double_auction",
        title="Uniform-price k-double auction",
        clear=uniform.clear,
        budget_balance="strong",
        individual_rationality="yes",
        truthfulness="in the limit of many participants (buyers at k=0, sellers at k=1)",
        welfare="maximal for the stated prices",
        source="Satterthwaite & Williams 1989, doi:10.1016/0022-0531(89)90117-9",
        complexity="O(n log n)",
    ),
)
