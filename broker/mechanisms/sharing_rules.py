"""The sharing rules of the catalogue: what is done with metered energy after delivery."""

from broker.mechanisms.mechanism import Mechanism
from broker.sharing import mid_market

SHARING_RULES = (
    Mechanism(
        name="mid_market_rate",
        title="Mid-market rate",
        share=mid_market.share,
        budget_balance="strong",
        individual_rationality="yes",
        truthfulness="no orders: only metered energy counts",
        welfare="none: it divides what happened",
        source="Long et al. 2017, doi:10.1109/PESGM.2017.8274546",
        complexity="O(n)",
        assumes="feed-in not above retail",
        fallback="every member settles outside",
    ),
)
