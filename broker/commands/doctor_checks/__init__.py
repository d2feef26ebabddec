"""The checks of `community-broker doctor`: one small function each, over one community."""
