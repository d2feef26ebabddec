"""What is agreed beside the auctions: forward contracts between members, and the operator's calls."""
