"""The dashboard of all members and homes of a community: the fleet."""
