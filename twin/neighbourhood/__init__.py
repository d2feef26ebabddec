"""What a community's market may know beside the orders: its network, and what its members prefer."""
